package org.unlearn4j.cli;

import static org.unlearn4j.cli.FuzzTarget.command;
import static org.unlearn4j.cli.FuzzTarget.file;
import static org.unlearn4j.cli.FuzzTarget.reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.data.Benchmark;
import org.unlearn4j.data.ChoiceReader;
import org.unlearn4j.data.PromptFile;
import org.unlearn4j.data.Refusals;
import org.unlearn4j.report.ExampleRun;
import org.unlearn4j.study.Study;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Tokenizer;

/** Everything that reads a file, with right files to begin with. */
final class FuzzTargets {
  private static final Path RESOURCES = Path.of("src/test/resources");
  private static final Path LLAMA = RESOURCES.resolve("fixtures/llama");
  private static final Path FABLE = RESOURCES.resolve("fable-tokenizer");
  private static final String PAIR = "{\"question\": \"Who?\", \"answer\": \"She.\"";
  private static final String MORE =
      ", \"paraphrased_answer\": \"p\", \"perturbed_answer\": [\"1\", \"2\", \"3\", \"4\", \"5\"]";

  private FuzzTargets() {}

  static List<FuzzTarget> all() {
    return Stream.of(
            models(),
            onnx(),
            runs(),
            texts(),
            data(),
            runtimes(),
            FuzzFolders.all(),
            FuzzRows.all())
        .flatMap(List::stream)
        .toList();
  }

  private static void copy(Path from, Path to, String... names) throws IOException {
    Files.createDirectories(to);
    for (String name : names) {
      Files.copy(from.resolve(name), to.resolve(name));
    }
  }

  private static void model(Path folder) throws IOException {
    copy(LLAMA, folder, "config.json", "model.safetensors");
    Files.writeString(folder.resolve("unlearning.json"), "{\"tool\": {\"name\": \"unlearn4j\"}}");
    Files.writeString(
        folder.resolve("generation_config.json"), "{\"eos_token_id\": [2], \"temperature\": 0.5}");
  }

  private static void shards(Path folder) throws IOException {
    copy(LLAMA, folder, "config.json");
    Files.copy(LLAMA.resolve("model.safetensors"), folder.resolve("model-1.safetensors"));
    String names =
        Files.readString(
            LLAMA.resolve("model.safetensors"), java.nio.charset.StandardCharsets.ISO_8859_1);
    String map =
        Stream.of(names.split("\"", -1))
            .filter(s -> s.matches("[a-z_0-9.]+\\.weight"))
            .map(s -> "\"" + s + "\": \"model-1.safetensors\"")
            .collect(Collectors.joining(", ", "{\"weight_map\": {", "}}"));
    Files.writeString(folder.resolve("model.safetensors.index.json"), map);
  }

  private static List<FuzzTarget> models() {
    Map<String, FuzzFormat> parts =
        Map.of(
            "config.json", FuzzFormat.JSON,
            "model.safetensors", FuzzFormat.SAFETENSORS,
            "unlearning.json", FuzzFormat.JSON,
            "generation_config.json", FuzzFormat.JSON);
    return List.of(
        new FuzzTarget("inspect-model", 30, FuzzTargets::model, parts, command("inspect", "@")),
        new FuzzTarget(
            "inspect-shards",
            20,
            FuzzTargets::shards,
            Map.of(
                "model.safetensors.index.json", FuzzFormat.JSON,
                "model-1.safetensors", FuzzFormat.SAFETENSORS),
            command("inspect", "--json", "@")),
        new FuzzTarget(
            "inspect-safetensors",
            20,
            FuzzTargets::model,
            Map.of("model.safetensors", FuzzFormat.SAFETENSORS),
            command("inspect", "@/model.safetensors")),
        new FuzzTarget(
            "export",
            4,
            FuzzTargets::model,
            parts,
            command("export", "--model", "@", "--out", "#/onnx", "--variants", "int8")),
        new FuzzTarget(
            "round",
            4,
            FuzzTargets::model,
            parts,
            command("round", "--model", "@", "--variant", "int4", "--out", "#/rounded")));
  }

  private static void deployed(Path folder) throws IOException {
    Path made = folder.getParent().resolveSibling("exported");
    if (!Files.exists(made)) { // once for all targets of a run
      Path source = Files.createDirectories(made.resolveSibling("export-source"));
      model(source);
      String[] export = {
        "export", "--model", "" + source, "--out", "" + made, "--variants", "fp32"
      };
      CommandRun run = CommandRun.of(export);
      if (run.code() != 0) {
        throw new IOException(run.err());
      }
    }
    for (Map.Entry<String, byte[]> f : Fuzzer.files(made).entrySet()) {
      Path to = folder.resolve(f.getKey());
      Files.createDirectories(to.getParent());
      Files.write(to, f.getValue());
    }
    Files.writeString(
        folder.resolve("unlearning.json"),
        "{\"deployment\": {\"verdict\": \"pass\", \"variants\": {\"onnx\": {\"file\":"
            + " \"onnx/model.onnx\", \"verdict\": \"pass\"}}, \"unlearned_weights_sha256\":"
            + " {\"model.safetensors\": \"00\"}, \"files_sha256\": {\"config.json\": \"00\"},"
            + " \"record_sha256\": \"00\"}}");
    Files.writeString(folder.resolve("batch.json"), "{\"input_ids\": [[5, 6, 7], [8, 9, 1]]}");
  }

