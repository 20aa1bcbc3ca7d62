package org.unlearn4j.build;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A folder cut into pieces and put together again, and every way in which that must not work. */
class PiecesTest {
  /** All that a machine needs besides a shell. */
  private static final List<String> TOOLS =
      List.of("cat", "tar", "gzip", "sha256sum", "mkdir", "mv", "rm", "cp");

  @TempDir Path folder;
  private final byte[] content = new byte[250_000];
  private Path pieces;

  @BeforeEach
  void cut() throws Exception {
    new Random(0).nextBytes(content); // which no compression makes smaller
    Files.createDirectories(folder.resolve("bundle/lib"));
    Files.write(folder.resolve("bundle/lib/data"), content);
    pieces = folder.resolve("pieces");
    cut("gzip -1", "bundle", pieces);
    Files.createDirectories(folder.resolve("bin"));
    for (String tool : TOOLS) {
      assertTrue(onThePath(tool), tool);
    }
    Files.createDirectory(folder.resolve("there"));
  }

  /** Random bytes: 250,000 of them, and what tar adds, are five pieces of at most 60,000. */
  private void cut(String pack, String name, Path to, String... onto) throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "pipeline/gpu/pieces.sh"));
    command.addAll(List.of(folder.resolve(name).toString(), to.toString()));
    command.addAll(List.of(onto));
    Run cut =
        run(
            Path.of("."),
            Map.of("PIECE_BYTES", "60000", "PACK", pack),
            command.toArray(String[]::new));
    assertEquals(0, cut.code(), cut.output());
    assertTrue(cut.output().contains(to + ": 5 pieces, 25"), cut.output());
  }

  /** Puts a program on the path that is all {@link #join} has; says whether there is one. */
  private boolean onThePath(String tool) throws IOException {
    Optional<Path> real =
        Stream.of("/usr/bin", "/bin").map(f -> Path.of(f, tool)).filter(Files::exists).findFirst();
    if (real.isPresent()) {
      Files.createSymbolicLink(folder.resolve("bin").resolve(tool), real.get());
    }
    return real.isPresent();
  }

  private record Run(int code, String output) {}

  private static Run run(Path in, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(in.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }

  /** With nothing on the path but {@link #TOOLS}. */
  private Run join() throws Exception {
    return run(
        folder,
        Map.of("PATH", folder.resolve("bin").toString()),
        "/bin/sh",
        "pieces/join.sh",
        "there");
  }

  private void refuses(String message) throws Exception {
    Run r = join();
    assertEquals(1, r.code(), r.output());
    assertTrue(r.output().contains(message), r.output());
    assertFalse(Files.exists(folder.resolve("there/bundle")), "nothing is unpacked");
  }

  @Test
  void thePiecesAreTheWhole() throws Exception {
    try (Stream<Path> all = Files.list(pieces)) {
      List<Long> sizes =
          all.filter(p -> p.toString().contains(".tar.gz.")).map(p -> p.toFile().length()).toList();
      assertEquals(5, sizes.size(), sizes.toString());
      assertTrue(sizes.stream().allMatch(s -> s <= 60_000), sizes.toString());
    }
    Run r = join();
    assertEquals(0, r.code(), r.output());
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("there/bundle/lib/data")));
    Run again = join();
    assertEquals(1, again.code());
    assertTrue(again.output().contains("expected nothing there"), again.output());
  }

  /** Whichever of the two is on the other machine. */
  @ParameterizedTest
  @ValueSource(strings = {"xz", "python3"})
  void piecesOfXz(String program) throws Exception {
    assumeTrue(Files.exists(Path.of("/usr/bin/xz")), "no xz here to make them with");
    cut("xz -0", "bundle", pieces);
    assertEquals(1, join().code(), "neither is on the path");
    assertFalse(Files.exists(folder.resolve("there/.bundle.part")), "nothing is left");
    assumeTrue(onThePath(program), "no " + program + " here");
    Run r = join();
    assertEquals(0, r.code(), r.output());
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("there/bundle/lib/data")));
  }

  /** A second part has a folder of its own name and goes into that of the first. */
  @Test
  void aSecondPartIsLaidOverTheFirst() throws Exception {
    overlay();
    Path bundle = Files.move(folder.resolve("there/bundle"), folder.resolve("elsewhere"));
    Run before = join();
    assertEquals(1, before.code());
    assertTrue(before.output().contains("join its pieces first"), before.output());
    Files.move(bundle, folder.resolve("there/bundle"));
    Run r = join();
    assertEquals(0, r.code(), r.output());
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("there/bundle/lib/data")));
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("there/bundle/lib/second")));
    assertFalse(Files.exists(folder.resolve("there/more")));
  }

  private void overlay() throws Exception {
    Files.createDirectories(folder.resolve("more/lib"));
    Files.write(folder.resolve("more/lib/second"), content);
    Path second = folder.resolve("second");
    cut("gzip -1", "more", second, "bundle");
    assertEquals(0, join().code());
    Files.move(pieces, folder.resolve("first"));
    Files.move(second, pieces);
  }

  /** A copy that a full disk or a kill has cut does not pass for a whole one. */
  @Test
  void aFolderThatIsLaidOverInPartIsNotThere() throws Exception {
    overlay();
    Path cp = folder.resolve("bin/cp");
    Files.delete(cp);
    Files.writeString(cp, "#!/bin/sh\necho half > ../there/.bundle.joining/lib/second\nexit 1\n");
    assertTrue(cp.toFile().setExecutable(true));
    refuses("join.sh: copying failed; the folder is " + folder.toRealPath());
    assertTrue(Files.exists(folder.resolve("there/.bundle.joining/lib/data")), "nothing is lost");
    Files.delete(cp);
    assertTrue(onThePath("cp"));
    Run r = join();
    assertEquals(0, r.code(), r.output());
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("there/bundle/lib/data")));
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("there/bundle/lib/second")));
    assertFalse(Files.exists(folder.resolve("there/.bundle.joining")));
  }

  /** What fails in the middle of a pipe fails the script, and no pieces are left. */
  @ParameterizedTest
  @ValueSource(strings = {"bundle gzip --nonsense", "bundle sh HALF", "absent gzip -1"})
  void whatIsNotPackedWholeIsNotCut(String what) throws Exception {
    Path half = Files.writeString(folder.resolve("half"), "head -c 9\nexit 1\n");
    String[] words = what.replace("HALF", half.toString()).split(" ", 2);
    Path to = folder.resolve("none");
    String from = folder.resolve(words[0]).toString();
    Map<String, String> pack = Map.of("PACK", words[1]);
    Run cut = run(Path.of("."), pack, "sh", "pipeline/gpu/pieces.sh", from, to.toString());
    assertEquals(1, cut.code(), cut.output());
    assertTrue(cut.output().contains("expected a whole archive; nothing was"), cut.output());
    assertFalse(Files.exists(to));
    assertFalse(Files.exists(folder.resolve("none.part")));
  }

  @Test
  void aPieceThatChangedIsNamed() throws Exception {
    Path piece = pieces.resolve("bundle.tar.gz.002");
    byte[] bytes = Files.readAllBytes(piece);
    bytes[1000] ^= 1;
    Files.write(piece, bytes);
    refuses("join.sh: bundle.tar.gz.002: found SHA-256 ");
  }

  @Test
  void aPieceThatIsMissingOrCutShortIsNamed() throws Exception {
    Files.delete(pieces.resolve("bundle.tar.gz.000"));
    byte[] bytes = Files.readAllBytes(pieces.resolve("bundle.tar.gz.001"));
    Files.write(pieces.resolve("bundle.tar.gz.001"), java.util.Arrays.copyOf(bytes, 100));
    refuses("join.sh: found no bundle.tar.gz.000, expected it beside this script.");
    refuses("join.sh: bundle.tar.gz.001: found SHA-256 ");
  }

  @Test
  void piecesInAnotherOrderAreNotTheWhole() throws Exception {
    Path sums = pieces.resolve("SHA256SUMS");
    List<String> lines = Files.readAllLines(sums);
    java.util.Collections.swap(lines, 0, 1);
    Files.write(sums, lines);
    refuses("the pieces together: found SHA-256 ");
  }
}
