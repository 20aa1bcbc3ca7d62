package org.unlearn4j.init;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.PromptTemplate;
import org.unlearn4j.text.Prompting;

/**
 * Which forget loss and which floor, by the rules of docs/how-to/choose-a-method.md.
 *
 * @param name of the forget loss
 * @param why in a sentence
 * @param settings its own keys
 */
record Method(String name, String why, List<Setting> settings) {
  private static final String OBJECTIVE = "unlearn.objective.";

  /** Rows are very different in length from this ratio of a long one to a short one on. */
  private static final int DIFFERENT = 4;

  Method {
    settings = List.copyOf(settings);
  }

  /** How pairs are asked: as the model was taught to chat, where it was. */
  static Prompting template(Optional<ChatPrompt> chat) {
    return chat.map(Prompting.class::cast).orElseGet(() -> PromptTemplate.of("default"));
  }

  /**
   * The method for some rows.
   *
   * @param reference whether there is a retain-only model
   */
  static Method of(DataFacts data, boolean reference) {
    Side forget = data.forget();
    int brief = Math.max(1, Side.at(forget.labelled(), 0.1));
    int large = Side.at(forget.labelled(), 0.9);
    boolean unequal = large >= DIFFERENT * brief;
    boolean texts = forget.passages() > 0;
    boolean simple = texts || unequal;
    String why;
    if (texts) {
      why =
          "SimNPO, because passages become windows of very different lengths and its push does not"
              + " depend on a row's length";
    } else if (unequal) {
      why =
          String.format(
              Locale.ROOT,
              "SimNPO, because answers are of very different lengths (a tenth up to %,d tokens, a"
                  + " tenth from %,d on) and its push does not depend on that",
              brief,
              large);
    } else {
      why =
          "NPO, because answers are of like lengths and it slows down by itself as an answer"
              + " becomes unlikely";
    }
    return new Method(simple ? "SimNPO" : "NPO", why, floor(data, reference, !simple));
  }

  private static List<Setting> floor(DataFacts data, boolean reference, boolean npo) {
    boolean strangers = data.others().containsKey(DataFacts.STRANGERS);
    List<Setting> settings = new ArrayList<>();
    if (!strangers && !reference) {
      settings.add(
          new Setting(
              OBJECTIVE + "floor",
              "none",
              "there is neither strangers.jsonl in the folder of the data (rows like those to"
                  + " forget, about what does not exist) nor a retain-only model; either would tell"
                  + " where forgetting should end"));
      return settings;
    }
    String source =
        strangers
            ? data.others().get(DataFacts.STRANGERS).kinds() + " of strangers are there"
            : "the retain-only model says how unlikely an answer is for one that never knew it";
    settings.add(
        new Setting(
            OBJECTIVE + "floor",
            strangers ? "strangers" : "reference",
            source + ": forgetting ends where such an answer is, and no lower"));
    settings.add(
        new Setting(
            OBJECTIVE + "floor_factor",
            "1.3",
            "the retain loss pulls a little above the floor; 1.2 to 1.35 made up for that on the"
                + " embedded benchmark"));
    if (npo) {
      settings.add(
          new Setting(
              OBJECTIVE + "beta",
              "0.03",
              "with a floor, a loss that fades by itself only takes longer"));
    }
    return settings;
  }
}
