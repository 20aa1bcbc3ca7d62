package org.unlearn4j.cli;

import static org.unlearn4j.cli.FuzzTarget.command;
import static org.unlearn4j.cli.FuzzTarget.reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.Passages;
import org.unlearn4j.stage.StageRecord;

/** Folders of several files that are read together: benchmarks, signatures, records of stages. */
final class FuzzFolders {
  private static final Path KEYS = Path.of("src/test/resources/signatures");
  private static final String PAIR = "{\"question\": \"Who?\", \"answer\": \"She.\"}";

  private FuzzFolders() {}

  static List<FuzzTarget> all() {
    return List.of(pairs(), muse(), signature(), key(), records());
  }

  private static void write(Path folder, String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static FuzzTarget pairs() {
    return new FuzzTarget(
        "jsonl",
        15,
        folder -> {
          write(folder, "private.jsonl", (PAIR + "\n").repeat(3));
          write(folder, "public.json", (PAIR + "\n").repeat(2));
        },
        Map.of("private.jsonl", FuzzFormat.JSON_LINES, "public.json", FuzzFormat.JSON_LINES),
        reader(
            folder -> {
              Benchmark own = Benchmark.open("jsonl", Optional.of(folder));
              own.forget("private");
              own.retain("public");
              own.full("private", "public");
            }));
  }

  private static FuzzTarget muse() {
    return new FuzzTarget(
        "muse",
        15,
        folder -> {
          write(folder, "raw/forget.txt", "One article.\n\nAnother.\n");
          write(folder, "raw/retain1.json", "[\"kept one\", {\"text\": \"kept two\"}]");
          write(folder, "verbmem/forget.json", "[{\"prompt\": \"Once\", \"gt\": \" upon\"}]");
          write(folder, "knowmem/forget_qa.json", "[" + PAIR + "]");
          write(folder, "knowmem/forget_qa_icl.jsonl", PAIR + "\n");
          write(folder, "privleak/forget.json", "[\"f0\", \"f1\"]");
        },
        Map.of(
            "raw/forget.txt", FuzzFormat.TEXT,
            "raw/retain1.json", FuzzFormat.JSON,
            "verbmem/forget.json", FuzzFormat.JSON,
            "knowmem/forget_qa.json", FuzzFormat.JSON,
            "knowmem/forget_qa_icl.jsonl", FuzzFormat.JSON_LINES,
            "privleak/forget.json", FuzzFormat.JSON),
        reader(
            folder -> {
              Passages passages =
                  Benchmark.open("muse", Optional.of(folder)).passages().orElseThrow();
              passages.trainingPassages("forget");
              passages.retainPassages("retain1");
              passages.verbatim("forget");
              passages.aboutForget("forget");
              passages.membership("forget");
            }));
  }

  private static FuzzTarget signature() {
    return new FuzzTarget(
        "signature",
        15,
        folder -> {
          // Not of our own making: a signature is another one each time.
          for (Map.Entry<String, byte[]> f : Fuzzer.files(KEYS.resolve("published")).entrySet()) {
            Path to = folder.resolve("m").resolve(f.getKey());
            Files.createDirectories(to.getParent());
            Files.write(to, f.getValue());
          }
          Files.copy(KEYS.resolve("published-pub.pem"), folder.resolve("key.pem"));
        },
        Map.of(
            "m/model.sig", FuzzFormat.JSON,
            "m/signme-1", FuzzFormat.TEXT,
            "key.pem", FuzzFormat.TEXT),
        command("verify-signature", "@/m", "--key", "@/key.pem"));
  }

  private static FuzzTarget key() {
    return new FuzzTarget(
        "sign",
        8,
        folder -> {
          write(folder, "m/config.json", "{}");
          Files.copy(KEYS.resolve("p256.pem"), folder.resolve("key.pem"));
        },
        Map.of("key.pem", FuzzFormat.TEXT),
        command("sign", "@/m", "--key", "@/key.pem"));
  }

  /** Of the program's own making; what cannot be read is made again, so that none is a mistake. */
  private static FuzzTarget records() {
    return new FuzzTarget(
        "records",
        8,
        folder -> {
          write(
              folder,
              ".made.stage",
              "{\"format\": 1, \"stage\": \"unlearn\", \"identity\": \"00\", \"settings\":"
                  + " {\"a.b\": \"2\"}, \"inputs\": {\"model/config.json\": \"00\"}, \"outputs\":"
                  + " {\"made\": \"00\"}, \"versions\": {\"java\": \"17\"}, \"finished\":"
                  + " \"2026-01-01T00:00:00Z\", \"seconds\": 1.5, \"pass\": true}");
          write(folder, ".hashes", "unlearn4j file hashes 1\ncontent x=" + "0".repeat(64) + "\n");
        },
        Map.of(".made.stage", FuzzFormat.JSON, ".hashes", FuzzFormat.TEXT),
        reader(
            folder -> {
              StageRecord.read(folder.resolve("made")).ifPresent(StageRecord::pass);
              FileHashes.in(folder.resolve(".hashes")).of(folder.resolve(".made.stage"));
            }));
  }
}
