package org.unlearn4j.parity;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.eval.RelearnResult;
import org.unlearn4j.parity.Gate.Level;

/** What a gate judges. Its name in verify.json follows from it, and is read back here alone. */
public sealed interface GateSubject {
  /** What kind of evidence it is. */
  Level level();

  /** Its name in verify.json. */
  String key();

  /**
   * Whether it can tell two models apart. How far forgetting survived is no such evidence, for
   * another unlearned model may be as far.
   */
  boolean comparesModels();

  /** Why a value that is not a number is none, in a sentence without its full stop. */
  default String noNumber() {
    return "a value that it is made of is missing, infinite or not a number";
  }

  /** The metric that it is about; empty where it is about none. */
  default Optional<String> metric() {
    return Optional.empty();
  }

  /** A number of both models, or of the deployed file against itself. */
  record Numeric(NumericMeasure measure) implements GateSubject {
    @Override
    public Level level() {
      return Level.NUMERIC;
    }

    @Override
    public String key() {
      return measure.key();
    }

    @Override
    public boolean comparesModels() {
      return measure.comparesModels();
    }
  }

  /** A number of the deployed file and of the weights that are read back from it. */
  record Graph(NumericMeasure measure) implements GateSubject {
    private static final String OF = "graph_";

    @Override
    public Level level() {
      return Level.GRAPH;
    }

    @Override
    public String key() {
      return OF + measure.key();
    }

    @Override
    public boolean comparesModels() {
      return false; // both sides have the file's own weights
    }
  }

  /**
   * How far a metric is apart on both sides.
   *
   * @param of its name
   */
  record Difference(String of) implements GateSubject {
    @Override
    public Level level() {
      return Level.METRIC;
    }

    @Override
    public String key() {
      return of;
    }

    @Override
    public boolean comparesModels() {
      return true;
    }

    @Override
    public Optional<String> metric() {
      return Optional.of(of);
    }
  }

  /**
   * How far a forget metric goes back to the model before unlearning.
   *
   * @param metric its name; empty where unlearning moved none, so that there is no way back
   */
  record Rebound(Optional<String> metric) implements GateSubject {
    /** Its name where it is of no metric, and the beginning of its name where it is of one. */
    public static final String NAME = "rebound";

    private static final String OF = NAME + "_";

    /** Of a metric by its name. */
    public static Rebound of(String metric) {
      return new Rebound(Optional.of(metric));
    }

    @Override
    public Level level() {
      return Level.SURVIVAL;
    }

    @Override
    public String key() {
      return metric.map(OF::concat).orElse(NAME);
    }

    @Override
    public String noNumber() {
      return metric.isPresent()
          ? GateSubject.super.noNumber()
          : "unlearning moved no metric of the forget rows by "
              + RelearnResult.LEAST_WAY
              + " or more, so the model never knew these rows or forgot nothing";
    }

    @Override
    public boolean comparesModels() {
      return false;
    }
  }

  /**
   * How far a metric of what is kept falls.
   *
   * @param of its name
   */
  record Fall(String of) implements GateSubject {
    private static final String END = "_fall";

    @Override
    public Level level() {
      return Level.SURVIVAL;
    }

    @Override
    public String key() {
      return of + END;
    }

    @Override
    public boolean comparesModels() {
      return false;
    }

    @Override
    public Optional<String> metric() {
      return Optional.of(of);
    }
  }

  /**
   * How what the file says reads.
   *
   * @param of a metric's name
   */
  record Text(String of) implements GateSubject {
    @Override
    public Level level() {
      return Level.BEHAVIOUR;
    }

    @Override
    public String key() {
      return of;
    }

    @Override
    public boolean comparesModels() {
      return false; // another model may read as well
    }

    @Override
    public Optional<String> metric() {
      return Optional.of(of);
    }
  }

  /** What is judged of a deployed file as a whole. */
  enum Whole implements GateSubject {
    /** Share of greedy generations that are the same. */
    IDENTICAL_GENERATIONS(Level.BEHAVIOUR),
    /** Whether anything at all compares the two sides. */
    BOTH_SIDES(Level.NUMERIC),
    /** Weight files of the trained model that it was not made from. */
    SOURCE_WEIGHTS(Level.NUMERIC),
    /** A base without its adapter, against the weights that it has. */
    ADAPTER_OFF(Level.GRAPH),
    /** Parameters of the model that the file has nowhere. */
    UNREAD_WEIGHTS(Level.WEIGHTS),
    /** Share of codes that are not the nearest to their weights. */
    CODES_NOT_NEAREST(Level.WEIGHTS),
    /** Values in float formats that are not the weight, rounded to that format. */
    CHANGED_WEIGHTS(Level.WEIGHTS),
    /** Values of this program's constants that it would write otherwise for these weights. */
    CHANGED_CONSTANTS(Level.WEIGHTS);

    private final Level level;

    Whole(Level level) {
      this.level = level;
    }

    @Override
    public Level level() {
      return level;
    }

    @Override
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public boolean comparesModels() {
      return true;
    }
  }

  /** Of a verify.json of another version. */
  record Unknown(Level level, String key) implements GateSubject {
    @Override
    public boolean comparesModels() {
      return false;
    }
  }

  /** What a gate in verify.json judges. */
  static GateSubject of(Level level, String name) {
    return switch (level) {
      case METRIC -> new Difference(name);
      case SURVIVAL ->
          name.equals(Rebound.NAME)
              ? new Rebound(Optional.empty())
              : name.startsWith(Rebound.OF)
                  ? Rebound.of(name.substring(Rebound.OF.length()))
                  : name.endsWith(Fall.END)
                      ? new Fall(name.substring(0, name.length() - Fall.END.length()))
                      : new Unknown(level, name);
      case GRAPH ->
          measure(name.startsWith(Graph.OF) ? name.substring(Graph.OF.length()) : "")
              .map(m -> (GateSubject) new Graph(m))
              .or(() -> whole(level, name))
              .orElseGet(() -> new Unknown(level, name));
      case NUMERIC ->
          measure(name)
              .map(m -> (GateSubject) new Numeric(m))
              .or(() -> whole(level, name))
              .orElseGet(() -> new Unknown(level, name));
      case BEHAVIOUR ->
          Fluent.METRICS.containsKey(name)
              ? new Text(name)
              : whole(level, name).orElseGet(() -> new Unknown(level, name));
      case WEIGHTS -> whole(level, name).orElseGet(() -> new Unknown(level, name));
    };
  }

  private static Optional<NumericMeasure> measure(String name) {
    return Arrays.stream(NumericMeasure.values()).filter(m -> m.key().equals(name)).findFirst();
  }

  private static Optional<GateSubject> whole(Level level, String name) {
    return Arrays.stream(Whole.values())
        .filter(w -> w.level == level && w.key().equals(name))
        .map(w -> (GateSubject) w)
        .findFirst();
  }
}
