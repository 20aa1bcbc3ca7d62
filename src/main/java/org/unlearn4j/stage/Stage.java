package org.unlearn4j.stage;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.unlearn4j.base.FileHashes;

/**
 * A piece of work that reads, computes and writes one output, whole or not at all.
 *
 * @param name for instance {@code unlearn}, unique among stages that run together
 * @param after names of the stages whose outputs it reads
 * @param output the file or folder it writes; its record lies beside it
 * @param reads what it reads
 * @param memory bytes that it takes while it runs, about; asked for when it is to run
 * @param work does it
 */
public record Stage(
    String name,
    List<String> after,
    Path output,
    Reads reads,
    Supplier<Long> memory,
    Supplier<Done> work) {

  public Stage {
    after = List.copyOf(after);
  }

  /** The first word of its name: stages of one kind and equal inputs write the same. */
  public String kind() {
    return name.split(" ", 2)[0];
  }

  /** Tells what a stage reads, by content. */
  @FunctionalInterface
  public interface Reads {
    /**
     * The inputs as they are now.
     *
     * @param earlier those of its record: which files a data set consists of need not be found out
     *     again while the settings and the known files are the same
     * @throws org.unlearn4j.base.UserException if one of them is at fault
     */
    Inputs now(FileHashes hashes, Optional<Inputs> earlier);
  }

  /**
   * How it ended.
   *
   * @param lines what to tell the user, a sentence each
   * @param pass whether every gate that it judges holds
   * @param read content of what the stage found out about while it ran, by the names of {@link
   *     Inputs#content}: the files of a data set
   * @param written the files that it wrote, the output's own and others in the output's folder:
   *     whose change makes it run again
   * @param close gives up what would have let a killed stage go on; called when the record is
   *     written
   */
  public record Done(
      List<String> lines,
      boolean pass,
      Map<String, String> read,
      List<Path> written,
      Runnable close) {
    public Done {
      lines = List.copyOf(lines);
      read = Map.copyOf(read);
      written = List.copyOf(written);
    }

    /** The end of a stage that wrote these files, judged nothing and leaves nothing aside. */
    public static Done wrote(List<Path> files, Map<String, String> read, String... lines) {
      return new Done(List.of(lines), true, read, files, () -> {});
    }
  }
}
