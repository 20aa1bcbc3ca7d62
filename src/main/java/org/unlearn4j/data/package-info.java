/**
 * Question-answer examples: readers, benchmarks and their splits, and the token rows made of them.
 */
package org.unlearn4j.data;
