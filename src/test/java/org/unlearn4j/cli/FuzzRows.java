package org.unlearn4j.cli;

import static org.unlearn4j.cli.FuzzTarget.command;
import static org.unlearn4j.cli.FuzzTarget.reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.data.Benchmark;

/** Rows of one's own of every kind and form, by themselves and through the tokens of a model. */
final class FuzzRows {
  private static final String MIXED =
      InitFolders.row("text", 1)
          + "\n"
          + InitFolders.row("chat", 2)
          + "\n"
          + InitFolders.row("pair", 3)
          + "\n";

  private FuzzRows() {}

  static List<FuzzTarget> all() {
    Map<String, FuzzFormat> formats =
        Map.of(
            "forget.jsonl", FuzzFormat.JSON_LINES,
            "retain.csv", FuzzFormat.CSV,
            "texts.csv", FuzzFormat.CSV,
            "notes/a.md", FuzzFormat.TEXT,
            "notes/in/b.txt", FuzzFormat.TEXT,
            "notes/c.jsonl", FuzzFormat.JSON_LINES);
    return List.of(
        new FuzzTarget("rows", 25, FuzzRows::rows, formats, reader(FuzzRows::read)),
        new FuzzTarget(
            "rows-in-tokens",
            8,
            folder -> {
              rows(folder);
              Files.writeString(folder.resolve("p.yaml"), pipeline());
            },
            formats,
            command("pipeline", "--pipeline", "@/p.yaml", "--set", "data.path=@", "--rows", "9")));
  }

  private static void rows(Path folder) throws IOException {
    InitFolders.split(folder, "forget.jsonl", MIXED);
    InitFolders.split(
        folder, "retain.csv", "question,answer\nWho is 5?,\"Writer 5, \"\"I\"\".\"\n");
    InitFolders.split(folder, "texts.csv", "id,text\n1,\"A text\nof two lines.\"\n2,Another.\n");
    InitFolders.split(folder, "notes/a.md", "# Title\n\n" + InitFolders.text(6) + "\n");
    InitFolders.split(folder, "notes/in/b.txt", InitFolders.text(7));
    InitFolders.split(folder, "notes/c.jsonl", InitFolders.row("text", 8) + "\n");
  }

  private static void read(Path folder) {
    Benchmark rows = Benchmark.open("jsonl", Optional.of(folder));
    for (String split : List.of("forget", "retain", "texts", "notes")) {
      if (rows.rows(split).isEmpty()) {
        throw new IllegalStateException(split + " is not found any more");
      }
    }
    rows.holdout();
  }

  /** The tokenizer has no chat template, so that a conversation is a mistake, too. */
  private static String pipeline() {
    return """
    name: rows
    model:
      init: random
      tokenizer: src/test/resources/fable-tokenizer
      architecture: {hidden_size: 16, layers: 1, heads: 2, ffn: 16, max_positions: 64}
    data: {benchmark: jsonl, path: ., forget: notes, retain: retain.csv, max_length: 48, window: 8, overlap: 2}
    unlearn: {objective: {name: NPO}}
    """;
  }
}