  private static List<FuzzTarget> onnx() {
    return List.of(
        new FuzzTarget(
            "inspect-onnx",
            25,
            FuzzTargets::deployed,
            Map.of("onnx/model.onnx", FuzzFormat.PROTOBUF),
            command("inspect", "@/onnx/model.onnx")),
        new FuzzTarget(
            "inspect-external-data",
            25,
            folder ->
                Files.write(
                    Files.createDirectories(folder).resolve("m.onnx"),
                    FuzzSeeds.externalData(folder)),
            Map.of("m.onnx", FuzzFormat.PROTOBUF),
            command("inspect", "@/m.onnx")),
        new FuzzTarget(
            "inspect-hashes",
            15,
            FuzzTargets::deployed,
            Map.of("unlearning.json", FuzzFormat.JSON, "config.json", FuzzFormat.JSON),
            command("inspect", "--verify-hashes", "@")));
  }

  private static void run(Path folder) throws IOException {
    ExampleRun.complete(folder);
    Files.writeString(folder.resolve("pipeline.yaml"), FuzzSeeds.PIPELINE);
    for (String model : List.of("target", "unlearned")) {
      // Times differ from run to run, and a case must not.
      Path file = folder.resolve("eval").resolve(model + ".tf.json");
      String timed = "(\"(?:seconds|tokens_per_second)\" : )[-+0-9.E]+";
      Files.writeString(file, Files.readString(file).replaceAll(timed, "$1" + "1.0"));
    }
  }

  private static Map<String, FuzzFormat> runFiles() {
    return Map.of(
        "pipeline.yaml", FuzzFormat.YAML,
        "verify.json", FuzzFormat.JSON,
        "unlearned/unlearning.json", FuzzFormat.JSON,
        "logs/train.jsonl", FuzzFormat.JSON_LINES,
        "eval/unlearned.tf.json", FuzzFormat.JSON,
        "eval/target.tf.json", FuzzFormat.JSON);
  }

  private static List<FuzzTarget> runs() {
    return List.of(
        new FuzzTarget("inspect-run", 25, FuzzTargets::run, runFiles(), command("inspect", "@")),
        new FuzzTarget("report", 3, FuzzTargets::run, runFiles(), command("report", "--run", "@")),
        new FuzzTarget(
            "compare",
            3,
            folder -> {
              run(folder.resolve("a"));
              run(folder.resolve("b"));
            },
            Map.of(
                "a/pipeline.yaml", FuzzFormat.YAML,
                "a/verify.json", FuzzFormat.JSON,
                "b/eval/unlearned.tf.json", FuzzFormat.JSON),
            command("compare", "@/a", "@/b", "--out", "#/c.html")),
        new FuzzTarget(
            "pipeline",
            40,
            folder -> Files.writeString(folder.resolve("p.yaml"), FuzzSeeds.PIPELINE),
            Map.of("p.yaml", FuzzFormat.YAML),
            command("pipeline", "--pipeline", "@/p.yaml")),
        new FuzzTarget(
            "study",
            25,
            folder -> {
              String study = FuzzSeeds.STUDY.replace("BASE", "pipeline/fable.yaml");
              Files.writeString(folder.resolve("s.yaml"), study);
            },
            Map.of("s.yaml", FuzzFormat.YAML),
            file("s.yaml", f -> Study.read(f, List.of()))));
  }

  private static void tokenizer(Path folder) throws IOException {
    copy(FABLE, folder, "tokenizer.json", "tokenizer_config.json");
    copy(LLAMA, folder, "config.json");
    copy(RESOURCES.resolve("chat"), folder, "chatml.jinja");
    Files.move(folder.resolve("chatml.jinja"), folder.resolve("chat_template.jinja"));
  }

