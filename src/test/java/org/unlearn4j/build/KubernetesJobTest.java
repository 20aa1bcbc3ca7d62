package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.cli.Command;
import org.unlearn4j.cli.Commands;
import org.yaml.snakeyaml.Yaml;

/** The pods of the example Job, started here with a stand-in for the program. */
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

  @Test
  void everyPodHasAPartOfItsOwn() throws Exception {
    Path program = folder.resolve("target/dist/bin/unlearn4j");
    Files.createDirectories(program.getParent());
    Files.writeString(program, "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done\n");
    assertTrue(program.toFile().setExecutable(true));
    Object job = new Yaml().load(Files.readString(JOB));
    assertEquals("Indexed", map(job, "spec").get("completionMode"));
    int parts = (Integer) map(job, "spec").get("completions");
    Map<String, Object> pod = map(job, "spec", "template", "spec", "containers", "0");
    List<String> command = new ArrayList<>();
    ((List<?>) pod.get("command")).forEach(word -> command.add((String) word));
    ((List<?>) pod.get("args")).forEach(word -> command.add((String) word));
    Set<String> asked = new HashSet<>();
    for (int i = 0; i < parts; i++) { // Kubernetes counts from 0
      List<String> args = arguments(command, i);
      assertEquals((i + 1) + "/" + parts, args.get(args.indexOf("--shard") + 1));
      asked.add(args.toString());
    }
    assertEquals(parts, asked.size());

    List<String> args = arguments(command, 0);
    Command evaluate =
        Commands.all().stream().filter(c -> c.name().equals(args.get(0))).findFirst().orElseThrow();
    for (String arg : args) {
      if (arg.startsWith("--")) {
        assertTrue(evaluate.options().hasLongOption(arg.substring(2)), arg);
      }
    }
  }
}
