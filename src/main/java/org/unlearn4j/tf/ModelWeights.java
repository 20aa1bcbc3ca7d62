package org.unlearn4j.tf;

import java.util.List;
import java.util.Optional;
import org.tensorflow.op.Ops;

/**
 * The weights of a graph's model.
 *
 * @param variables all parameters of the decoder
 * @param adapter what is added to its linear maps
 * @param prompt vectors before every row
 */
public record ModelWeights(
    Variables variables, Optional<AdapterWeights> adapter, Optional<SoftVectors> prompt) {

  /** Weights without a prompt. */
  public ModelWeights(Variables variables, Optional<AdapterWeights> adapter) {
    this(variables, adapter, Optional.empty());
  }

  /** Weights without adapters. */
  public static ModelWeights of(Variables variables) {
    return new ModelWeights(variables, Optional.empty());
  }

  /** The same on further devices. */
  public void copiedBy(List<ModelWeights> others) {
    variables.copiedBy(others.stream().map(ModelWeights::variables).toList());
    adapter.ifPresent(a -> a.copiedBy(others.stream().map(o -> o.adapter.orElseThrow()).toList()));
  }

  /** An emitter of the model with these weights over one batch. */
  public TensorFlowEmitter emitter(Ops tf, TfInputs inputs, Precision precision) {
    TensorFlowEmitter emitter = new TensorFlowEmitter(tf, variables, inputs, precision);
    adapter.ifPresent(emitter::adapting);
    prompt.ifPresent(emitter::prompted);
    return emitter;
  }
}
