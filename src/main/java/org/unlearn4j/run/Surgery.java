package org.unlearn4j.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.ProgressBar;
import org.unlearn4j.base.Spread;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Layer;
import org.unlearn4j.config.SurgerySettings;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.surgery.Cut;
import org.unlearn4j.surgery.Directions;
import org.unlearn4j.surgery.SecondMoments;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.Variables;

/**
 * Cuts what tells forget from retain rows out of a model: looks at its residual stream, finds the
 * directions, and changes the weights where they are.
 */
final class Surgery {
  /** Retain rows by which is measured how far features move. */
  private static final int MEASURED = 40;

  /** What is looked at. */
  record Rows(List<TokenRow> forget, List<TokenRow> retain, int tokenBudget) {}

  private final SurgerySettings settings;
  private final Decoder decoder;
  private final Rows rows;
  private final Cut cut;
  private final SortedMap<Integer, SecondMoments> forget = new TreeMap<>();
  private final SortedMap<Integer, SecondMoments> retain = new TreeMap<>();

  /**
   * Prepares it; to be asked for before anybody waits for a model.
   *
   * @throws UserException if the model has no such layer, or nothing there can be cut
   */
  Surgery(SurgerySettings settings, Decoder decoder, Rows rows) {
    this.settings = settings;
    this.decoder = decoder;
    this.rows = rows;
    int layers = decoder.config().layers();
    int hidden = decoder.config().hiddenSize();
    settings
        .layers()
        .map(given -> given.stream().mapToInt(l -> l.featureIndex(layers)))
        .orElseGet(() -> IntStream.rangeClosed(0, layers))
        .forEach(
            l -> {
              forget.put(l, new SecondMoments(hidden));
              retain.put(l, new SecondMoments(hidden));
            });
    cut = new Cut(decoder.streamEnds(), settings.reads(), settings.writes(), settings.strength());
    if (!cut.possible(forget.keySet())) {
      throw new UserException(
          "unlearn.surgery: found nothing that can be cut ("
              + String.join("; ", cut.fixed(forget.keySet()))
              + "), expected other layers, or both reads and writes.");
    }
  }

  /** Takes the model into account as it is, where the settings ask for it. */
  void before(TensorFlowModel model) {
    if (settings.from().before()) {
      look(model, "before");
    }
  }

  private void look(TensorFlowModel model, String when) {
    List<Integer> layers = List.copyOf(forget.keySet());
    int done = 0;
    int all = rows.forget().size() + rows.retain().size();
    try (ProgressBar bar = ProgressBar.named("stream " + when)) {
      for (boolean forgotten : List.of(true, false)) {
        List<TokenRow> set = forgotten ? rows.forget() : rows.retain();
        SortedMap<Integer, SecondMoments> moments = forgotten ? forget : retain;
        for (int[] batch : model.batches(set, rows.tokenBudget())) {
          float[][][] states = states(model, set, batch, layers);
          for (int l = 0; l < states.length; l++) {
            Arrays.stream(states[l]).forEach(moments.get(layers.get(l))::add);
          }
          done += batch.length;
          bar.update(done, all, "");
        }
      }
    }
  }

  private static float[][][] states(
      TensorFlowModel model, List<TokenRow> set, int[] batch, List<Integer> layers) {
    return model.states(Arrays.stream(batch).mapToObj(set::get).toList(), layers);
  }

