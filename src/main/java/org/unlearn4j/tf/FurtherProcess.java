package org.unlearn4j.tf;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Verbose;

/**
 * A process that computes for the first one, as long as that is there.
 *
 * @param place among the processes, from 1
 */
public record FurtherProcess(Processes processes, int place) {
  private static final Duration AGAIN = Duration.ofMillis(500);

  /**
   * Serves until the first process says that all is over.
   *
   * @param precision in which it will be asked to compute
   * @param patience how long to wait for the first process
   * @param log told what happens
   * @return what the first process has failed with, a sentence; empty where all is done
   * @throws MachineException if the first process does not come, is gone, or has lost another one
   */
  public Optional<String> serve(
      Device device, Precision precision, Duration patience, PrintStream log) {
    if (device.isGpu()) {
      TensorFloat32.allow(precision == Precision.TF32);
    } else if (precision == Precision.BF16) {
      OneDnnCaches.correct();
    }
    String own = processes.addresses().get(place);
    TfServer server = TfServer.start(processes.server(place, device), own);
    log.println(
        own + ": process " + (place + 1) + " of " + processes.count() + " on " + device.setting());
    Verbose.line("TensorFlow's server is " + server.target());
    return follow(processes.rollPort(), patience, RollCall.Pace.USUAL);
  }

  /** Answers the roll call until the end, and says what the first process has failed with. */
  Optional<String> follow(int port, Duration patience, RollCall.Pace pace) {
    AtomicBoolean ended = new AtomicBoolean();
    try (Socket socket = connected(port, patience);
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      socket.setSoTimeout((int) pace.silence().toMillis());
      RollCall.say(socket, RollCall.GREETING + place + " " + processes);
      String answer = RollCall.line(reader);
      if (!answer.equals(RollCall.WELCOME)) {
        throw new MachineException(first() + " " + answer + ".");
      }
      Thread beat = new Thread(() -> beat(socket, pace, ended), "answers to the roll call");
      beat.setDaemon(true);
      beat.start();
      String line = RollCall.line(reader);
      while (line.equals(RollCall.BEAT)) {
        line = RollCall.line(reader);
      }
      if (line.startsWith(RollCall.FAILED)) {
        String code = line.substring(RollCall.FAILED.length());
        return Optional.of(
            first() + " failed with exit code " + code + ": what it wrote itself says why.");
      }
      if (!line.equals(RollCall.DONE)) {
        throw new MachineException(first() + " has " + line + " and ended.");
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new MachineException(
          first() + " is gone (" + e.getMessage() + "): found no word that all is done.", e);
    } finally {
      ended.set(true);
    }
  }

  private String first() {
    return "The first process, " + processes.addresses().get(0) + ",";
  }

  private Socket connected(int port, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      Socket socket = new Socket();
      try {
        socket.connect(
            new InetSocketAddress(processes.rollHost(), port), (int) AGAIN.toMillis() * 4);
        return socket;
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw new MachineException(
              first()
                  + " was not found within "
                  + patience.toSeconds()
                  + " s ("
                  + e.getMessage()
                  + "), expected it to train with the same pipeline.",
              e);
        }
      }
      try {
        Thread.sleep(AGAIN.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new MachineException("Interrupted while waiting for the first process.", e);
      }
    }
  }

  private static void beat(Socket socket, RollCall.Pace pace, AtomicBoolean ended) {
    try {
      while (!ended.get()) {
        RollCall.say(socket, RollCall.BEAT);
        Thread.sleep(pace.beat().toMillis());
      }
    } catch (IOException e) {
      Verbose.line("Not told: " + e.getMessage()); // the reader finds out, too
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
