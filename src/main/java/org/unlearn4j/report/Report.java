package org.unlearn4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
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
   * @return what was written: the page first, then the plots
   * @throws org.unlearn4j.base.UserException if there is no evaluation of the unlearned model, or a
   *     file is not of its form
   * @throws org.unlearn4j.base.MachineException if the disk refuses
   */
  public static List<Path> write(RunFolder folder) {
    ReportData data = ReportData.read(folder);
    Figures figures = new Figures(Charts.available());
    String page = page(data, figures);
    List<Path> written = new ArrayList<>();
    for (Plot plot : figures.drawn()) {
      Path file = folder.plots().resolve(plot.name() + ".svg");
      AtomicFiles.writeString(file, plot.standalone());
      written.add(file);
    }
    AtomicFiles.writeString(folder.report(), page);
    written.add(0, folder.report());
    return written;
  }

  /**
   * What was found first, then the evidence, then how it was made; what is not there is left out.
   */
  private static String page(ReportData data, Figures figures) {
    List<Section> sections =
        Stream.of(
                MetricSection.section(data),
                SpreadSection.section(data),
                TruthRatios.section(data, figures),
                Attacks.section(data, figures),
                RelearnSection.section(data, figures),
                LeakSection.section(data, figures),
                AnswerSection.section(data),
                SurvivalSection.section(data, figures),
                GateSection.section(data),
                FeatureSection.section(data, figures),
                SpectrumSection.section(data),
                RoutingSection.section(data),
                TrainingSection.section(data, figures),
                SettingsSection.section(data))
            .flatMap(Optional::stream)
            .toList();
    Html main =
        Html.tag("main")
            .add(Overview.header(data), Overview.verdict(data), Overview.cards(data))
            .add(new Findings(data).render(), Page.contents(sections))
            .add(sections.stream().map(Section::body).toList());
    return Page.of(data.name() + " – unlearning report", main);
  }
}
