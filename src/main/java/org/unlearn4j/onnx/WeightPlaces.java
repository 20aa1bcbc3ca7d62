package org.unlearn4j.onnx;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.weights.SafeTensors;

/**
 * Finds a model's parameters in a file: by their names where the file has these, else by their
 * values, of which a sample is compared. Rounding to two bits leaves a weight much nearer to itself
 * than to any other. A weight that an exporter has turned, or put beside others in one matrix, is
 * found as well.
 */
final class WeightPlaces {
  /**
   * Squared distance to a sample over its squared size, at most: 2 bits leave about 0.1, another
   * weight of the same size is at 2, nothing at all at 1.
   */
  private static final double NEAR = 0.5;

  private static final int SAMPLE_ROWS = 8;
  private static final int SAMPLE_COLUMNS = 16;
  private static final String CODES = ".codes";

  private final SafeTensors weights;
  private final OwnHead model;
  private final Set<String> inOut;
  private final TensorReader reader;
  private final Map<Parameter, Placed> places = new LinkedHashMap<>();
  private final Map<StoredWeight, Map<Integer, float[]>> sampled = new HashMap<>();
  private final Set<Parameter> open;

  private WeightPlaces(OwnHead model, Set<String> inOut, SafeTensors weights, TensorReader reader) {
    this.model = model;
    this.inOut = inOut;
    this.weights = weights;
    this.reader = reader;
    this.open = new LinkedHashSet<>(model.parameters());
  }

  /**
   * Where they are; those that are not found are not in it.
   *
   * @param inOut names of matrices that the checkpoint stores {@code [in, out]}
   */
  static List<Placed> find(
      OwnHead model,
      Set<String> inOut,
      SafeTensors weights,
      List<StoredWeight> stored,
      TensorReader reader) {
    WeightPlaces places = new WeightPlaces(model, inOut, weights, reader);
    List<StoredWeight> left = new ArrayList<>();
    for (StoredWeight s : stored) {
      places.named(s).ifPresentOrElse(places::put, () -> left.add(s));
    }
    List<StoredWeight> joined = new ArrayList<>();
    for (StoredWeight s : left) {
      places.nearest(s).ifPresentOrElse(places::put, () -> joined.add(s));
    }
    joined.forEach(places::besides);
    places.sameForHead(stored);
    return List.copyOf(places.places.values());
  }

  private void put(Placed p) {
    places.put(p.parameter(), p);
    open.remove(p.parameter());
  }

  /** A table and a head of one shape are told apart by what reads them. */
  private boolean allowed(Parameter p, StoredWeight s) {
    return model.table().equals(model.head())
        || !p.equals(s.gathered() ? model.head() : model.table());
  }

  private Optional<Placed> named(StoredWeight s) {
    String name =
        s.coded() && s.name().endsWith(CODES)
            ? s.name().substring(0, s.name().length() - CODES.length())
            : s.name();
    return open.stream()
        .filter(p -> trained(p).equals(name) && allowed(p, s))
        .flatMap(p -> fits(p, s).stream())
        .findFirst();
  }

  private String trained(Parameter p) {
    return model.stored(p);
  }

  /** Whole and unturned before turned; both where a matrix is square. */
  private List<Placed> fits(Parameter p, StoredWeight s) {
    List<Placed> fits = new ArrayList<>();
    int rows = Placed.rows(p);
    int columns = Placed.columns(p);
    if (s.rows() == rows && s.columns() == columns) {
      fits.add(new Placed(p, trained(p), s, false, 0, 0, false));
    }
    if (p.shape().size() == 2 && s.rows() == columns && s.columns() == rows) {
      Placed turned = new Placed(p, trained(p), s, true, 0, 0, false);
      // Codes of ours are rows of outputs whatever the layout of the checkpoint.
      fits.add(
          s.name().equals(trained(p) + CODES) && inOut.contains(p.name()) ? 0 : fits.size(),
          turned);
    }
    if (p.shape().size() == 1 && !fits.isEmpty()) {
      fits.add(new Placed(p, trained(p), s, false, 0, 0, true));
    }
    return fits;
  }

