/** Safetensors: memory-mapped reading, sharded or not, and atomic writing. */
package org.unlearn4j.weights;
