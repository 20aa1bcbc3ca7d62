package org.unlearn4j.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A plot as SVG, drawn in placeholder colours that become the page's own: within the page they are
 * style sheet variables, so that a plot follows light and dark; in a file of its own they are tones
 * that can be read on white and on black.
 *
 * @param name file name without ending, and the beginning of ids within
 * @param description what is to be seen, for those who cannot see it
 * @param markup what the chart library wrote
 */
record Plot(String name, String description, String markup) {
  private static final Pattern PROLOGUE = Pattern.compile("^.*?(?=<svg)", Pattern.DOTALL);
  private static final Pattern ROOT = Pattern.compile("<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>");

  /** Within a tag: what is written in a plot stays as it is. */
  private static final Pattern LONG_NUMBER = Pattern.compile("-?\\d+\\.\\d{3,}(?=[^<>]*>)");

  private static final Pattern CLIP = Pattern.compile("clip-?\\d+");
  private static final Pattern SEGMENT =
      Pattern.compile(
          "<line style=\"([^\"]*)\" x1=\"([^\"]*)\" x2=\"([^\"]*)\" y1=\"([^\"]*)\""
              + " y2=\"([^\"]*)\"/>");
  private static final Pattern BETWEEN_TAGS = Pattern.compile(">\\s+<");

  /** The plot within a page. */
  String inline() {
    String svg = compact();
    for (Ink ink : Ink.values()) {
      svg = svg.replace(ink.placeholder(), "var(--" + ink.variable() + ")");
    }
    return svg.replaceFirst("<svg", "<svg role=\"img\" aria-label=\"" + label() + "\"");
  }

  /** The plot as a file of its own. */
  String standalone() {
    String svg = compact();
    for (Ink ink : Ink.values()) {
      svg = svg.replace(ink.placeholder(), ink.standalone());
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        + svg.replaceFirst(
            "<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" aria-label=\"" + label() + "\"")
        + "\n";
  }

  /** Safe as an attribute and as the replacement of a regular expression. */
  private String label() {
    return Matcher.quoteReplacement(Html.escape(description));
  }

  /** Without prologue and fixed size; two decimals; ids that differ between plots. */
  private String compact() {
    String svg = PROLOGUE.matcher(markup).replaceFirst("");
    svg = ROOT.matcher(svg).replaceFirst("<svg viewBox=\"$1\">");
    svg = LONG_NUMBER.matcher(svg).replaceAll(Plot::rounded);
    Map<String, String> clips = new LinkedHashMap<>();
    svg =
        CLIP.matcher(svg)
            .replaceAll(
                match -> clips.computeIfAbsent(match.group(), c -> name + "-clip" + clips.size()));
    return joined(BETWEEN_TAGS.matcher(svg).replaceAll("><").strip());
  }

  /**
   * A curve comes as hundreds of segments: those that go on where the last one ended are one path.
   */
  private static String joined(String svg) {
    StringBuilder out = new StringBuilder(svg.length());
    Matcher segment = SEGMENT.matcher(svg);
    String open = ""; // how the next segment of the path has to begin
    int copied = 0;
    while (segment.find()) {
      String between = svg.substring(copied, segment.start());
      String from = segment.group(2) + "," + segment.group(4);
      String to = segment.group(3) + "," + segment.group(5);
      if (between.isEmpty() && open.equals(segment.group(1) + from)) {
        out.append(" L").append(to);
      } else {
        out.append(open.isEmpty() ? "" : "\"/>").append(between);
        out.append("<path style=\"").append(segment.group(1)).append("\" d=\"M").append(from);
        out.append(" L").append(to);
      }
      open = segment.group(1) + to;
      copied = segment.end();
    }
    return out.append(open.isEmpty() ? "" : "\"/>").append(svg.substring(copied)).toString();
  }

  private static String rounded(MatchResult match) {
    double hundredths = Math.rint(Double.parseDouble(match.group()) * 100) / 100;
    return hundredths == Math.rint(hundredths)
        ? Long.toString((long) hundredths)
        : Double.toString(hundredths);
  }
}
