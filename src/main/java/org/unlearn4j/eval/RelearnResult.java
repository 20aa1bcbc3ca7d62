package org.unlearn4j.eval;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.unlearn4j.base.AtomicFiles;
import org.unlearn4j.base.JsonInput;

/**
 * Does what was forgotten stay forgotten? {@code relearn.json} of a run folder (Hu et al., 2024;
 * Łucki et al., 2024).
 *
 * @param share of the forget rows that were taught again
 * @param learningRate peak of the schedule
 * @param gainMax what {@link #gain} is held against; empty where nothing is judged
 * @param metrics names of what was measured of every model; see {@link RelearnMetrics}
 * @param target the model before unlearning: where the way back ends
 * @param arms what was taught: {@code forget} rows, {@code retain} rows, or others
 * @param shares attacks that taught other shares of the forget rows
 */
public record RelearnResult(
    double share,
    int epochs,
    double learningRate,
    OptionalDouble gainMax,
    List<String> metrics,
    Map<String, Double> target,
    List<Arm> arms,
    List<Share> shares) {
  /** The unlearned model's name in an arm. */
  public static final String UNLEARNED = "unlearned";

  /** The name in an arm of the model that never saw the forget set: the yardstick. */
  public static final String RETAIN_ONLY = "retain_only";

  /**
   * Below this distance there is no way that a model could be said to have gone a part of. A metric
   * is a mean over some hundred rows; what one or two of them do by chance moves it by a hundredth,
   * and divided by less than two of those it would look like half of everything coming back.
   */
  public static final double LEAST_WAY = 0.02;

  public RelearnResult {
    metrics = List.copyOf(metrics);
    target = Collections.unmodifiableMap(new LinkedHashMap<>(target));
    arms = List.copyOf(arms);
    shares = List.copyOf(shares);
  }

  /** A result without attacks of other shares. */
  public RelearnResult(
      double share,
      int epochs,
      double learningRate,
      OptionalDouble gainMax,
      List<String> metrics,
      Map<String, Double> target,
      List<Arm> arms) {
    this(share, epochs, learningRate, gainMax, metrics, target, arms, List.of());
  }

  /**
   * One kind of rows, taught to each model from the weights it had.
   *
   * @param data {@code forget} or {@code retain}; {@code related}: kept rows nearest to those to
   *     forget; {@code unrelated}: general facts
   * @param rows that were taught
   * @param models by name, {@link #UNLEARNED} and, where there is one, {@link #RETAIN_ONLY}
   */
  public record Arm(String data, int rows, Map<String, Course> models) {
    public Arm {
      models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
    }
  }

  /**
   * What teaching had done after some steps: mean probabilities.
   *
   * @param step 0 for the model as it was
   * @param taught of rows that are taught
   * @param untaught of forget rows that are not; empty where all are
   */
  public record Point(int step, OptionalDouble taught, OptionalDouble untaught) {}

  /**
   * Another share of the forget rows, taught from the same start.
   *
   * @param rows that were taught
   * @param models by name; the first point is before teaching, the last after it
   */
  public record Share(double share, int rows, Map<String, List<Point>> models) {
    public Share {
      models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
    }
  }

  /**
   * What teaching did to a model.
   *
   * @param before metrics by name
   * @param after the same after teaching
   * @param wayBack the share of the way from before to the target that teaching went, by metric: 0
   *     for nothing, 1 for everything back; negative where it went away from it; empty where the
   *     target is nearer than {@link #LEAST_WAY}, or not a number
   * @param curve over the steps; empty where that was not asked for
   */
  public record Course(
      Map<String, Double> before,
      Map<String, Double> after,
      Map<String, OptionalDouble> wayBack,
      List<Point> curve) {
    public Course {
      curve = List.copyOf(curve);
      before = Collections.unmodifiableMap(new LinkedHashMap<>(before));
      after = Collections.unmodifiableMap(new LinkedHashMap<>(after));
      wayBack = Collections.unmodifiableMap(new LinkedHashMap<>(wayBack));
    }

    /** A course towards a target, over the metrics that all three have. */
    public static Course towards(
        Map<String, Double> target, Map<String, Double> before, Map<String, Double> after) {
      return towards(target, before, after, List.of());
    }

    /** The same with a curve over the steps. */
    public static Course towards(
        Map<String, Double> target,
        Map<String, Double> before,
        Map<String, Double> after,
        List<Point> curve) {
      Map<String, OptionalDouble> wayBack = new LinkedHashMap<>();
      before.forEach(
          (name, from) -> {
            if (target.containsKey(name) && after.containsKey(name)) {
              wayBack.put(name, share(target.get(name), from, after.get(name)));
            }
          });
      return new Course(before, after, wayBack, curve);
    }

    private static OptionalDouble share(double target, double before, double after) {
      double share = (after - before) / (target - before);
      return Math.abs(target - before) >= LEAST_WAY && Double.isFinite(share)
          ? OptionalDouble.of(share)
          : OptionalDouble.empty();
    }
  }

  /**
   * By how much more than for the retain-only model what was not taught became likelier in the arm
   * {@code forget}: the largest of the mean probabilities that are known over such rows. Without a
   * retain-only model, by how much it became likelier at all. Empty where none is known.
   */
  public OptionalDouble gain() {
    return arms.stream()
        .filter(a -> a.data.equals("forget") && a.models.containsKey(UNLEARNED))
        .flatMapToDouble(
            arm ->
                RelearnMetrics.LIKELIER.stream()
                    .filter(arm.models.get(UNLEARNED).after::containsKey)
                    .mapToDouble(metric -> rise(arm, UNLEARNED, metric) - newcomer(arm, metric)))
        .max();
  }

  private static double newcomer(Arm arm, String metric) {
    return arm.models.containsKey(RETAIN_ONLY) ? rise(arm, RETAIN_ONLY, metric) : 0;
  }

  private static double rise(Arm arm, String model, String metric) {
    Course course = arm.models.get(model);
    return course.after.get(metric) - course.before.get(metric);
  }

  /**
   * Whether the gain is within its limit. One that should be judged and is not known, or not a
   * number, is not.
   */
  public boolean pass() {
    return gainMax.isEmpty() || gain().orElse(Double.NaN) <= gainMax.getAsDouble();
  }

  /**
   * Writes the file, whole or not at all.
   *
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public void write(Path file) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("share", share).put("epochs", epochs).put("learning_rate", learningRate);
    gain().ifPresent(g -> root.put("gain", g));
    gainMax.ifPresent(most -> root.put("gain_max", most).put("pass", pass()));
    ArrayNode names = root.putArray("metrics");
    metrics.forEach(names::add);
    put(root.putObject("target"), target);
    ArrayNode list = root.putArray("arms");
    for (Arm arm : arms) {
      ObjectNode node = list.addObject().put("data", arm.data).put("rows", arm.rows);
      ObjectNode models = node.putObject("models");
      arm.models.forEach(
          (name, course) -> {
            ObjectNode model = models.putObject(name);
            put(model.putObject("before"), course.before);
            put(model.putObject("after"), course.after);
            ObjectNode way = model.putObject("way_back");
            course.wayBack.forEach(
                (metric, share) -> way.put(metric, share.isEmpty() ? null : share.getAsDouble()));
            if (!course.curve.isEmpty()) {
              put(model.putArray("curve"), course.curve);
            }
          });
    }
    if (!shares.isEmpty()) {
      ArrayNode others = root.putArray("shares");
      for (Share s : shares) {
        ObjectNode node = others.addObject().put("share", s.share).put("rows", s.rows);
        ObjectNode models = node.putObject("models");
        s.models.forEach((name, points) -> put(models.putArray(name), points));
      }
    }
    AtomicFiles.writeFile(
        file, p -> mapper.writerWithDefaultPrettyPrinter().writeValue(p.toFile(), root));
  }

  private static void put(ObjectNode node, Map<String, Double> numbers) {
    numbers.forEach(node::put);
  }

  private static void put(ArrayNode list, List<Point> points) {
    for (Point p : points) {
      ObjectNode node = list.addObject().put("step", p.step);
      p.taught.ifPresent(v -> node.put("taught", v));
      p.untaught.ifPresent(v -> node.put("untaught", v));
    }
  }

  /**
   * Reads the file.
   *
   * @throws org.unlearn4j.base.UserException if it is not there or not of this form
   */
  public static RelearnResult read(Path file) {
    JsonInput root = JsonInput.read(file, "what relearn measured");
    return new RelearnResult(
        root.get("share").number(),
        root.get("epochs").integer(),
        root.get("learning_rate").number(),
        root.get("gain_max").present()
            ? OptionalDouble.of(root.get("gain_max").number())
            : OptionalDouble.empty(),
        root.get("metrics").elements().stream().map(JsonInput::text).toList(),
        root.get("target").required("an object").numbers(),
        root.get("arms").required("an array").elements().stream().map(RelearnResult::arm).toList(),
        root.get("shares").elements().stream().map(RelearnResult::share).toList());
  }

  private static Share share(JsonInput share) {
    Map<String, List<Point>> models = new LinkedHashMap<>();
    share.get("models").fields().forEach((name, points) -> models.put(name, points(points)));
    return new Share(share.get("share").number(), share.get("rows").integer(), models);
  }

  private static List<Point> points(JsonInput list) {
    return list.elements().stream()
        .map(
            p ->
                new Point(
                    p.get("step").integer(),
                    probability(p.get("taught")),
                    probability(p.get("untaught"))))
        .toList();
  }

  private static OptionalDouble probability(JsonInput field) {
    return field.present() ? OptionalDouble.of(field.number()) : OptionalDouble.empty();
  }

  private static Arm arm(JsonInput arm) {
    Map<String, Course> models = new LinkedHashMap<>();
    arm.get("models")
        .fields()
        .forEach(
            (name, model) -> {
              Map<String, OptionalDouble> wayBack = new LinkedHashMap<>();
              model
                  .get("way_back")
                  .fields()
                  .forEach(
                      (metric, share) ->
                          wayBack.put(
                              metric,
                              share.present()
                                  ? OptionalDouble.of(share.number())
                                  : OptionalDouble.empty()));
              models.put(
                  name,
                  new Course(
                      model.get("before").numbers(),
                      model.get("after").numbers(),
                      wayBack,
                      points(model.get("curve"))));
            });
    return new Arm(arm.get("data").text(), arm.get("rows").integer(), models);
  }
}
