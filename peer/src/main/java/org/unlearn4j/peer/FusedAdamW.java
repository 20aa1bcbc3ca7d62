package org.unlearn4j.peer;

import static org.bytedeco.pytorch.global.torch.linalg_vector_norm;
import static org.bytedeco.pytorch.global.torch.stack;
import static org.bytedeco.pytorch.global.torch.zeros_like;

import java.util.List;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorType;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Type;

/**
 * AdamW (Loshchilov and Hutter 2019) after clipping by the global norm, through LibTorch's kernel
 * that passes over each parameter once; the class {@code torch::optim::AdamW} makes ten passes.
 */
final class FusedAdamW {
  private static final double CLIP = 1;
  private static final double WEIGHT_DECAY = 0.01;

  private final List<Tensor> parameters;
  private final List<Tensor> first;
  private final List<Tensor> second;
  private final OperatorHandle kernel;
  private int updates;

  /** With moments of zero, which live as long as the process. */
  FusedAdamW(List<Tensor> parameters) {
    this.parameters = parameters;
    try (NoGradGuard guard = new NoGradGuard()) {
      first = parameters.stream().map(p -> zeros_like(p)).toList();
      second = parameters.stream().map(p -> zeros_like(p)).toList();
    }
    kernel = Dispatcher.singleton().findSchemaOrThrow("aten::_fused_adamw_", "");
  }

  /**
   * Updates the parameters.
   *
   * @param gradients as many as parameters, in their order
   * @return global norm before clipping
   */
  double update(TensorVector gradients, double learningRate) {
    try (NoGradGuard guard = new NoGradGuard()) {
      Tensor[] norms = new Tensor[parameters.size()];
      for (int i = 0; i < norms.length; i++) {
        norms[i] = linalg_vector_norm(gradients.get(i));
      }
      double norm = linalg_vector_norm(stack(new TensorVector(norms))).item_double();
      // The kernel divides by this scale as it goes, so clipping costs no pass of its own.
      float scale = (float) Math.max(1, (norm + 1e-6) / CLIP);
      IValueVector arguments = new IValueVector();
      arguments.push_back(list(parameters));
      arguments.push_back(list(List.of(gradients.get())));
      arguments.push_back(list(first));
      arguments.push_back(list(second));
      arguments.push_back(list(List.of()));
      Tensor count = Tensor.create((float) ++updates);
      arguments.push_back(list(parameters.stream().map(p -> count).toList()));
      arguments.push_back(new IValue(learningRate));
      arguments.push_back(new IValue(0.9));
      arguments.push_back(new IValue(0.999));
      arguments.push_back(new IValue(WEIGHT_DECAY));
      arguments.push_back(new IValue(1e-8));
      arguments.push_back(new IValue(false)); // no AMSGrad
      arguments.push_back(new IValue(false)); // downwards
      arguments.push_back(new IValue(Tensor.create(scale)));
      arguments.push_back(new IValue()); // gradients that are not finite are not looked for
      kernel.callBoxed(arguments);
      return norm;
    }
  }

  private static IValue list(List<Tensor> tensors) {
    GenericList list = new GenericList(new Type.TypePtr(TensorType.get()));
    tensors.forEach(t -> list.push_back(new IValue(t)));
    return new IValue(list);
  }
}
