package org.unlearn4j.run;

import java.util.Map;
import org.unlearn4j.train.Trainer;

/**
 * How a training ended whose model is written.
 *
 * @param read the data's files, by content
 * @param files its checkpoints, from which it would go on if it were killed now
 */
public record Trained(Trainer.Finished finished, Map<String, String> read, Trainer.Files files)
    implements AutoCloseable {
  public Trained {
    read = Map.copyOf(read);
  }

  /** Gives up the checkpoints: nothing will go on from them. */
  @Override
  public void close() {
    Trainer.clean(files);
  }
}
