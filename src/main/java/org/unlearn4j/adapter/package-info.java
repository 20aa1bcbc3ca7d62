/**
 * Low-rank adapters with values: as folders of the published format (PEFT), and added to the
 * weights of the model that they adapt.
 *
 * <p>Which linear maps an adapter is for, and under which names, stands in {@link
 * org.unlearn4j.nn.Adapter}. How one learns does not belong here (that is {@code unlearn} and
 * {@code train}), nor does an adapter of ONNX Runtime (that is {@code onnx}).
 *
 * <p>May know {@code base}, {@code nn} and {@code weights}.
 */
package org.unlearn4j.adapter;
