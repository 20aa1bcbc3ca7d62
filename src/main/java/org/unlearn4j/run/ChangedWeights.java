package org.unlearn4j.run;

import java.util.LinkedHashMap;
import java.util.Map;
import org.unlearn4j.nn.Parameter;
import org.unlearn4j.surgery.Cut;
import org.unlearn4j.tf.Values;
import org.unlearn4j.tf.Variables;

/**
 * The weights of a graph while they are changed one after the other. They are read portion by
 * portion, and what has changed is given back in portions, too: TensorFlow optimises the whole
 * graph for every new set of variables that a run reads or assigns, so that a run for each matrix
 * would take a time that grows with the square of the layers.
 */
final class ChangedWeights implements Cut.Weights, AutoCloseable {
  /** Bytes that may wait in the Java heap. */
  private static final long MOST = 1L << 28;

  private final Variables variables;
  private final Map<Parameter, float[]> changed = new LinkedHashMap<>();
  private Values values;
  private long bytes;

  ChangedWeights(Variables variables) {
    this.variables = variables;
    this.values = variables.values();
  }

  @Override
  public float[] get(Parameter p) {
    float[] waiting = changed.get(p);
    return waiting == null ? values.of(p).array() : waiting.clone();
  }

  @Override
  public void put(Parameter p, float[] now) {
    changed.put(p, now);
    bytes += Float.BYTES * p.size();
    if (bytes > MOST) {
      flush();
    }
  }

  private void flush() {
    values.close(); // holds some of the values as they were
    if (!changed.isEmpty()) {
      variables.assign(changed);
    }
    changed.clear();
    bytes = 0;
    values = variables.values();
  }

  /** Gives back whatever waits. */
  @Override
  public void close() {
    flush();
    values.close();
  }
}