  /**
   * Cuts a model, which is looked at once more where the settings ask for it.
   *
   * @param variables its weights, which change
   * @return what was done, for the record
   * @throws MachineException if the stream is no longer one of numbers
   */
  ObjectNode cut(TensorFlowModel model, Variables variables, PrintStream log) {
    if (settings.from().after()) {
      look(model, "after");
    }
    SortedMap<Integer, Directions> found = new TreeMap<>();
    SortedMap<Integer, double[][]> chosen = new TreeMap<>();
    forget.forEach((l, moments) -> found.put(l, directions(l, moments)));
    found.forEach((l, d) -> chosen.put(l, d.first(d.recommended(settings.energy()))));
    List<TokenRow> sample = Spread.of(rows.retain(), MEASURED);
    float[][][] were = stream(model, sample);
    Cut.Done done;
    try (ChangedWeights weights = new ChangedWeights(variables)) {
      done = cut.apply(chosen, weights);
    }
    List<Double> moved = moved(were, stream(model, sample));
    done.leftOut().forEach(s -> log.println("surgery: " + s + ": left as it is"));
    ObjectNode json = new ObjectMapper().createObjectNode();
    ArrayNode layers = json.putArray("layers");
    found.forEach(
        (l, d) -> {
          int rank = chosen.get(l).length;
          double[] written = Directions.shares(Cut.union(chosen, l), retain.get(l).mean());
          log.printf(
              Locale.ROOT,
              "surgery: %s: %d directions, %.1f %% of the forget rows' energy, %.2f %% of the"
                  + " retain rows', whose features move by %.1f %%%n",
              name(l),
              rank,
              100 * last(d.forget(), rank),
              100 * last(d.retain(), rank),
              100 * moved.get(l));
          ObjectNode layer = layers.addObject().put("layer", name(l)).put("rank", rank);
          put(layer, "ratios", d.ratios());
          put(layer, "forget_energy", d.forget());
          put(layer, "retain_energy", d.retain());
          layer.put("retain_energy_written", settings.writes() ? last(written, written.length) : 0);
        });
    ObjectNode drift = json.putObject("retain_features_moved");
    for (int l = 0; l < moved.size(); l++) {
      drift.put(name(l), moved.get(l));
    }
    done.read().forEach(json.putArray("read")::add);
    done.written().forEach(json.putArray("written")::add);
    done.leftOut().forEach(json.putArray("left_out")::add);
    return json;
  }

  private Directions directions(int layer, SecondMoments moments) {
    try {
      return Directions.of(moments.mean(), retain.get(layer).mean(), settings.rank());
    } catch (IllegalArgumentException e) {
      throw new MachineException(
          "surgery: found "
              + e.getMessage()
              + " of features at "
              + name(layer)
              + ", expected finite ones"
              + " greater than 0.",
          e);
    }
  }

  private static double last(double[] shares, int rank) {
    return rank == 0 ? 0 : shares[rank - 1];
  }

  private static void put(ObjectNode node, String key, double[] values) {
    Arrays.stream(values).forEach(node.putArray(key)::add);
  }

  private String name(int layer) {
    return Layer.at(layer, decoder.config().layers()).spelling();
  }

  /** The whole stream of some rows, {@code [layers + 1][labelled][hidden]}. */
  private float[][][] stream(TensorFlowModel model, List<TokenRow> some) {
    List<Integer> all = IntStream.rangeClosed(0, decoder.config().layers()).boxed().toList();
    List<List<float[]>> states = new ArrayList<>();
    all.forEach(l -> states.add(new ArrayList<>()));
    for (int[] batch : model.batches(some, rows.tokenBudget())) {
      float[][][] part = states(model, some, batch, all);
      all.forEach(l -> states.get(l).addAll(List.of(part[l])));
    }
    return states.stream().map(s -> s.toArray(float[][]::new)).toArray(float[][][]::new);
  }

  /** Root of the mean square by which vectors moved, over that of their lengths, by layer. */
  private static List<Double> moved(float[][][] from, float[][][] to) {
    List<Double> moved = new ArrayList<>();
    for (int l = 0; l < from.length; l++) {
      double way = 0;
      double length = 0;
      for (int t = 0; t < from[l].length; t++) {
        for (int i = 0; i < from[l][t].length; i++) {
          way += Math.pow((double) to[l][t][i] - from[l][t][i], 2);
          length += Math.pow(from[l][t][i], 2);
        }
      }
      moved.add(Math.sqrt(way / length));
    }
    return moved;
  }
}