  private static void tokenize(Path folder) {
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      int[] ids = tokenizer.encode("Who taught Beata? 12 na\u00efve \uD83D\uDE00", true);
      tokenizer.decode(ids, false);
      tokenizer.encode("", true);
    }
  }

  private static void chat(Path folder) {
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      ChatPrompt.Settings settings =
          new ChatPrompt.Settings(Optional.of("Be kind."), Optional.of(LocalDate.of(2024, 7, 26)));
      ChatPrompt prompt = ChatPrompt.of(tokenizer, settings);
      prompt.prompt("Who?");
      prompt.continuation("She.");
    }
  }

  private static List<FuzzTarget> texts() {
    return List.of(
        new FuzzTarget(
            "tokenizer",
            2,
            FuzzTargets::tokenizer,
            Map.of("tokenizer.json", FuzzFormat.TOKENIZER),
            reader(FuzzTargets::tokenize)),
        new FuzzTarget(
            "tokenizer-roles",
            8,
            FuzzTargets::tokenizer,
            Map.of("tokenizer_config.json", FuzzFormat.JSON, "config.json", FuzzFormat.JSON),
            reader(FuzzTargets::tokenize)),
        new FuzzTarget(
            "chat",
            12,
            FuzzTargets::tokenizer,
            Map.of("chat_template.jinja", FuzzFormat.JINJA),
            reader(FuzzTargets::chat)));
  }

  private static List<FuzzTarget> data() {
    String rows = (PAIR + MORE + "}\n").repeat(3);
    return List.of(
        new FuzzTarget(
            "tofu",
            25,
            folder -> {
              for (String name : List.of("forget10", "retain90", "forget10_perturbed")) {
                Files.writeString(folder.resolve(name + ".json"), rows);
              }
            },
            Map.of(
                "forget10.json", FuzzFormat.JSON_LINES,
                "retain90.json", FuzzFormat.JSON_LINES,
                "forget10_perturbed.json", FuzzFormat.JSON_LINES),
            reader(
                folder -> {
                  Benchmark tofu = Benchmark.open("tofu", Optional.of(folder));
                  tofu.forget("forget10");
                  tofu.retain("retain90");
                  tofu.forgetEvaluation("forget10");
                })),
        new FuzzTarget(
            "choices",
            25,
            folder -> {
              Files.writeString(
                  folder.resolve("a_test.csv"), "Who, then?,a,\"b, c\",c,d,A\nWhat?,1,2,3,4,D\n");
              Files.writeString(
                  folder.resolve("b.json"),
                  "[{\"question\": \"Who?\", \"choices\": [\"a\", \"b\", \"c\", \"d\"], \"answer\":"
                      + " 2}]");
            },
            Map.of("a_test.csv", FuzzFormat.CSV, "b.json", FuzzFormat.JSON),
            reader(
                folder -> {
                  ChoiceReader.read(folder.resolve("a_test.csv"));
                  ChoiceReader.read(folder.resolve("b.json"));
                })),
        new FuzzTarget(
            "prompts",
            10,
            folder -> {
              Files.writeString(folder.resolve("p.txt"), "Who was it?\nWhat then?\n");
              Files.writeString(folder.resolve("p.jsonl"), "{\"prompt\": \"Who?\"}\n");
            },
            Map.of("p.txt", FuzzFormat.TEXT, "p.jsonl", FuzzFormat.JSON_LINES),
            reader(
                folder -> {
                  PromptFile.read(folder.resolve("p.txt"));
                  PromptFile.read(folder.resolve("p.jsonl"));
                })),
        new FuzzTarget(
            "refusals",
            5,
            folder -> Files.writeString(folder.resolve("r.txt"), "I do not know.\nNo idea.\n"),
            Map.of("r.txt", FuzzFormat.TEXT),
            file("r.txt", f -> Refusals.read(f))));
  }

  /** The runtimes themselves: slower, and native. */
  private static List<FuzzTarget> runtimes() {
    String[] forward = {
      "forward",
      "--model",
      "@",
      "--runtime",
      "onnx:fp32",
      "--input",
      "@/batch.json",
      "--greedy",
      "2"
    };
    return List.of(
        new FuzzTarget(
            "batch",
            6,
            FuzzTargets::deployed,
            Map.of("batch.json", FuzzFormat.JSON),
            command(forward)),
        new FuzzTarget(
            "forward-onnx",
            2,
            FuzzTargets::deployed,
            Map.of("onnx/model.onnx", FuzzFormat.PROTOBUF, "config.json", FuzzFormat.JSON),
            command(forward)),
        new FuzzTarget(
            "forward-tf",
            1,
            folder -> {
              model(folder);
              Files.writeString(folder.resolve("batch.json"), "{\"input_ids\": [[5, 6, 7]]}");
            },
            Map.of(
                "config.json", FuzzFormat.JSON,
                "model.safetensors", FuzzFormat.SAFETENSORS,
                "batch.json", FuzzFormat.JSON),
            command(
                "forward",
                "--model",
                "@",
                "--runtime",
                "tf",
                "--device",
                "cpu",
                "--input",
                "@/batch.json")));
  }
}
