package org.unlearn4j.onnx;

import java.nio.FloatBuffer;
import org.unlearn4j.weights.SafeTensors;

/** The trained values of a parameter in the order in which a file has them. */
final class TrainedRows {
  private final SafeTensors weights;
  private final Placed place;
  private final float[] values;
  private final float[] run;

  /**
   * Rows of a parameter.
   *
   * @param most rows that are read at a time
   */
  TrainedRows(SafeTensors weights, Placed place, int most) {
    this.weights = weights;
    this.place = place;
    this.values = new float[Math.min(most, place.storedRows()) * place.storedColumns()];
    this.run = new float[place.turned() ? Math.min(most, place.storedRows()) : 0];
  }

  /** Rows {@code first} to {@code first + count}, in an array that the next call fills again. */
  float[] read(int first, int count) {
    int width = place.storedColumns();
    if (!place.turned()) {
      FloatBuffer rows = FloatBuffer.wrap(values, 0, count * width);
      weights.read(place.trained(), (long) first * width, rows);
      return values;
    }
    int columns = Placed.columns(place.parameter());
    for (int c = 0; c < width; c++) {
      weights.read(place.trained(), (long) c * columns + first, FloatBuffer.wrap(run, 0, count));
      for (int r = 0; r < count; r++) {
        values[r * width + c] = run[r];
      }
    }
    return values;
  }
}
