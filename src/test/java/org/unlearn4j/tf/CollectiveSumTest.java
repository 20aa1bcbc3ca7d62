package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * TensorFlow Java reaches the collective operations of several processes, although its own API has
 * no call for it. Nothing of the product uses that yet: docs/decisions/training.md.
 */
@Tag("slow")
class CollectiveSumTest {
  @TempDir Path temp;

  private static List<String> freePorts(int count) throws IOException {
    List<ServerSocket> open = new ArrayList<>();
    List<String> ports = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      open.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      ports.add(String.valueOf(open.get(i).getLocalPort()));
    }
    for (ServerSocket socket : open) {
      socket.close();
    }
    return ports;
  }

  private Process start(int task, List<String> ports, Path out) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("java", "-Xmx256m", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(TwoProcesses.class.getName(), String.valueOf(task)));
    command.addAll(ports);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(temp.resolve("err" + task).toFile());
    builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "1");
    return builder.start();
  }

  /** [1, 10] and [2, 20]; both have the sum, and neither had the other's vector. */
  @Test
  void twoProcessesAddUpAVector() throws Exception {
    List<String> ports = freePorts(2);
    List<Process> processes = new ArrayList<>();
    try {
      for (int task = 0; task < 2; task++) {
        processes.add(start(task, ports, temp.resolve("out" + task)));
      }
      for (int task = 0; task < 2; task++) {
        assertTrue(processes.get(task).waitFor(90, TimeUnit.SECONDS), "process " + task);
        String said = Files.readString(temp.resolve("out" + task)).strip();
        assertEquals("[3.0, 30.0]", said, Files.readString(temp.resolve("err" + task)));
      }
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
  }
}
