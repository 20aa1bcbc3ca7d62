package org.unlearn4j.tf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.unlearn4j.base.MachineException;

/** Who is there, who is gone, and that everybody hears of it; without TensorFlow. */
@Timeout(30)
class RollCallTest {
  private static final Processes THREE =
      new Processes(List.of("localhost:7000", "localhost:7010", "localhost:7020"));
  private static final RollCall.Pace FAST =
      new RollCall.Pace(Duration.ofMillis(40), Duration.ofMillis(1500));
  private static final Duration SOON = Duration.ofSeconds(10);

  private final RollCall roll = new RollCall(THREE, FAST, 0);

  @AfterEach
  void close() {
    roll.close();
  }

  /** A further process; its result is what it ends with, {@code done} for a good end. */
  private CompletableFuture<String> process(Processes processes, int place) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return new FurtherProcess(processes, place)
                .follow(roll.port(), SOON, FAST)
                .orElse("done");
          } catch (MachineException e) {
            return e.getMessage();
          }
        },
        work -> new Thread(work).start());
  }

  private static String ended(CompletableFuture<String> process) throws Exception {
    return process.get(20, TimeUnit.SECONDS);
  }

  /** One that says the right thing, and then what it is told to. */
  private Socket greeting(int place) throws IOException {
    Socket socket = new Socket("localhost", roll.port());
    RollCall.say(socket, RollCall.GREETING + place + " " + THREE);
    return socket;
  }

  @Test
  void allComeAndAreToldThatItIsDone() throws Exception {
    CompletableFuture<String> one = process(THREE, 1);
    CompletableFuture<String> two = process(THREE, 2);
    roll.awaitAll(SOON);
    Thread.sleep(2 * FAST.silence().toMillis()); // nobody is taken for gone who says that he is not
    assertEquals(List.of(), roll.gone());
    roll.close();
    assertEquals("done", ended(one));
    assertEquals("done", ended(two));
  }

  /** All were there to the end, and the first one has an error of its own. */
  @Test
  void aFirstProcessThatFailsSaysSo() throws Exception {
    CompletableFuture<String> one = process(THREE, 1);
    CompletableFuture<String> two = process(THREE, 2);
    roll.awaitAll(SOON);
    roll.end(OptionalInt.of(70));
    String told =
        "The first process, localhost:7000, failed with exit code 70: what it wrote itself says"
            + " why.";
    assertEquals(told, ended(one));
    assertEquals(told, ended(two));
  }

  /** The error of a first process that has lost somebody is that it has. */
  @Test
  void whoIsLostIsTheReason() throws Exception {
    CompletableFuture<String> one = process(THREE, 1);
    try (Socket two = greeting(2)) {
      roll.awaitAll(SOON);
      assertTrue(two.isConnected());
    }
    assertEquals(List.of("localhost:7020"), roll.gone(SOON));
    roll.end(OptionalInt.of(3));
    assertTrue(ended(one).contains("has lost localhost:7020"), ended(one));
  }

  @Test
  void whoIsMissingIsNamed() throws Exception {
    CompletableFuture<String> one = process(THREE, 1);
    MachineException e =
        assertThrows(MachineException.class, () -> roll.awaitAll(Duration.ofSeconds(1)));
    assertTrue(e.getMessage().contains("found no process at localhost:7020,"), e.getMessage());
    assertTrue(!one.isDone(), "the one that is there waits");
    roll.close();
    assertTrue(ended(one).contains("has lost localhost:7020"), ended(one));
  }

  /** Killed: the connection ends. The others hear whom it was. */
  @Test
  void oneThatIsGoneIsTold() throws Exception {
    CompletableFuture<String> one = process(THREE, 1);
    CompletableFuture<String> heard = new CompletableFuture<>();
    try (Socket two = greeting(2)) {
      roll.awaitAll(SOON);
      roll.whenGone(() -> heard.complete("gone"));
      assertTrue(two.isConnected());
    }
    assertEquals("gone", heard.get(10, TimeUnit.SECONDS));
    assertEquals(List.of("localhost:7020"), roll.gone(SOON));
    roll.close();
    assertTrue(ended(one).contains("has lost localhost:7020"), ended(one));
  }

  /** Stopped, or a cable that was pulled: the connection is there, and nobody says anything. */
  @Test
  void oneThatIsSilentIsGone() throws Exception {
    CompletableFuture<String> one = process(THREE, 1);
    try (Socket two = greeting(2)) {
      roll.awaitAll(SOON);
      RollCall.say(two, RollCall.BEAT);
      assertEquals(List.of("localhost:7020"), roll.gone(SOON));
      assertTrue(!one.isDone());
    }
  }

  @Test
  void aFirstProcessThatIsGoneIsNamed() throws Exception {
    try (ServerSocket door = new ServerSocket(0)) {
      Thread first = new Thread(() -> welcoming(door));
      first.start();
      MachineException e =
          assertThrows(
              MachineException.class,
              () -> new FurtherProcess(THREE, 1).follow(door.getLocalPort(), SOON, FAST));
      assertTrue(e.getMessage().contains("localhost:7000, is gone"), e.getMessage());
      first.join();
    }
  }

  /** Lets one in, and is gone. */
  private static void welcoming(ServerSocket door) {
    try (Socket socket = door.accept()) {
      RollCall.say(socket, RollCall.WELCOME);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Another pipeline's process, and whoever else knocks. */
  @Test
  void strangersAreRefused() throws Exception {
    Processes others = new Processes(List.of("localhost:7000", "localhost:7011", "localhost:7020"));
    assertTrue(ended(process(others, 1)).contains("expected a process of " + THREE));
    try (Socket socket = new Socket("localhost", roll.port())) {
      RollCall.say(socket, "GET / HTTP/1.1");
      try (BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
        assertEquals("found GET / HTTP/1.1, expected a process of " + THREE, RollCall.line(reader));
      }
    }
    assertThrows(MachineException.class, () -> roll.awaitAll(Duration.ofMillis(200)));
  }

  @Test
  void aFirstProcessThatDoesNotComeIsNamed() throws IOException {
    int nobody = nobody();
    MachineException e =
        assertThrows(
            MachineException.class,
            () -> new FurtherProcess(THREE, 1).follow(nobody, Duration.ofSeconds(1), FAST));
    assertTrue(e.getMessage().contains("was not found within 1 s"), e.getMessage());
  }

  /** Half a second later it would knock again; an interrupt does not wait for its hour to be up. */
  @Test
  void whoIsInterruptedWhileWaitingStops() throws Exception {
    int nobody = nobody();
    CompletableFuture<String> ended = new CompletableFuture<>();
    Thread waiting =
        new Thread(
            () -> {
              try {
                ended.complete(
                    new FurtherProcess(THREE, 1)
                        .follow(nobody, Duration.ofHours(1), FAST)
                        .orElse("done"));
              } catch (MachineException e) {
                ended.complete(e.getMessage() + Thread.currentThread().isInterrupted());
              }
            });
    waiting.start();
    waiting.interrupt();
    assertEquals(
        "Interrupted while waiting for the first process.true", ended.get(5, TimeUnit.SECONDS));
  }

  private static int nobody() throws IOException {
    try (ServerSocket door = new ServerSocket(0)) {
      return door.getLocalPort();
    }
  }

  @Test
  void namesOfProcessesAndDevices() {
    assertEquals("/job:train/replica:0/task:2", Processes.task(2));
    assertEquals("localhost", THREE.rollHost());
    assertEquals(7001, THREE.rollPort());
    assertEquals(
        "localhost:7020", THREE.server(1, Device.CPU).getCluster().getJob(0).getTasksOrThrow(2));
    assertEquals(1, THREE.server(1, Device.CPU).getTaskIndex());
    assertEquals(
        "3",
        THREE
            .server(1, new Device(3))
            .getDefaultSessionConfig()
            .getGpuOptions()
            .getVisibleDeviceList());
  }
}
