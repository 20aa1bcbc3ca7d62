package org.unlearn4j.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.unlearn4j.base.AtomicFiles;

/**
 * The report of a run: {@code report.html}, one page that needs no network and nothing beside it,
 * and its plots as {@code report/*.svg}.
 */
public final class Report {
  private Report() {}

  /**
   * Writes the report of a run folder, from the files of that folder alone.
   *
   * @return the page
   * @throws org.unlearn4j.base.UserException if there is no evaluation of the unlearned model, or a
   *     file is not of its form
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public static Path write(RunFolder folder) {
    ReportData data = ReportData.read(folder);
    PlotSections plots = new PlotSections(data, Charts.available());
    String page = page(data, plots);
    if (!plots.drawn().isEmpty()) {
      AtomicFiles.writeFolder(
          folder.plots(),
          beside -> {
            for (Plot plot : plots.drawn()) {
              Files.writeString(
                  beside.resolve(plot.name() + ".svg"), plot.standalone(), StandardCharsets.UTF_8);
            }
          });
    }
    AtomicFiles.writeString(folder.report(), page);
    return folder.report();
  }

  private static String page(ReportData data, PlotSections plots) {
    Html main =
        Html.tag("main")
            .add(
                Html.tag("header")
                    .add(Html.tag("p", "Unlearning report").css("kicker"))
                    .add(Html.tag("h1", data.name())))
            .add(Overview.verdict(data), Overview.cards(data), contents())
            .add(MetricSection.render(data), plots.truthRatios(), plots.features())
            .add(AnswerSection.render(data), plots.training(), GateSection.render(data))
            .add(Overview.asked(data));
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
            .add(Html.tag("title", data.name() + " – unlearning report"))
            .add(Html.tag("style").raw(resource("report.css")));
    Html html =
        Html.tag("html")
            .attr("lang", "en")
            .add(head)
            .add(Html.tag("body").add(main).add(Html.tag("script").raw(resource("report.js"))));
    return "<!DOCTYPE html>\n" + html.markup() + "\n";
  }

  private static Html contents() {
    Html nav = Html.tag("nav").attr("aria-label", "contents");
    for (Map.Entry<String, String> part :
        List.of(
            Map.entry("metrics", "Metrics"),
            Map.entry("truth-ratios", "Truth ratios"),
            Map.entry("features", "Features"),
            Map.entry("answers", "Answers"),
            Map.entry("training", "Training"),
            Map.entry("parity", "Parity"),
            Map.entry("asked", "Settings"))) {
      nav.add(Html.tag("a", part.getValue()).attr("href", "#" + part.getKey()));
    }
    return nav;
  }

  private static String resource(String name) {
    try (InputStream in = Report.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // part of the program
    }
  }
}
