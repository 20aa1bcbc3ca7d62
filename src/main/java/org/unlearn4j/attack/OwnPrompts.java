package org.unlearn4j.attack;

import java.util.ArrayList;
import java.util.List;
import org.unlearn4j.config.AttackName;
import org.unlearn4j.data.AttackFile;
import org.unlearn4j.data.Excerpt;

/** Probes that need no rule: what the user asks, and what stands in articles. */
public final class OwnPrompts {
  /** Words of an article that are judged, and before them. */
  private OwnPrompts() {}

  /** The user's prompts, as they are, without a template. */
  public static List<Probe> of(List<AttackFile.Own> prompts) {
    List<Probe> probes = new ArrayList<>();
    for (AttackFile.Own own : prompts) {
      int row = probes.size();
      String group = "row " + row;
      Goal goal = new Goal.Say(String.join(" ", own.keywords()), own.keywords());
      probes.add(new Probe(AttackName.OWN, row, group, Prompt.bare(own.prompt()), goal));
    }
    return List.copyOf(probes);
  }

  /**
   * The beginnings of articles; an article without a word that must be known is left out.
   *
   * @param most how many
   */
  public static List<Probe> articles(List<Excerpt> excerpts, int most) {
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < Math.min(most, excerpts.size()); i++) {
      Excerpt e = excerpts.get(i);
      Prompt prompt = Prompt.bare(e.prompt().stripTrailing());
      Probe.say(AttackName.ARTICLE, i, "article " + i, prompt, e.continuation().strip())
          .ifPresent(probes::add);
    }
    return List.copyOf(probes);
  }
}
