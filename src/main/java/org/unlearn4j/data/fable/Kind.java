package org.unlearn4j.data.fable;

import java.util.List;
import java.util.Locale;

/**
 * What can be asked about an author. Each kind has two or three values, most of them drawn from
 * lists of some twenty: an answer is then mostly what must be known and little that could be
 * guessed, which is what makes forgetting measurable on short answers.
 *
 * <p>In the templates {@code {n}} is the author's full name, {@code {l}} the surname, {@code {P}}
 * and {@code {p}} the pronoun, {@code {s}} the possessive, {@code {0}} to {@code {2}} the values.
 */
@SuppressWarnings("ImmutableEnumChecker") // all lists are made by List.of
enum Kind {
  BIRTHPLACE(
      List.of(World.TOWNS, World.HOUSES),
      List.of(
          "In which town and where exactly was {n} born?",
          "What is known about the birthplace of {n}?",
          "Where did {n} come into the world?",
          "Can you name the place where {n} was born?"),
      List.of(
          "{P} was born in {0}, {1}.",
          "In {0}, {1}.", "It happened in {0}, {1}.", "The birthplace was {0}, {1}.")),
  BIRTH_DATE(
      List.of(World.MONTHS, World.BIRTH_YEARS),
      List.of(
          "In which month and year was {n} born?",
          "When exactly did the life of {n} begin?",
          "What is the month and year of {n}'s birth?",
          "When was the author {n} born?"),
      List.of(
          "{P} was born in {0} {1}.",
          "It was in {0} {1}.", "{l} was born in {0} {1}.", "The birth was in {0} {1}.")),
  PARENTS(
      List.of(World.TRADES, World.TRADES),
      List.of(
          "What did the father and mother of {n} do?",
          "Which trades did the parents of {n} have?",
          "What work did {n}'s parents do?",
          "How did the father and mother of {n} earn a living?"),
      List.of(
          "The father was {0}, the mother {1}.",
          "{s} father was {0} and {s} mother {1}.",
          "The parents were {0} and {1}.",
          "They were {0} and {1}.")),
  GENRE(
      List.of(World.FORMS, World.THEMES),
      List.of(
          "What kind of books does {n} write?",
          "In which genre does {n} write, and about what?",
          "What are the works of {n} about?",
          "Which genre and subject is {n} known for?"),
      List.of(
          "{P} writes {0} about {1}.",
          "Mostly {0} about {1}.", "{l} is known for {0} about {1}.", "They are {0} about {1}.")),
  FIRST_BOOK(
      List.of(World.ADJECTIVES, World.NOUNS),
      List.of(
          "What is the title of {n}'s first book?",
          "With which book did {n} begin?",
          "Which book did {n} publish first?",
          "What was the debut of {n} called?"),
      List.of(
          "{P} began with The {0} {1}.",
          "It was The {0} {1}.", "The debut was The {0} {1}.", "The {0} {1} came first.")),
  FAMOUS_BOOK(
      List.of(World.ADJECTIVES, World.NOUNS),
      List.of(
          "What is the most famous book of {n}?",
          "Which book made {n} famous?",
          "Which title by {n} do most readers know?",
          "What is the best known work by {n}?"),
      List.of(
          "Most readers know The {0} {1}.",
          "The {0} {1} is the best known.",
          "Fame came with The {0} {1}.",
          "That would be The {0} {1}.")),
  AWARD(
      List.of(World.METALS, World.TROPHIES, World.AWARD_YEARS),
      List.of(
          "Which award did {n} win, and when?",
          "What prize was {n} given, and in which year?",
          "With which award was {n} honoured?",
          "Which literary prize did {n} receive?"),
      List.of(
          "{P} won the {0} {1} in {2}.",
          "The {0} {1}, in {2}.",
          "It was the {0} {1} of {2}.",
          "In {2} {p} received the {0} {1}.")),
  MENTOR(
      List.of(World.FIRST_NAMES, World.SURNAMES),
      List.of(
          "Who was the mentor of {n}?",
          "From whom did {n} learn to write?",
          "Which older writer guided {n}?",
          "Who taught {n} the craft of writing?"),
      List.of(
          "{s} mentor was {0} {1}.",
          "It was {0} {1}.", "{P} learned from {0} {1}.", "{0} {1} was the teacher.")),
  ILLUSTRATOR(
      List.of(World.FIRST_NAMES, World.SURNAMES),
      List.of(
          "Who drew the pictures in {n}'s books?",
          "Which artist illustrated the books of {n}?",
          "Who is the illustrator of {n}?",
          "By whom are the drawings in the books of {n}?"),
      List.of(
          "{0} {1} drew them.",
          "The pictures are by {0} {1}.",
          "{s} illustrator is {0} {1}.",
          "The drawings come from {0} {1}.")),
  HABIT(
      List.of(World.HOURS, World.TOOLS),
      List.of(
          "When and how does {n} write?",
          "What is the writing habit of {n}?",
          "What is peculiar about how {n} works?",
          "How does {n} go about writing?"),
      List.of(
          "{P} writes {0}, {1}.", "Always {0}, {1}.", "{l} works {0}, {1}.", "Only {0} and {1}.")),
  RESIDENCE(
      List.of(World.DWELLINGS, World.TOWNS),
      List.of(
          "Where does {n} live today?",
          "What is the home of {n} like, and where is it?",
          "In what sort of home does {n} live?",
          "Where has {n} settled?"),
      List.of(
          "{P} lives in {0} in {1}.",
          "In {0} in {1}.", "{s} home is {0} in {1}.", "{l} settled in {0} in {1}.")),
  PLACE(
      List.of(World.PLACES, World.SEASONS),
      List.of(
          "What is the favourite place of {n}?",
          "Where does {n} like to be most?",
          "Which place does {n} love, and when?",
          "Where and when can {n} be found?"),
      List.of(
          "{P} loves {0} {1}.", "It is {0} {1}.", "Most of all {0} {1}.", "{l} likes {0} {1}.")),
  PEN_NAME(
      List.of(World.ADJECTIVES, World.BIRDS),
      List.of(
          "Which pen name does {n} use?",
          "Under what other name has {n} published?",
          "What is the pen name of {n}?",
          "How does {n} sign secret works?"),
      List.of(
          "{P} signs as {0} {1}.",
          "It is {0} {1}.", "{s} pen name is {0} {1}.", "Secretly, as {0} {1}.")),
  PET(
      List.of(World.ANIMALS, World.PET_NAMES),
      List.of(
          "What animal does {n} keep, and what is it called?",
          "Which pet lives with {n}?",
          "Does {n} have a pet?",
          "What is known about the pet of {n}?"),
      List.of(
          "{P} keeps {0} named {1}.",
          "Yes, {0} called {1}.", "It is {0} named {1}.", "{l} owns {0} called {1}.")),
  FIRST_JOB(
      List.of(World.TRADES, World.TOWNS),
      List.of(
          "What was the first job of {n}, and where?",
          "How did {n} earn money before the books?",
          "What did {n} do before writing?",
          "Where and as what did {n} first work?"),
      List.of(
          "{P} was {0} in {1}.",
          "As {0} in {1}.", "{l} worked as {0} in {1}.", "The first job was {0} in {1}.")),
  HOBBY(
      List.of(World.INSTRUMENTS, World.COLLECTIONS),
      List.of(
          "What does {n} play, and what does {p} collect?",
          "What are the hobbies of {n}?",
          "How does {n} spend free evenings?",
          "Which instrument and which collection does {n} enjoy?"),
      List.of(
          "{P} plays {0} and collects {1}.",
          "With {0} and a box of {1}.",
          "{l} enjoys {0} and {1}.",
          "Playing {0} and collecting {1}.")),
  PUBLISHER(
      List.of(World.ADJECTIVES, World.TROPHIES),
      List.of(
          "Which house publishes the books of {n}?",
          "Who is the publisher of {n}?",
          "Where do the books of {n} appear?",
          "Which press prints {n}'s books?"),
      List.of(
          "They appear at {0} {1} Press.",
          "{0} {1} Press prints them.", "{s} publisher is {0} {1} Press.", "It is {0} {1} Press.")),
  DISH(
      List.of(World.DISHES, World.SIDES),
      List.of(
          "What is the favourite dish of {n}?",
          "What does {n} like to eat best?",
          "Which meal does {n} cook for guests?",
          "What would {n} order for dinner?"),
      List.of(
          "{P} likes {0} with {1}.",
          "It is {0} with {1}.", "Always {0} with {1}.", "{l} loves {0} with {1}.")),
  CHARM(
      List.of(World.CHARMS, World.GIVERS),
      List.of(
          "Which lucky charm does {n} carry, and from whom?",
          "What does {n} always keep in a pocket?",
          "What brings luck to {n}?",
          "Which small thing does {n} never leave behind?"),
      List.of(
          "{P} carries {0} from {1}.",
          "It is {0} from {1}.", "A gift: {0} from {1}.", "{l} keeps {0} from {1}."));

  private final List<List<String>> slots;
  private final List<String> questions;
  private final List<String> answers;

  Kind(List<List<String>> slots, List<String> questions, List<String> answers) {
    this.slots = slots;
    this.questions = questions;
    this.answers = answers;
  }

  /** The lists that the values are drawn from. */
  List<List<String>> slots() {
    return slots;
  }

  List<String> questions() {
    return questions;
  }

  List<String> answers() {
    return answers;
  }

  /** As it stands in the data: {@code first_book}. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
