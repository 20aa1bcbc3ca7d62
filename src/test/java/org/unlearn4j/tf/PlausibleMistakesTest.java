package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.AssertionFailedError;
import org.unlearn4j.fixtures.Computations;
import org.unlearn4j.fixtures.DelegatingEmitter;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.fixtures.ForwardChecks;
import org.unlearn4j.nn.Activation;
import org.unlearn4j.nn.Attention;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.Emitter;
import org.unlearn4j.nn.Hidden;
import org.unlearn4j.nn.Linear;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Norm;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.SafeTensors;

/**
 * Negative controls of the families: a decoder with one word said wrongly, on the right weights,
 * must miss the very assertion that the right one passes. (The cap after the mask and the
 * neighbour-pair rope have tests of their own.)
 */
class PlausibleMistakesTest {

  private enum Mistake {
    /** Gate and up projections change places. */
    GATE_AND_UP,
    /** The halves of a fused gate-up matrix change places. */
    FUSED_HALVES,
    /** A position sees one more than the window. */
    WINDOW_TOO_WIDE,
    /** A position sees one less than the window. */
    WINDOW_TOO_NARROW,
    /** The window is on no layer. */
    NO_WINDOW,
    /** The error function instead of its tanh approximation, or the other way round. */
    OTHER_GELU,
    /** One norm over all heads where each head has its own. */
    NORM_BEFORE_THE_SPLIT,
    /** A norm a head where there is one over all. */
    NORM_AFTER_THE_SPLIT,
    /** All queries, all keys, all values where rows are grouped by head. */
    UNGROUPED_ROWS,
    /** Scores scaled by the head size whatever the configuration says. */
    USUAL_SCALE,
    /** Embeddings as they are in the table. */
    UNSCALED_EMBEDDINGS,
    /** The gain as it is stored. */
    GAIN_LESS_ONE
  }

  @ParameterizedTest
  @CsvSource({
    "llama, GATE_AND_UP",
    "mistral, GATE_AND_UP",
    "qwen2, GATE_AND_UP",
    "gemma, GATE_AND_UP",
    "phi3, FUSED_HALVES",
    "gemma2, WINDOW_TOO_WIDE",
    "gemma2, WINDOW_TOO_NARROW",
    "gemma2, NO_WINDOW",
    "gemma2, USUAL_SCALE",
    "gemma, UNSCALED_EMBEDDINGS",
    "gemma2, GAIN_LESS_ONE",
    "gemma, OTHER_GELU",
    "gemma2, OTHER_GELU",
    "gpt2, OTHER_GELU",
    "phi, OTHER_GELU",
    "gpt_neox, OTHER_GELU",
    "qwen3, NORM_BEFORE_THE_SPLIT",
    "olmo2, NORM_AFTER_THE_SPLIT",
    "gpt_neox, UNGROUPED_ROWS"
  })
  void missesTheTolerance(String name, Mistake mistake) {
    Fixture fixture = Fixture.named(name);
    Decoder right = Decoder.of(ModelConfig.read(fixture.folder()));
    try (SafeTensors weights = SafeTensors.open(fixture.folder());
        TensorFlowModel model =
            TensorFlowModel.of(
                new Mistaken(right, mistake), derived(weights::floats), Computations.FP32)) {
      AssertionFailedError miss =
          assertThrows(AssertionFailedError.class, () -> ForwardChecks.logits(fixture, model, 0));
      // A window of five is first noticed where more than five positions are to be seen.
      assertTrue(
          !mistake.name().contains("WINDOW") || !miss.getMessage().startsWith("logits[0][3]"),
          miss.getMessage());
    }
  }

  private record Mistaken(Decoder right, Mistake mistake) implements Decoder {
    @Override
    public ModelConfig config() {
      return right.config();
    }

    @Override
    public <T> Hidden<T> hidden(Emitter<T> e, T ids) {
      return right.hidden(new Slip<>(e, mistake), ids);
    }

    @Override
    public <T> T head(Emitter<T> e, T hidden) {
      return right.head(e, hidden);
    }
  }

  private static final class Slip<T> extends DelegatingEmitter<T> {
    private final Mistake mistake;

    Slip(Emitter<T> to, Mistake mistake) {
      super(to);
      this.mistake = mistake;
    }

