/**
 * A study: several methods, each with and without an addition, over several seeds, each run through
 * the stages, and the table and the picture of what came out.
 */
package org.unlearn4j.study;
