package org.unlearn4j.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.fixtures.Ports;

/** A step of several processes is the step of one device, see {@link ProcessSteps}. */
@Tag("slow")
class ProcessesTest {
  @TempDir Path temp;

  private Process start(int place, List<String> addresses) throws IOException {
    List<String> command = new ArrayList<>(List.of("java", "-Xmx512m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(ProcessSteps.class.getName(), String.valueOf(place)));
    command.addAll(addresses);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(temp.resolve("out" + place).toFile())
            .redirectError(temp.resolve("err" + place).toFile());
    builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "2");
    return builder.start();
  }

  /** Rows divided among processes, and blocks; three, so that not all have as many. */
  @Test
  void theStepsOfOneDevice() throws Exception {
    List<String> addresses = Ports.processes(3);
    List<Process> all = new ArrayList<>();
    try {
      for (int place = 0; place < addresses.size(); place++) {
        all.add(start(place, addresses));
      }
      for (int place = 0; place < addresses.size(); place++) {
        assertTrue(all.get(place).waitFor(2, TimeUnit.MINUTES), "process " + place);
        String err = Files.readString(temp.resolve("err" + place));
        assertEquals(0, all.get(place).exitValue(), err);
      }
      assertEquals(
          List.of("REPLICAS of 3 processes: the same", "STAGES of 3 processes: the same"),
          Files.readAllLines(temp.resolve("out0")));
    } finally {
      all.forEach(Process::destroyForcibly);
    }
  }
}