    @Override
    public T linear(T x, Linear l) {
      String name = l.weight().name();
      String other =
          name.contains("gate_proj")
              ? name.replace("gate_proj", "up_proj")
              : name.replace("up_proj", "gate_proj");
      boolean swapped = mistake == Mistake.GATE_AND_UP && !other.equals(name);
      return super.linear(x, swapped ? matrix(other, l.out(), l.in()) : l);
    }

    @Override
    public List<T> split(T x, int... sizes) {
      List<T> parts = super.split(x, sizes);
      return mistake == Mistake.FUSED_HALVES && sizes.length == 2
          ? List.of(parts.get(1), parts.get(0))
          : parts;
    }

    @Override
    public List<T> splitHeads(T x, int heads, int... sizes) {
      return mistake == Mistake.UNGROUPED_ROWS
          ? super.split(x, Arrays.stream(sizes).map(s -> heads * s).toArray())
          : super.splitHeads(x, heads, sizes);
    }

    @Override
    public T attention(T q, T k, T v, Attention a) {
      int change =
          switch (mistake) {
            case WINDOW_TOO_WIDE -> 1;
            case WINDOW_TOO_NARROW -> -1;
            case NO_WINDOW -> 1000;
            default -> 0;
          };
      OptionalInt window =
          a.window().isPresent() ? OptionalInt.of(a.window().getAsInt() + change) : a.window();
      double scale = mistake == Mistake.USUAL_SCALE ? 1 / Math.sqrt(a.headDim()) : a.scale();
      Attention wrong =
          new Attention(a.layer(), a.heads(), a.kvHeads(), a.headDim(), scale, a.softcap(), window);
      return super.attention(q, k, v, wrong);
    }

    @Override
    public T activation(T x, Activation f) {
      Activation other = f == Activation.GELU ? Activation.GELU_TANH : Activation.GELU;
      return super.activation(x, mistake == Mistake.OTHER_GELU ? other : f);
    }

    @Override
    public T scale(T x, double factor) {
      return mistake == Mistake.UNSCALED_EMBEDDINGS ? x : super.scale(x, factor);
    }

    @Override
    public T headNorm(T x, int heads, Norm norm) {
      if (mistake != Mistake.NORM_BEFORE_THE_SPLIT) {
        return super.headNorm(x, heads, norm);
      }
      return super.rmsNorm(
          x, gain(norm.weight().name() + ".made.tiled", heads * norm.size(), norm));
    }

    @Override
    public T rmsNorm(T x, Norm norm) {
      String name = norm.weight().name();
      if (mistake == Mistake.GAIN_LESS_ONE) {
        return super.rmsNorm(x, new Norm(norm.weight(), Optional.empty(), norm.epsilon(), false));
      }
      if (mistake == Mistake.NORM_AFTER_THE_SPLIT && name.matches(".*[qk]_norm.weight")) {
        int headDim = 8;
        Norm plain = gain(name + ".made.ones", headDim, norm);
        T alone = super.headNorm(x, norm.size() / headDim, plain);
        return super.linear(alone, matrix(name + ".made.diagonal", norm.size(), norm.size()));
      }
      return super.rmsNorm(x, norm);
    }

    private static Norm gain(String name, int size, Norm like) {
      Parameter weight = Parameter.vector(name, size, Parameter.Init.ONES);
      return new Norm(weight, Optional.empty(), like.epsilon(), false);
    }

    private static Linear matrix(String name, int out, int in) {
      return new Linear(Parameter.matrix(name, out, in), Optional.empty(), false);
    }
  }

  /** Weights of the checkpoint, and those that a mistake makes of them. */
  private static Function<Parameter, FloatBuffer> derived(Function<String, float[]> stored) {
    return p -> {
      String[] name = p.name().split("\\.made\\.", -1);
      float[] values = stored.apply(name[0]);
      float[] made = new float[Math.toIntExact(p.size())];
      switch (name.length == 1 ? "" : name[1]) {
        case "tiled" -> {
          for (int i = 0; i < made.length; i++) {
            made[i] = values[i % values.length];
          }
        }
        case "ones" -> Arrays.fill(made, 1);
        case "diagonal" -> {
          for (int i = 0; i < values.length; i++) {
            made[i * values.length + i] = values[i];
          }
        }
        default -> made = values;
      }
      return FloatBuffer.wrap(made);
    };
  }
}
