/**
 * Is what was deployed what was trained? A model under TensorFlow against the exported file under
 * ONNX Runtime, on the same rows: logits, metrics, generations, and whether forgetting survived;
 * gates and the verdict.
 */
package org.unlearn4j.parity;
