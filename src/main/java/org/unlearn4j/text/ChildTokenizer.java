package org.unlearn4j.text;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.TimeUnit;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;

/**
 * The library in a process of its own, for tokenizers with parts that it may not be up to: what
 * ends that process ends no training run, but is a sentence about the file. It takes a second to
 * start; after that a text costs some ten microseconds more than in this process.
 */
final class ChildTokenizer implements NativeTokenizer {
  /** For the library to load a tokenizer, and for one text: above all that was ever measured. */
  private static final long LOAD_MS = 120_000;

  private static final long TEXT_MS = 60_000;

  private static final int TAIL = 1 << 14;
  private static final Timer TIMER = new Timer("tokenizer limit", true);

  private final Path file;
  private final Process process;
  private final DataInputStream in;
  private final DataOutputStream out;
  private final Thread errors;
  private final StringBuilder said = new StringBuilder();
  private volatile boolean late;

  private ChildTokenizer(Path file, Process process) {
    this.file = file;
    this.process = process;
    this.in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
    this.out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
    this.errors = new Thread(this::listen, "tokenizer errors");
    errors.setDaemon(true);
    errors.start();
  }

  /**
   * Loads a tokenizer.
   *
   * @param file it is of, for messages
   * @throws UserException if the library refuses it, or fails over it
   * @throws MachineException if no process could be started
   */
  static ChildTokenizer load(Path file, byte[] json) {
    ChildTokenizer child = new ChildTokenizer(file, start());
    try {
      child.ask(
          LOAD_MS, "does not load", to -> TokenizerProcess.write(to, json), from -> new long[0]);
      return child;
    } catch (RuntimeException e) {
      child.close();
      throw e;
    }
  }

  private static Process start() {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("java.class.path");
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                java,
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + (File.separatorChar == '/' ? "/dev/null" : "NUL"),
                "-Xshare:auto",
                "-Doffline=true",
                "-DOPT_OUT_TRACKING=true",
                "-cp",
                classes,
                TokenizerProcess.class.getName()));
    builder.environment().put("RUST_BACKTRACE", "0");
    try {
      return builder.start();
    } catch (IOException e) {
      throw new MachineException(java + ": could not be started (" + e.getMessage() + ").", e);
    }
  }

  @FunctionalInterface
  private interface Question {
    void send(DataOutputStream to) throws IOException;
  }

  @FunctionalInterface
  private interface Answer<R> {
    R read(DataInputStream from) throws IOException;
  }

  @Override
  public long[] encode(String text, boolean addSpecialTokens) {
    return ask(
        TEXT_MS + text.length() / 100, // a text of ten megabytes may take its time
        "fails over a text",
        to -> {
          to.writeByte(TokenizerProcess.ENCODE);
          to.writeBoolean(addSpecialTokens);
          TokenizerProcess.write(to, text);
        },
        TokenizerProcess::ids);
  }

  @Override
  public String decode(long[] ids, boolean skipSpecialTokens) {
    return ask(
        TEXT_MS + ids.length / 100,
        "fails over tokens",
        to -> {
          to.writeByte(TokenizerProcess.DECODE);
          to.writeBoolean(skipSpecialTokens);
          TokenizerProcess.write(to, ids);
        },
        TokenizerProcess::text);
  }

  private synchronized <R> R ask(
      long limitMs, String refusal, Question question, Answer<R> answer) {
    TimerTask limit =
        new TimerTask() {
          @Override
          public void run() {
            late = true;
            process.destroyForcibly();
          }
        };
    TIMER.schedule(limit, limitMs);
    try {
      question.send(out);
      out.flush();
      if (in.readByte() == TokenizerProcess.REFUSED) {
        String reason = TokenizerProcess.text(in);
        throw refused("a tokenizer that " + refusal + " (" + reason + ")", null);
      }
      return answer.read(in);
    } catch (IOException e) {
      throw refused(
          late
              ? "a tokenizer that takes more than " + limitMs / 1000 + " s for one text"
              : "a tokenizer that the library fails over (" + reason() + ")",
          e);
    } finally {
      limit.cancel();
    }
  }

  private UserException refused(String found, IOException cause) {
    return UserException.at(file, "", found, "a Hugging Face fast tokenizer", cause);
  }

  /** What the library said last: a line with the place in its source, then one with the reason. */
  private String reason() {
    try {
      process.waitFor(5, TimeUnit.SECONDS);
      errors.join(1000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    List<String> lines;
    synchronized (said) {
      lines = said.toString().lines().filter(l -> !l.isBlank()).toList();
    }
    for (int i = 0; i + 1 < lines.size(); i++) {
      if (lines.get(i).contains("panicked at")) {
        return lines.get(i + 1).strip();
      }
    }
    return lines.isEmpty() ? "no reason given" : lines.get(0).strip();
  }

  private void listen() {
    byte[] block = new byte[1 << 12];
    try (var from = process.getErrorStream()) {
      for (int n = from.read(block); n >= 0; n = from.read(block)) {
        synchronized (said) {
          if (said.length() < TAIL) {
            said.append(new String(block, 0, n, StandardCharsets.UTF_8));
          }
        }
      }
    } catch (IOException e) {
      // it has ended
    }
  }

  @Override
  public void close() {
    process.destroyForcibly(); // it has nothing to lose
    try {
      process.waitFor(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
