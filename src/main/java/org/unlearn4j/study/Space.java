package org.unlearn4j.study;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.math3.random.SobolSequenceGenerator;

/**
 * Settings to be tried: one value of each dimension.
 *
 * <p>Points are those of Sobol's sequence (with the direction numbers of Joe and Kuo 2008) but for
 * its first, the origin: any number of first points is spread evenly over the space.
 */
record Space(List<Dimension> dimensions) {
  /** Digits of a drawn number; more would say nothing and be hard to read. */
  private static final MathContext DIGITS = new MathContext(3);

  Space {
    dimensions = List.copyOf(dimensions);
  }

  /** A key and what it may be. */
  sealed interface Dimension {
    String key();

    /**
     * The value at a place.
     *
     * @param u from 0 to less than 1
     */
    String at(double u);

    /** Where a value is, from 0 to 1. */
    double place(String value);

    /** The values at 0 and at 1, for an axis. */
    List<String> ends();
  }

  /** One of several values, each as a pipeline file has it. */
  record Choices(String key, List<String> values) implements Dimension {
    Choices {
      values = List.copyOf(values);
    }

    @Override
    public String at(double u) {
      return values.get((int) (u * values.size()));
    }

    @Override
    public double place(String value) {
      return values.size() == 1 ? 0.5 : values.indexOf(value) / (values.size() - 1.0);
    }

    @Override
    public List<String> ends() {
      return List.of(values.get(0), values.get(values.size() - 1));
    }
  }

  /**
   * A number from {@code low} to {@code high}.
   *
   * @param logarithmic whether equal ratios are equally likely, not equal differences
   * @param whole whether only integers are, both ends among them
   */
  record Range(String key, double low, double high, boolean logarithmic, boolean whole)
      implements Dimension {
    @Override
    public String at(double u) {
      double top = whole ? high + 1 : high;
      double value = logarithmic ? low * Math.pow(top / low, u) : low + u * (top - low);
      if (whole) {
        return String.valueOf((long) Math.min(high, Math.floor(value)));
      }
      double rounded = new BigDecimal(value).round(DIGITS).doubleValue();
      return yaml(Math.max(low, Math.min(high, rounded)));
    }

    @Override
    public double place(String value) {
      double v = Double.parseDouble(value);
      return logarithmic ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
    }

    @Override
    public List<String> ends() {
      return whole
          ? List.of(String.valueOf((long) low), String.valueOf((long) high))
          : List.of(yaml(low), yaml(high));
    }
  }

  /** As YAML 1.1 takes it for a number: with a point, and a sign in the exponent. */
  private static String yaml(double value) {
    String text = Double.toString(value);
    return text.contains("E-") ? text.replace("E", "e") : text.replace("E", "e+");
  }

  /**
   * A point: values by the order of the dimensions.
   *
   * @param number from 1, in the order of the sequence
   */
  record Point(int number, List<String> values) {
    Point {
      values = List.copyOf(values);
    }
  }

  /** The first points of the sequence; one that has the values of an earlier one is left out. */
  List<Point> points(int count) {
    SobolSequenceGenerator sobol = new SobolSequenceGenerator(dimensions.size());
    Set<List<String>> seen = new LinkedHashSet<>();
    List<Point> points = new ArrayList<>();
    double[] origin = sobol.nextVector();
    for (int i = 1; i <= count; i++) {
      double[] u = sobol.nextVector();
      List<String> values = new ArrayList<>();
      for (int d = 0; d < origin.length; d++) {
        values.add(dimensions.get(d).at(u[d]));
      }
      if (seen.add(values)) {
        points.add(new Point(i, values));
      }
    }
    return points;
  }

  /** A point as overrides of a pipeline. */
  List<String> overrides(Point point) {
    List<String> sets = new ArrayList<>();
    for (int d = 0; d < dimensions.size(); d++) {
      sets.add(dimensions.get(d).key() + "=" + point.values().get(d));
    }
    return sets;
  }
}
