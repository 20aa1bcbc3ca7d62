package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.cli.Command;
import org.unlearn4j.cli.Commands;
import org.unlearn4j.config.ModelSettings;
import org.unlearn4j.config.Pipeline;
import org.yaml.snakeyaml.Yaml;

/** The pods of the example Jobs, started here with a stand-in for the program. */
class KubernetesJobTest {
  private static final Path JOB = Path.of("pipeline/kubernetes/evaluate.yaml");

  @TempDir Path folder;

  @SuppressWarnings("unchecked") // a file of this project
  private static Map<String, Object> map(Object node, String... keys) {
    Object at = node;
    for (String key : keys) {
      at = at instanceof List<?> list ? list.get(Integer.parseInt(key)) : ((Map<?, ?>) at).get(key);
    }
    return (Map<String, Object>) at;
  }

  private List<String> arguments(List<String> command, int index)
      throws IOException, InterruptedException {
    ProcessBuilder pod = new ProcessBuilder(command).directory(folder.toFile());
    pod.environment().put("JOB_COMPLETION_INDEX", String.valueOf(index));
    Process process = pod.inheritIO().redirectOutput(folder.resolve("out").toFile()).start();
    assertEquals(0, process.waitFor());
    return Files.readAllLines(folder.resolve("out"));
  }

  @BeforeEach
  void standIn() throws IOException {
    Path program = folder.resolve("target/dist/bin/unlearn4j");
    Files.createDirectories(program.getParent());
    Files.writeString(program, "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done\n");
    assertTrue(program.toFile().setExecutable(true));
  }

  private static List<String> command(Object job) {
    Map<String, Object> pod = map(job, "spec", "template", "spec", "containers", "0");
    List<String> command = new ArrayList<>();
    ((List<?>) pod.get("command")).forEach(word -> command.add((String) word));
    ((List<?>) pod.get("args")).forEach(word -> command.add((String) word));
    return command;
  }

  private static void requireOptions(List<String> args) {
    Command command =
        Commands.all().stream().filter(c -> c.name().equals(args.get(0))).findFirst().orElseThrow();
    for (String arg : args) {
      if (arg.startsWith("--")) {
        assertTrue(command.options().hasLongOption(arg.substring(2)), arg);
      }
    }
  }

  /** The first pod trains, the others compute for it, and all know each other by one list. */
  @Test
  void aTrainingHasAProcessAPod() throws Exception {
    Iterator<Object> documents =
        new Yaml().loadAll(Files.readString(Path.of("pipeline/kubernetes/train.yaml"))).iterator();
    String service = (String) map(documents.next(), "metadata").get("name");
    Object job = documents.next();
    String name = (String) map(job, "metadata").get("name");
    assertEquals(service, map(job, "spec", "template", "spec").get("subdomain"));
    int pods = (Integer) map(job, "spec").get("completions");
    Set<String> sets = new HashSet<>();
    for (int i = 0; i < pods; i++) {
      List<String> args = arguments(command(job), i);
      assertEquals(i == 0 ? "unlearn" : "worker", args.get(0));
      if (i > 0) {
        assertEquals("" + i, args.get(args.indexOf("--place") + 1));
      }
      requireOptions(args);
      sets.add(args.get(args.indexOf("--set") + 1));
    }
    assertEquals(1, sets.size());
    ModelSettings model = Pipeline.read(Path.of("pipeline/fable.yaml"), List.copyOf(sets)).model();
    assertEquals(pods, model.device().processes().size());
    for (int i = 0; i < pods; i++) {
      String host = model.device().processes().get(i);
      assertTrue(host.startsWith(name + "-" + i + "." + service + ":"), host);
    }
  }

  @Test
  void everyPodHasAPartOfItsOwn() throws Exception {
    Object job = new Yaml().load(Files.readString(JOB));
    assertEquals("Indexed", map(job, "spec").get("completionMode"));
    int parts = (Integer) map(job, "spec").get("completions");
    List<String> command = command(job);
    Set<String> asked = new HashSet<>();
    for (int i = 0; i < parts; i++) { // Kubernetes counts from 0
      List<String> args = arguments(command, i);
      assertEquals((i + 1) + "/" + parts, args.get(args.indexOf("--shard") + 1));
      asked.add(args.toString());
    }
    assertEquals(parts, asked.size());

    requireOptions(arguments(command, 0));
  }
}
