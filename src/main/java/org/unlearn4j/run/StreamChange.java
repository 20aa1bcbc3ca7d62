package org.unlearn4j.run;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.eval.FeatureMap;
import org.unlearn4j.eval.Progress;
import org.unlearn4j.eval.SwitchProbe;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.surgery.Directions;
import org.unlearn4j.surgery.SecondMoments;
import org.unlearn4j.surgery.Spectrum;
import org.unlearn4j.surgery.Subspace;
import org.unlearn4j.tf.TensorFlowModel;

/**
 * How the residual stream of a model was changed, layer by layer, at the positions that predict
 * answers. Looks at so few layers at a time that the moments stay bounded.
 *
 * @param before the model before the change
 * @param after the same shape
 * @param rank directions of each subspace
 */
record StreamChange(
    TensorFlowModel before,
    TensorFlowModel after,
    List<TokenRow> forget,
    List<TokenRow> retain,
    int tokenBudget,
    int rank) {
  /** Bytes of moments in the heap, unless those of one layer take more. */
  private static final long MOST = 512L << 20;

  /** Second moments of one layer. */
  private record Layer(
      SecondMoments change,
      SecondMoments forgetBefore,
      SecondMoments forgetAfter,
      SecondMoments retainBefore,
      SecondMoments retainAfter) {
    static final int MATRICES = 5;

    static Layer of(int width) {
      return new Layer(
          new SecondMoments(width),
          new SecondMoments(width),
          new SecondMoments(width),
          new SecondMoments(width),
          new SecondMoments(width));
    }
  }

  /**
   * Measures it.
   *
   * @param to gets an object a layer
   * @throws MachineException if the stream is no longer one of numbers
   */
  void measure(ArrayNode to) {
    int layers = before.shape().layers() + 1;
    int width = before.shape().hiddenSize();
    Map<String, Double> forgetAuc = auc(forget);
    Map<String, Double> retainAuc = auc(retain);
    List<String> names = List.copyOf(forgetAuc.keySet());
    long each = (long) Layer.MATRICES * width * width * Double.BYTES;
    int together = (int) Math.max(1, Math.min(layers, MOST / each));
    for (int first = 0; first < layers; first += together) {
      List<Integer> portion = new ArrayList<>();
      List<Layer> moments = new ArrayList<>();
      for (int l = first; l < Math.min(layers, first + together); l++) {
        portion.add(l);
        moments.add(Layer.of(width));
      }
      look(portion, moments);
      for (int i = 0; i < portion.size(); i++) {
        String name = names.get(portion.get(i));
        ObjectNode node = to.addObject().put("layer", name);
        try {
          put(node, moments.get(i), width);
        } catch (IllegalArgumentException e) {
          throw new MachineException(
              "spectrum: found "
                  + e.getMessage()
                  + " of features at layer "
                  + name
                  + ", expected finite ones greater than 0.",
              e);
        }
        SpectrumStage.put(node, "probe_forget", forgetAuc.get(name));
        SpectrumStage.put(node, "probe_retain", retainAuc.get(name));
      }
    }
  }

  private Map<String, Double> auc(List<TokenRow> rows) {
    return SwitchProbe.auc(
        FeatureMap.measure(before, rows, tokenBudget, Progress.NONE),
        FeatureMap.measure(after, rows, tokenBudget, Progress.NONE));
  }

  private void look(List<Integer> portion, List<Layer> moments) {
    int done = 0;
    try (ProgressBar bar = ProgressBar.named("stream")) {
      for (boolean forgotten : List.of(true, false)) {
        List<TokenRow> rows = forgotten ? forget : retain;
        for (int[] batch : before.batches(rows, tokenBudget)) {
          List<TokenRow> some = Arrays.stream(batch).mapToObj(rows::get).toList();
          float[][][] were = before.states(some, portion);
          float[][][] are = after.states(some, portion);
          for (int i = 0; i < were.length; i++) {
            add(moments.get(i), forgotten, were[i], are[i]);
          }
          done += batch.length;
          bar.update(done, forget.size() + retain.size(), "");
        }
      }
    }
  }

  private static void add(Layer layer, boolean forgotten, float[][] were, float[][] are) {
    for (int t = 0; t < were.length; t++) {
      (forgotten ? layer.forgetBefore : layer.retainBefore).add(were[t]);
      (forgotten ? layer.forgetAfter : layer.retainAfter).add(are[t]);
      if (forgotten) {
        double[] change = new double[were[t].length];
        for (int i = 0; i < change.length; i++) {
          change[i] = (double) are[t][i] - were[t][i];
        }
        layer.change.add(change);
      }
    }
  }

  private void put(ObjectNode node, Layer layer, int width) {
    double[][] change = layer.change.mean();
    double[][] forgetBefore = layer.forgetBefore.mean();
    double[][] retainBefore = layer.retainBefore.mean();
    Spectrum spectrum = Spectrum.of(Subspace.of(change).energies());
    SpectrumStage.put(node, spectrum, spectrum.energy() / trace(forgetBefore));
    double[][] basis = Directions.of(forgetBefore, retainBefore, rank).basis();
    double[] shares = Directions.shares(basis, change);
    SpectrumStage.put(node, "inside_forget_directions", shares[shares.length - 1]);
    node.put("inside_by_chance", (double) basis.length / width);
    angles(node.putArray("angles_before"), forgetBefore, retainBefore);
    angles(node.putArray("angles_after"), layer.forgetAfter.mean(), layer.retainAfter.mean());
  }

  private void angles(ArrayNode to, double[][] forgetMoments, double[][] retainMoments) {
    double[][] a = Subspace.of(forgetMoments).top(rank);
    double[][] b = Subspace.of(retainMoments).top(rank);
    Arrays.stream(Subspace.angles(a, b)).forEach(to::add);
  }

  private static double trace(double[][] a) {
    double trace = 0;
    for (int i = 0; i < a.length; i++) {
      trace += a[i][i];
    }
    return trace;
  }
}
