/** Unlearn4J: delete knowledge from a language model and ship an ONNX file with the proof. */
package org.unlearn4j;
