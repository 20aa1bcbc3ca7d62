package org.unlearn4j.build;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Markdown page, taken apart: code blocks, spans, links, headings and sentences.
 *
 * @param file relative to the project
 * @param text all of it
 */
record Page(Path file, String text) {
  private static final Pattern LINK = Pattern.compile("!?\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern SPAN = Pattern.compile("(?<!`)`([^`\n]+)`(?!`)");

  /** A full stop (or the like) behind which another sentence begins. */
  private static final Pattern END =
      Pattern.compile("(?<=[.!?][)*\"_]{0,3})\\s+(?=[\\p{Lu}`\"*(\\[_\\d])");

  /**
   * A block of code.
   *
   * @param language what stands behind its fence; empty for an indented one
   * @param lines without fence and indentation
   */
  record Code(String language, List<String> lines) {}

  /** The pages that people read first, and everything in docs/ and examples/. */
  static List<Page> all() {
    List<Path> files = new ArrayList<>();
    for (String name : List.of("README.md", "CONTRIBUTING.md", "SECURITY.md")) {
      files.add(Path.of(name));
    }
    for (String folder : List.of("docs", "examples")) {
      if (Files.isDirectory(Path.of(folder))) {
        try (Stream<Path> walk = Files.walk(Path.of(folder))) {
          walk.filter(f -> f.toString().endsWith(".md")).sorted().forEach(files::add);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    return files.stream().map(Page::read).toList();
  }

  static Page read(Path file) {
    try {
      return new Page(file, Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<Code> code() {
    List<Code> blocks = new ArrayList<>();
    Code open = null;
    boolean fenced = false;
    boolean afterBlank = true;
    for (String line : text.split("\n", -1)) {
      if (line.strip().startsWith("```")) {
        fenced = !fenced;
        open = fenced ? new Code(line.strip().substring(3), new ArrayList<>()) : null;
        if (fenced) {
          blocks.add(open);
        }
      } else if (fenced) {
        open.lines.add(line);
      } else if (line.startsWith("    ") && (afterBlank || open != null)) {
        if (open == null) {
          open = new Code("", new ArrayList<>());
          blocks.add(open);
        }
        open.lines.add(line.strip());
      } else if (!line.isBlank()) {
        open = null;
      }
      afterBlank = line.isBlank();
    }
    return blocks;
  }

  /** The page without blocks of code, and without what programs write between their markers. */
  String prose() {
    StringBuilder out = new StringBuilder();
    boolean fenced = false;
    boolean block = false;
    boolean generated = false;
    boolean afterBlank = true;
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("<!-- end of") || line.matches("<!-- from .*: end -->")) {
        generated = false;
        continue;
      }
      generated |= line.startsWith("<!-- from") || line.startsWith("<!-- study");
      if (line.strip().startsWith("```")) {
        fenced = !fenced;
        continue;
      }
      block = (line.startsWith("    ") && (afterBlank || block)) || (line.isBlank() && block);
      if (!fenced && !block && !generated) {
        out.append(line).append('\n');
      }
      afterBlank = line.isBlank();
    }
    return out.toString();
  }

  List<String> links() {
    return LINK.matcher(prose().replaceAll("(?<!`)`[^`\n]+`(?!`)", "code"))
        .results()
        .map(m -> m.group(1))
        .toList();
  }

  List<String> spans() {
    return SPAN.matcher(prose()).results().map(m -> m.group(1)).toList();
  }

  /** The anchors of its headings, as GitHub makes them. */
  Set<String> anchors() {
    Set<String> anchors = new TreeSet<>();
    Map<String, Integer> times = new HashMap<>();
    boolean fenced = false;
    for (String line : text.split("\n", -1)) {
      fenced ^= line.strip().startsWith("```");
      if (!fenced && line.matches("#{1,6} .*")) {
        String slug = slug(line.replaceFirst("#+ ", ""));
        int before = times.merge(slug, 1, Integer::sum) - 1;
        anchors.add(before == 0 ? slug : slug + "-" + before);
      }
    }
    return anchors;
  }

  static String slug(String heading) {
    String words = LINK.matcher(heading).replaceAll(Page::words);
    return words
        .strip()
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}_\\- ]", "")
        .replace(' ', '-');
  }

  private static String words(MatchResult link) {
    String all = link.group();
    return Matcher.quoteReplacement(all.substring(all.indexOf('[') + 1, all.indexOf(']')));
  }

  /** The first paragraph below the title. */
  String opening() {
    return prose().replaceFirst("(?s)\\A\\s*# [^\n]*\n+", "").split("\n\\s*\n", 2)[0].strip();
  }

  /** Sentences; an entry of a list and a cell of a table is at least one. */
  List<String> sentences() {
    List<String> sentences = new ArrayList<>();
    StringBuilder paragraph = new StringBuilder();
    for (String line : (prose() + "\n").split("\n", -1)) {
      boolean table = line.startsWith("|");
      boolean begins = line.isBlank() || table || line.matches("(#+|\\s*([-*]|\\d+\\.)) .*");
      if (begins) {
        split(paragraph, sentences);
      }
      if (table) {
        for (String cell : line.split("(?<!\\\\)\\|", -1)) {
          split(new StringBuilder(cell), sentences);
        }
      } else {
        paragraph.append(line).append(' ');
      }
    }
    split(paragraph, sentences);
    return sentences;
  }

  private static void split(StringBuilder paragraph, List<String> sentences) {
    for (String sentence : END.split(paragraph.toString().strip(), -1)) {
      if (!sentence.isBlank()) {
        sentences.add(sentence.strip());
      }
    }
    paragraph.setLength(0);
  }

  /** Words: what has a letter or a digit in it; a span of code is one. */
  static int words(String sentence) {
    String plain =
        sentence
            .replaceAll("(?<!`)`[^`]+`(?!`)", "code")
            .replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1");
    return (int)
        Stream.of(plain.split("\\s+", -1)).filter(w -> w.matches(".*[\\p{L}\\p{N}].*")).count();
  }
}
