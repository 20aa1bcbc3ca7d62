/** Weights: safetensors read and written, number formats, quantisation, deployable variants. */
package org.unlearn4j.weights;
