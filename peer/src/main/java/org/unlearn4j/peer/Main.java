package org.unlearn4j.peer;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What {@code make bench-peer} starts, and what that starts for the peer's turns. */
public final class Main {
  private static final int FAILED = 2;
  private static final int MACHINE = 3;

  private Main() {}

  /**
   * Takes turns: {@code race BLAS LAUNCHER FILE} and the options of {@code unlearn4j bench}. Or is
   * the peer: {@code step N}, which reads what {@code bench} has printed.
   */
  public static void main(String... args) throws InterruptedException {
    try {
      if (args.length > 3 && args[0].equals("race")) {
        Path launcher = Path.of(args[2]);
        List<String> options = Arrays.asList(args).subList(4, args.length);
        new Race(launcher, mkl(args[1]), System.out).run(options, Path.of(args[3]));
      } else if (args.length == 2 && args[0].equals("step")) {
        ObjectMapper json = new ObjectMapper();
        System.out.println(Peer.measure(json.readTree(System.in), Integer.parseInt(args[1])));
      } else {
        throw new PeerException("bench-peer: expected race BLAS LAUNCHER FILE or step N.");
      }
    } catch (PeerException e) {
      System.err.println(e.getMessage());
      System.exit(FAILED);
    } catch (IOException e) {
      System.err.println("bench-peer: " + e.getMessage());
      System.exit(MACHINE);
    }
  }

  private static boolean mkl(String blas) {
    return switch (blas) {
      case "mkl" -> true;
      case "openblas" -> false;
      default ->
          throw new PeerException("PEER_BLAS: found " + blas + ", expected mkl or openblas.");
    };
  }
}