  private Optional<Placed> nearest(StoredWeight s) {
    Placed best = null;
    double least = NEAR;
    for (Parameter p : open) {
      if (!allowed(p, s)) {
        continue;
      }
      for (Placed candidate : fits(p, s)) {
        double distance = distance(candidate);
        if (distance < least) {
          least = distance;
          best = candidate;
        }
      }
    }
    return Optional.ofNullable(best);
  }

  /** Several parameters side by side, in whatever order: {@code q, k, v} as one matrix. */
  private void besides(StoredWeight s) {
    List<Placed> parts = new ArrayList<>();
    boolean vector = s.rows() == 1;
    for (boolean turned : vector ? new boolean[] {true} : new boolean[] {false, true}) {
      parts.clear();
      int length = turned ? s.columns() : s.rows();
      int at = 0;
      for (boolean more = true; more && at < length; ) {
        more = false;
        Placed next = next(s, turned, at, parts);
        if (next != null) {
          parts.add(next);
          int size = Placed.rows(next.parameter());
          at += vector ? Placed.columns(next.parameter()) : size;
          more = true;
        }
      }
      if (at == length) {
        parts.forEach(this::put);
        return;
      }
    }
  }

  private Placed next(StoredWeight s, boolean turned, int at, List<Placed> taken) {
    Placed best = null;
    double least = NEAR;
    boolean vector = s.rows() == 1;
    for (Parameter p : open) {
      boolean fits =
          vector
              ? p.shape().size() == 1 && at + p.dim(0) <= s.columns()
              : p.shape().size() == 2
                  && (turned ? s.rows() : s.columns()) == Placed.columns(p)
                  && at + p.dim(0) <= (turned ? s.columns() : s.rows());
      if (!fits || taken.stream().anyMatch(t -> t.parameter().equals(p))) {
        continue;
      }
      boolean across = !vector && turned;
      Placed candidate =
          new Placed(p, trained(p), s, across, turned ? 0 : at, turned ? at : 0, false);
      double distance = distance(candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return best;
  }

  /** A head that nobody stores by itself is the token table, read by a product as well. */
  private void sameForHead(List<StoredWeight> stored) {
    Placed rows = places.get(model.table());
    if (!model.tied() || rows == null || !open.contains(model.head())) {
      return;
    }
    stored.stream()
        .filter(s -> !s.gathered() && s.name().equals(rows.stored().name()))
        .findFirst()
        .ifPresent(
            s ->
                put(
                    new Placed(
                        model.head(), trained(model.head()), s, rows.turned(), 0, 0, false)));
  }

  /** Squared distance of a sample over its squared size; 0 for what is equal. */
  private double distance(Placed p) {
    double apart = 0;
    double size = Float.MIN_NORMAL;
    int rows = p.storedRows();
    int columns = p.storedColumns();
    int down = Math.min(rows, SAMPLE_ROWS);
    int across = rows == 1 ? columns : Math.min(columns, SAMPLE_COLUMNS);
    FloatBuffer one = FloatBuffer.allocate(1);
    for (int i = 0; i < down; i++) {
      int r = (int) ((long) i * rows / down);
      float[] row = row(p.stored(), p.rowFrom() + r);
      for (int j = 0; j < across; j++) {
        // Another column in every row, so that a diagonal or a run of zeros is not all there is.
        int c = (int) (((long) j * columns / across + (rows == 1 ? 0 : 7L * i)) % columns);
        long index =
            p.turned()
                ? (long) c * Placed.columns(p.parameter()) + r
                : (long) r * Placed.columns(p.parameter()) + c;
        weights.read(p.trained(), index, one.clear());
        double w = one.get(0) + (p.plusOne() ? 1.0 : 0.0);
        double v = row[p.columnFrom() + c];
        apart += (v - w) * (v - w);
        size += w * w;
      }
    }
    return apart / size;
  }

  private float[] row(StoredWeight s, int row) {
    return sampled
        .computeIfAbsent(s, k -> new HashMap<>())
        .computeIfAbsent(
            row,
            r -> {
              StoredWeight.Strip strip = new StoredWeight.Strip(s.columns());
              s.open(reader).read(r, 1, strip);
              return strip.values;
            });
  }
}
