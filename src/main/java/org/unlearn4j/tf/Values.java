package org.unlearn4j.tf;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tensorflow.Result;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.unlearn4j.nn.Parameter;

/**
 * Present values of a set of variables. They are fetched portion by portion and one portion is held
 * at a time, so that parameters are best asked for in their order. Close it before the next step:
 * an update copies what is still held here.
 */
public final class Values implements AutoCloseable {
  private final List<List<Parameter>> portions;
  private final Function<List<Parameter>, Result> fetch;
  private List<Parameter> held = List.of();
  private Result result;

  /**
   * Values that are fetched when they are asked for.
   *
   * @param fetch the values of a portion, in its order
   */
  Values(List<List<Parameter>> portions, Function<List<Parameter>, Result> fetch) {
    this.portions = portions;
    this.fetch = fetch;
  }

  /** Hands out the value of one variable in pieces, in their order. */
  public void read(Parameter p, Consumer<FloatBuffer> pieces) {
    FloatDataBuffer from = tensor(p).asRawTensor().data().asFloats();
    float[] piece = new float[(int) Math.min(Variables.PIECE, p.size())];
    for (long at = 0; at < p.size(); at += piece.length) {
      int n = (int) Math.min(piece.length, p.size() - at);
      from.offset(at).read(piece, 0, n);
      pieces.accept(FloatBuffer.wrap(piece, 0, n));
    }
  }

  /** The value of one variable. */
  public FloatBuffer of(Parameter p) {
    return FloatBuffer.wrap(TfTensors.floats(tensor(p)));
  }

  /** One variable, which is good until another one is asked for. */
  private Tensor tensor(Parameter p) {
    if (!held.contains(p)) {
      close();
      List<Parameter> portion =
          portions.stream()
              .filter(list -> list.contains(p))
              .findFirst()
              .orElseThrow(
                  () -> new IllegalArgumentException("no variable for parameter " + p.name()));
      result = fetch.apply(portion);
      held = portion;
    }
    return result.get(held.indexOf(p));
  }

  @Override
  public void close() {
    if (result != null) {
      result.close();
      result = null;
      held = List.of();
    }
  }
}
