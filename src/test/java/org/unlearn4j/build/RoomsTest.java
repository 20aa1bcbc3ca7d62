package org.unlearn4j.build;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.unlearn4j.cli.Command;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.tf.TfDevices;

/**
 * Who may know whom. Arrows run one way: what a room may import stands here, everything else is an
 * error.
 */
class RoomsTest {
  private static final String ROOT = "org.unlearn4j";

  static final Map<String, Set<String>> MAY_IMPORT =
      Map.ofEntries(
          Map.entry("base", Set.of()),
          Map.entry("stage", Set.of("base")),
          Map.entry("config", Set.of("base", "weights")),
          Map.entry("lm", Set.of("base")),
          Map.entry("surgery", Set.of("nn")),
          Map.entry("adapter", Set.of("base", "nn", "weights")),
          Map.entry("nn", Set.of("base")),
          Map.entry("weights", Set.of("base")),
          Map.entry("text", Set.of("base")),
          Map.entry("data", Set.of("base", "text", "lm")),
          Map.entry("tf", Set.of("base", "nn", "weights", "lm")),
          Map.entry("onnx", Set.of("base", "nn", "weights", "lm")),
          Map.entry("unlearn", Set.of("base", "config", "tf", "nn", "weights", "lm", "data")),
          Map.entry(
              "train", Set.of("base", "config", "unlearn", "tf", "nn", "weights", "lm", "data")),
          Map.entry("eval", Set.of("base", "lm", "data", "text")),
          Map.entry("attack", Set.of("base", "config", "eval", "lm", "data")),
          Map.entry("parity", Set.of("base", "config", "weights", "eval", "lm")),
          Map.entry("report", Set.of("base", "eval", "parity", "ledger")),
          Map.entry(
              "run",
              Set.of(
                  "base", "attack", "config", "lm", "nn", "weights", "text", "data", "tf", "onnx",
                  "unlearn", "train", "eval", "parity", "stage", "surgery", "adapter")),
          Map.entry(
              "job",
              Set.of(
                  "base", "attack", "config", "stage", "weights", "eval", "parity", "report",
                  "run")),
          Map.entry(
              "study",
              Set.of(
                  "base", "config", "stage", "eval", "parity", "report", "run", "job", "weights")),
          Map.entry("ledger", Set.of("base")),
          Map.entry(
              "requests",
              Set.of(
                  "base", "config", "ledger", "stage", "weights", "data", "eval", "report", "run",
                  "job", "study")),
          Map.entry("prepare", Set.of("base", "text", "data")),
          Map.entry("gpu", Set.of("base")),
          Map.entry("sign", Set.of("base")),
          Map.entry(
              "inspect",
              Set.of("base", "config", "nn", "weights", "tf", "onnx", "unlearn", "train", "sign")),
          Map.entry(
              "init",
              Set.of(
                  "base", "config", "nn", "weights", "text", "data", "lm", "tf", "unlearn", "train",
                  "inspect", "run", "job")),
          Map.entry(
              "check",
              Set.of(
                  "base", "config", "lm", "weights", "tf", "unlearn", "train", "eval", "parity",
                  "gpu", "run")),
          Map.entry(
              "cli",
              Set.of(
                  "base",
                  "config",
                  "lm",
                  "nn",
                  "weights",
                  "text",
                  "data",
                  "tf",
                  "onnx",
                  "unlearn",
                  "train",
                  "eval",
                  "parity",
                  "report",
                  "run",
                  "job",
                  "stage",
                  "study",
                  "gpu",
                  "inspect",
                  "init",
                  "check",
                  "sign",
                  "surgery",
                  "attack",
                  "adapter",
                  "ledger",
                  "requests",
                  "prepare")));

  /** The rooms that may touch a library; nobody else depends on which runtime computes. */
  static final Map<String, Set<String>> MAY_USE =
      Map.of(
          "org.tensorflow", Set.of("tf", "unlearn", "train", "run", "cli"),
          "ai.onnxruntime", Set.of("onnx", "cli"),
          "ai.onnx", Set.of("onnx"),
          "ai.djl", Set.of("text", "cli"),
          "com.hubspot", Set.of("text"),
          "org.yaml", Set.of("config", "report", "study", "requests"),
          "org.apache.commons.cli", Set.of("cli"),
          "org.apache.lucene", Set.of("prepare"),
          "org.knowm", Set.of("report"));

  /**
   * What is in the room of commands without being one: the frame around them, and what prints a
   * generation as it grows.
   */
  private static final Set<String> FRAME =
      Set.of(
          "CodeOptions",
          "Command",
          "CommandOptions",
          "Commands",
          "Continuations",
          "WantedOutput",
          "Ending",
          "ExitCode",
          "Failure",
          "Frame",
          "Help",
          "Main",
          "Signals");

  private static JavaClasses product;

