/**
 * The engine spark: parts of a study or an evaluation as tasks of Apache Spark. A task starts the
 * product's command line with {@code --shard}; what a part is, and that a finished one is not made
 * again, is the product's. Knows Spark and no class of the product.
 */
package org.unlearn4j.spark;
