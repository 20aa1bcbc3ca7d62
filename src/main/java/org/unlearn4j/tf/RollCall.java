package org.unlearn4j.tf;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Verbose;

/**
 * The first process's view of the others. TensorFlow waits for ever where a machine is silent, and
 * tells nobody that all is over; so each of the others holds a connection here, on which both sides
 * say every few seconds that they are there.
 *
 * <p>Lines: {@code unlearn4j PLACE ADDRESSES} from the other process, {@code welcome} or a refusal
 * back; then dots both ways; at the end {@code done} from here, or {@code lost ADDRESS} where
 * somebody is gone or never came, or {@code failed CODE} where this process ends with an error.
 */
final class RollCall implements AutoCloseable {
  static final String GREETING = "unlearn4j ";
  static final String WELCOME = "welcome";
  static final String BEAT = ".";
  static final String DONE = "done";
  static final String LOST = "lost ";
  static final String FAILED = "failed ";

  /** How often each side says that it is there, and how long it believes in one that does not. */
  record Pace(Duration beat, Duration silence) {
    static final Pace USUAL = new Pace(Duration.ofSeconds(3), Duration.ofSeconds(20));
  }

  private static final int LINE = 4096;

  private final Processes processes;
  private final Pace pace;
  private final ServerSocket door;
  private final Map<Integer, Socket> present = new TreeMap<>();
  private final TreeSet<Integer> gone = new TreeSet<>();
  private Optional<Runnable> told = Optional.empty();
  private boolean closed;

  /**
   * Opens the door.
   *
   * @param port the processes' own, or 0 for any
   * @throws MachineException if it cannot be opened
   */
  RollCall(Processes processes, Pace pace, int port) {
    this.processes = processes;
    this.pace = pace;
    try {
      door = new ServerSocket();
      door.setReuseAddress(true);
      door.bind(new InetSocketAddress(port));
    } catch (IOException e) {
      throw new MachineException(
          "Port " + port + " of the first process could not be opened (" + e.getMessage() + ").",
          e);
    }
    start("roll call", this::admit);
    start("roll call, own word", this::beat);
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  int port() {
    return door.getLocalPort();
  }

  private void admit() {
    while (!door.isClosed()) {
      try {
        Socket socket = door.accept();
        start("roll call of " + socket.getRemoteSocketAddress(), () -> follow(socket));
      } catch (IOException e) {
        Verbose.line("The roll call's door is closed (" + e.getMessage() + ").");
      }
    }
  }

  private void follow(Socket socket) {
    try (socket;
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      socket.setSoTimeout((int) pace.silence().toMillis());
      String greeting = line(reader);
      int place = place(greeting);
      if (place < 0) {
        say(socket, "found " + greeting + ", expected a process of " + processes);
        return;
      }
      say(socket, WELCOME);
      if (!arrived(place, socket)) {
        return;
      }
      try {
        while (line(reader).equals(BEAT)) {
          // it is there
        }
      } catch (IOException e) {
        Verbose.line(processes.addresses().get(place) + ": " + e.getMessage());
      }
      left(place);
    } catch (IOException e) {
      Verbose.line("Somebody else at the roll call (" + e.getMessage() + ").");
    }
  }

  /** A line, of no more characters than one has here. */
  static String line(BufferedReader reader) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = reader.read(); c != '\n'; c = reader.read()) {
      if (c < 0 || line.length() == LINE) {
        throw new IOException(c < 0 ? "the connection ended" : "a line without an end");
      }
      line.append((char) c);
    }
    return line.toString();
  }

  static void say(Socket socket, String line) throws IOException {
    socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Who says this; -1 if nobody that is expected. */
  private int place(String greeting) {
    for (int place = 1; place < processes.count(); place++) {
      if (greeting.equals(GREETING + place + " " + processes)) {
        return place;
      }
    }
    return -1;
  }

  private synchronized boolean arrived(int place, Socket socket) {
    if (closed || present.containsKey(place) || gone.contains(place)) {
      return false; // a second one of this place, or one of an earlier run
    }
    present.put(place, socket);
    notifyAll();
    return true;
  }

  private void left(int place) {
    Optional<Runnable> whom;
    synchronized (this) {
      if (closed) {
        return;
      }
      gone.add(place);
      whom = told;
      notifyAll();
    }
    whom.ifPresent(Runnable::run);
  }

  private void beat() {
    while (!door.isClosed()) {
      for (Socket socket : sockets()) {
        try {
          say(socket, BEAT);
        } catch (IOException e) {
          Verbose.line("Not told: " + e.getMessage()); // its reader finds out, too
        }
      }
      try {
        Thread.sleep(pace.beat().toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private synchronized List<Socket> sockets() {
    return List.copyOf(present.values());
  }

  /**
   * Waits until all are there.
   *
   * @throws MachineException naming those that are not
   */
  synchronized void awaitAll(Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (present.size() < processes.count() - 1) {
      long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (millis <= 0) {
        throw new MachineException(
            "After "
                + patience.toSeconds()
                + " s found no process at "
                + String.join(", ", missing())
                + ", expected `unlearn4j worker` there with the same pipeline.");
      }
      await(millis);
    }
  }

  /** To be called in a loop, which looks whether that came for which it waits. */
  @SuppressWarnings("WaitNotInLoop") // its callers' loops
  private void await(long millis) {
    try {
      wait(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineException("Interrupted while waiting for other processes.", e);
    }
  }

  private List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (int place = 1; place < processes.count(); place++) {
      if (!present.containsKey(place)) {
        missing.add(processes.addresses().get(place));
      }
    }
    return missing;
  }

  /** Addresses of those that were there and are no longer. */
  synchronized List<String> gone() {
    return gone.stream().map(processes.addresses()::get).toList();
  }

  /** The same, when somebody is gone or that much time has passed. */
  synchronized List<String> gone(Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    while (gone.isEmpty() && System.nanoTime() < end) {
      await(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
    }
    return gone();
  }

  /** What to do, on another thread, when somebody is gone; in the place of what was to be done. */
  synchronized void whenGone(Runnable action) {
    told = Optional.of(action);
  }

  /** Tells the others that all is done, or who was lost. */
  @Override
  public void close() {
    end(OptionalInt.empty());
  }

  /**
   * Tells the others how it ended.
   *
   * @param failure the exit code of this process where it has failed; a lost process is the reason
   *     then, if there is one
   */
  void end(OptionalInt failure) {
    String last;
    synchronized (this) {
      closed = true;
      List<String> away = missing();
      away.addAll(gone());
      String own = failure.isPresent() ? FAILED + failure.getAsInt() : DONE;
      last = away.isEmpty() ? own : LOST + String.join(", ", away);
    }
    for (Socket socket : sockets()) {
      try {
        say(socket, last);
        socket.close();
      } catch (IOException e) {
        Verbose.line("Not told: " + e.getMessage());
      }
    }
    try {
      door.close();
    } catch (IOException e) {
      Verbose.line("The roll call's door: " + e.getMessage());
    }
  }
}
