package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.Locale;
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

  /** How it went, for the user. */
  public String sentence(Path out) {
    int before = finished.resumedAt();
    return String.format(
        Locale.ROOT,
        "%s: %d steps in %.1f s%s, last loss %.4f",
        out,
        finished.steps(),
        finished.seconds(),
        before == 0 ? "" : ", taken up after step " + before,
        finished.last().total());
  }

  /** Gives up the checkpoints: nothing will go on from them. */
  @Override
  public void close() {
    Trainer.clean(files);
  }
}