  @BeforeAll
  static void read() {
    product =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);
  }

  static Stream<String> rooms() {
    return MAY_IMPORT.keySet().stream().sorted();
  }

  private static String room(JavaClass type) {
    String inside =
        type.getPackageName()
            .substring(Math.min(type.getPackageName().length(), ROOT.length() + 1));
    return inside.split("\\.", 2)[0];
  }

  private static boolean ours(JavaClass type) {
    return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomKnowsOnlyTheRoomsItMay(String room) {
    Set<String> allowed = new TreeSet<>(MAY_IMPORT.get(room));
    allowed.add(room);
    DescribedPredicate<JavaClass> known =
        describe(
            "are outside the project or in " + allowed, t -> !ours(t) || allowed.contains(room(t)));
    classes()
        .that()
        .resideInAPackage(ROOT + "." + room + "..")
        .should()
        .onlyDependOnClassesThat(known)
        .allowEmptyShould(true) // a room that is not built yet
        .check(product);
  }

  @Test
  void everyClassIsInARoomOfTheTable() {
    Set<String> unknown = new TreeSet<>();
    for (JavaClass type : product) {
      if (!MAY_IMPORT.containsKey(room(type)) && !type.getSimpleName().equals("package-info")) {
        unknown.add(type.getName());
      }
    }
    assertEquals(Set.of(), unknown);
  }

  @Test
  void theRoomOfCommandsHoldsCommands() {
    Set<String> others = new TreeSet<>();
    for (JavaClass type : product) {
      boolean top =
          type.getEnclosingClass().isEmpty() && !type.getSimpleName().equals("package-info");
      if (top && room(type).equals("cli") && !type.isAssignableTo(Command.class)) {
        others.add(type.getSimpleName());
      }
    }
    others.add("Command"); // the interface, which is assignable to itself
    assertEquals(FRAME, others);
  }

  @Test
  void everyRoomSaysWhatItIsFor() {
    Set<String> silent = new TreeSet<>();
    for (String room : MAY_IMPORT.keySet()) {
      Path file = Path.of("src/main/java/org/unlearn4j", room, "package-info.java");
      if (!Files.isRegularFile(file)) {
        silent.add(room);
      }
    }
    assertEquals(Set.of(), silent);
  }

  @Test
  void roomsFormNoCircles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(product);
  }

  static Stream<String> libraries() {
    return MAY_USE.keySet().stream().sorted();
  }

  @ParameterizedTest
  @MethodSource("libraries")
  void aLibraryIsKnownOnlyWhereItMayBe(String library) {
    List<String> others =
        rooms()
            .filter(r -> !MAY_USE.get(library).contains(r))
            .map(r -> ROOT + "." + r + "..")
            .toList();
    noClasses()
        .that()
        .resideInAnyPackage(others.toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library + "..")
        .check(product);
  }

  /**
   * A question for TensorFlow's devices opens GPUs, and binds TensorFlow's numbers to them: {@code
   * doctor} asks for all, a setting for the one that it names, and nobody else asks.
   */
  @Test
  void devicesAreAskedForWhereASettingIsRead() {
    onlyFrom(Set.of("tf.TfDevices", "cli.DoctorCommand"), TfDevices.class, "list").check(product);
    onlyFrom(Set.of("tf.TfDevices", "tf.Device"), TfDevices.class, "visible").check(product);
    // It can fail: the reader of the setting is no exception of the first rule's kind.
    assertThrows(
        AssertionError.class,
        () -> onlyFrom(Set.of("tf.TfDevices"), TfDevices.class, "visible").check(product));
  }

  /**
   * Whatever TensorFlow runs is looked at once for where it ran, and has its own rounding: all runs
   * go through one door.
   */
  @Test
  void sessionsRunThroughOneDoor() {
    for (String run : List.of("run", "runAndFetchMetadata")) {
      onlyFrom(Set.of("tf.TfRuntime"), Session.Runner.class, run).check(product);
    }
    onlyFrom(Set.of("tf.TfRuntime"), Session.class, "run").check(product);
    // It can fail: the door itself is seen.
    assertThrows(
        AssertionError.class,
        () -> onlyFrom(Set.of("tf.Feeds"), Session.Runner.class, "run").check(product));
  }

  /** A scope of TensorFlow's own reads the names of the whole graph each time one is opened. */
  @Test
  void graphsAreBuiltInTimeThatGrowsWithTheirSize() {
    onlyFrom(Set.of("tf.LinearNames"), Ops.class, "create").check(product);
    // It can fail: the one that may is seen.
    assertThrows(
        AssertionError.class,
        () -> onlyFrom(Set.of("tf.TfRuntime"), Ops.class, "create").check(product));
  }

  /** What was trained is measured where it is: nobody makes a model of another graph's weights. */
  @Test
  void aTrainedModelIsNotCopied() {
    onlyFrom(
            Set.of(
                "tf.TensorFlowModel",
                "run.GraphListings",
                "run.ProbeStage",
                "run.WeightProof",
                "run.AttackedWeights"),
            TensorFlowModel.class,
            "of")
        .check(product);
  }

  /** A method that classes but those named neither call nor refer to. */
  private static ArchRule onlyFrom(Set<String> allowed, Class<?> owner, String method) {
    return noClasses()
        .that(
            describe(
                "are not in " + allowed,
                t -> !ours(t) || !allowed.contains(t.getName().substring(ROOT.length() + 1))))
        .should()
        .accessTargetWhere(
            describe(
                owner.getSimpleName() + "." + method,
                access ->
                    access.getTargetOwner().isEquivalentTo(owner)
                        && access.getName().equals(method)));
  }

  /** The rules can fail: the one room that does know TensorFlow breaks a rule that forbids it. */
  @Test
  void aForbiddenImportWouldBeSeen() {
    assertThrows(
        AssertionError.class,
        () ->
            noClasses()
                .that()
                .resideInAPackage(ROOT + ".tf..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.tensorflow..")
                .check(product));
  }
}
