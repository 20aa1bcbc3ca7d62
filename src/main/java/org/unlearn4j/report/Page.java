package org.unlearn4j.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** One self-contained page: style and script within, nothing loaded from anywhere. */
final class Page {
  private Page() {}

  /** A whole document around a {@code main} element. */
  static String of(String title, Html main) {
    Html head =
        Html.tag("head")
            .add(Html.tag("meta").attr("charset", "utf-8"))
            .add(
                // nothing is loaded from anywhere, whatever a file tries to smuggle in
                Html.tag("meta")
                    .attr("http-equiv", "Content-Security-Policy")
                    .attr(
                        "content",
                        "default-src 'none'; style-src 'unsafe-inline'; script-src"
                            + " 'unsafe-inline'"))
            .add(
                Html.tag("meta")
                    .attr("name", "viewport")
                    .attr("content", "width=device-width, initial-scale=1"))
            .add(Html.tag("meta").attr("name", "color-scheme").attr("content", "light dark"))
            .add(Html.tag("title", title))
            .add(Html.tag("style").raw(resource("report.css")));
    Html html =
        Html.tag("html")
            .attr("lang", "en")
            .add(head)
            .add(Html.tag("body").add(main).add(Html.tag("script").raw(resource("report.js"))));
    return "<!DOCTYPE html>\n" + html.markup() + "\n";
  }

  /** Links to sections. */
  static Html contents(List<Section> sections) {
    Html nav = Html.tag("nav").attr("aria-label", "contents");
    sections.forEach(s -> nav.add(Html.tag("a", s.link()).attr("href", "#" + s.id())));
    return nav;
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // part of the program
    }
  }
}
