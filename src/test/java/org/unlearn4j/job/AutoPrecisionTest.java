package org.unlearn4j.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings.Precision;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.run.SettledPrecision;
import org.unlearn4j.tf.Device;
import org.unlearn4j.train.PrecisionRace;

/** {@code precision: auto}, with measurements that are given. */
class AutoPrecisionTest {
  private static final PrecisionRace BF16_FASTER = new PrecisionRace(10, 6);
  private static final PrecisionRace BF16_SLOWER = new PrecisionRace(10, 12);

  @TempDir Path temp;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final PrintStream log = new PrintStream(said, true, StandardCharsets.UTF_8);
  private int measured;

  private Pipeline pipeline(String precision) throws IOException {
    Path file =
        Files.writeString(
            temp.resolve("p.yaml"),
            """
            name: mine
            model: {path: models/fable-target, device: cpu, precision: %s}
            data: {benchmark: fable, max_length: 96}
            unlearn: {objective: {name: NPO}, batch_size: 4}
            """
                .formatted(precision));
    return Pipeline.read(file, List.of());
  }

  private SettledPrecision settling(PrecisionRace race) {
    return new SettledPrecision(
        (config, rows, tokens, device) -> {
          measured++;
          assertEquals(4, rows);
          assertEquals(96, tokens);
          assertEquals("cpu", device.setting());
          return race;
        },
        log);
  }

  private Precision settled(PrecisionRace race) throws IOException {
    return settling(race).of(pipeline("auto"), temp).model().precision();
  }

  @Test
  void theFasterOneIsChosenAndTheReasonSaid() throws IOException {
    assertEquals(Precision.BF16, settled(BF16_FASTER));
    String why = said.toString(StandardCharsets.UTF_8);
    assertTrue(why.contains("auto is bf16 here") && why.contains("10.0 ms in fp32 and 6.0"), why);
  }

  @Test
  void aSlowerOneIsNot() throws IOException {
    assertEquals(Precision.FP32, settled(BF16_SLOWER));
    assertEquals(
        Precision.FP32, settling(BF16_FASTER).of(pipeline("fp32"), temp).model().precision());
    assertEquals(1, measured, "fp32 needs no measurement");
  }

  /** 4 % may be chance, and rounding costs something: 0.95 is the limit. */
  @Test
  void aTieIsFloat32s() {
    assertFalse(new PrecisionRace(100, 96).brainWins());
    assertTrue(new PrecisionRace(100, 94).brainWins());
    assertFalse(new PrecisionRace(100, Double.NaN).brainWins());
  }

  /** Whatever another measurement would say; a new folder is asked anew. */
  @Test
  void aRunThatGoesOnKeepsItsChoice() throws IOException {
    assertEquals(Precision.BF16, settled(BF16_FASTER));
    assertEquals(Precision.BF16, settled(BF16_SLOWER));
    assertEquals(1, measured);
    Path other = Files.createDirectory(temp.resolve("other"));
    Pipeline there = settling(BF16_SLOWER).of(pipeline("auto"), other);
    assertEquals(Precision.FP32, there.model().precision());
  }

  /** Rows of another length are another question: its answer leaves the first one as it was. */
  @Test
  void runsBesideEachOtherKeepTheirOwn() throws IOException {
    assertEquals(Precision.BF16, settled(BF16_FASTER));
    Pipeline shorter = pipeline("auto").with("data.max_length=64");
    SettledPrecision theirs =
        new SettledPrecision(
            (config, rows, tokens, device) -> {
              assertEquals(64, tokens);
              return BF16_SLOWER;
            },
            log);
    assertEquals(Precision.FP32, theirs.of(shorter, temp).model().precision());
    assertEquals(Precision.BF16, settled(BF16_SLOWER));
    assertEquals(1, measured, "the first one was not asked again");
    assertEquals(
        List.of("precision.json"),
        Arrays.stream(temp.toFile().list()).filter(n -> n.contains("precision")).toList());
  }

  /** Who comes while another one measures waits, and takes what that one found. */
  @Test
  void oneOfTwoMeasures() throws Exception {
    Pipeline open = pipeline("auto");
    CountDownLatch measuring = new CountDownLatch(1);
    Precision[] second = new Precision[1];
    Thread other =
        new Thread(
            () -> {
              try {
                measuring.await();
              } catch (InterruptedException e) {
                return;
              }
              second[0] = settling(BF16_SLOWER).of(open, temp).model().precision();
            });
    other.start();
    SettledPrecision first =
        new SettledPrecision(
            (config, rows, tokens, device) -> {
              measuring.countDown();
              // Until it waits: it polls the lock, so that this thread sees it sleep.
              while (other.isAlive() && other.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
              }
              return BF16_FASTER;
            },
            log);
    assertEquals(Precision.BF16, first.of(open, temp).model().precision());
    other.join();
    assertEquals(Precision.BF16, second[0]);
    assertEquals(0, measured);
  }

  /** A plan tells what is kept; where nothing is, that it will be measured. */
  @Test
  void aPlanNeitherMeasuresNorWrites() throws IOException {
    SettledPrecision settling = settling(BF16_FASTER);
    assertEquals(Precision.AUTO, settling.planned(pipeline("auto"), temp).model().precision());
    String told = said.toString(StandardCharsets.UTF_8);
    assertEquals("model.precision: auto is to be measured when it runs.", told.strip());
    assertEquals(0, measured);
    assertFalse(Files.exists(temp.resolve("precision.json")));
    assertEquals(Precision.BF16, settled(BF16_FASTER));
    assertEquals(Precision.BF16, settling.planned(pipeline("auto"), temp).model().precision());
    assertEquals(1, measured);
  }

  /** What a verdict cannot read is said before anything is measured. */
  @Test
  void aRunThatIsRefusedMeasuresNothing() throws IOException {
    Job job =
        Job.of(pipeline("auto").with("export.logits=last"))
            .in(temp)
            .telling(log)
            .settling(l -> settling(BF16_FASTER));
    UserException refused = assertThrows(UserException.class, job::run);
    assertTrue(refused.getMessage().startsWith("export.logits: found last"), refused.getMessage());
    assertEquals(0, measured);
    assertFalse(Files.exists(temp.resolve("precision.json")));
  }

  /** A probe of one batch of 3 rows of up to 40 tokens: nothing of it is kept. */
  @Test
  void aBatchIsSettledOnce() throws IOException {
    ModelConfig config = ModelConfig.read(Path.of("models/fable-target"));
    SettledPrecision settling =
        new SettledPrecision(
            (c, rows, tokens, device) -> {
              assertEquals(3, rows);
              assertEquals(40, tokens);
              return BF16_FASTER;
            },
            log);
    Pipeline settled = settling.once(pipeline("auto"), config, 3, 40, Device.CPU);
    assertEquals(Precision.BF16, settled.model().precision());
    assertFalse(Files.exists(temp.resolve("precision.json")));
  }

  @Test
  void aBrokenRecordIsNamed() throws IOException {
    settled(BF16_FASTER);
    Path record = temp.resolve("precision.json");
    Files.writeString(record, Files.readString(record).replace("bf16\"", "fp64\""));
    String message = assertThrows(UserException.class, () -> settled(BF16_FASTER)).getMessage();
    assertTrue(message.contains("precision.json, choices[0].chosen: found"), message);
  }

  /** The choice is an input of the stage: with another one its output is stale. */
  @Test
  void theChoiceDecidesWhatIsStale() throws IOException {
    String[] identities = new String[2];
    PrecisionRace[] races = {BF16_FASTER, BF16_SLOWER};
    for (int i = 0; i < 2; i++) {
      Path folder = Files.createDirectory(temp.resolve("" + i));
      Pipeline pipeline = settling(races[i]).of(pipeline("auto"), folder);
      identities[i] =
          new PipelineStages(pipeline, Context.of(log))
              .unlearn("unlearn", temp.resolve("unlearned"))
              .reads()
              .now(FileHashes.inMemory(), Optional.empty())
              .identity("unlearn");
      assertTrue(pipeline.toYaml().contains("precision: " + (i == 0 ? "bf16" : "fp32")));
    }
    assertFalse(identities[0].equals(identities[1]));
  }

  @Test
  void aJobsPlanWritesNothing() throws IOException {
    Job job =
        Job.of(pipeline("auto"))
            .in(temp.resolve("run"))
            .telling(log)
            .settling(to -> settling(BF16_FASTER));
    Job.Options report = new Job.Options(List.of("report"), List.of(), 1);
    assertFalse(job.plan(report).isEmpty());
    assertEquals(0, measured);
    assertFalse(Files.exists(temp.resolve("run")));
  }

  /** Runs of one study must not differ by chance. */
  @Test
  void whatIsNotSettledIsRefused() throws IOException {
    PipelineStages stages = new PipelineStages(pipeline("auto"), Context.of(log));
    String message =
        assertThrows(UserException.class, () -> stages.unlearn("unlearn", temp.resolve("u")))
            .getMessage();
    assertTrue(message.startsWith("model.precision: found auto, expected fp32"), message);
  }

  /** Told before it starts, and only where it was asked for by name. */
  @Test
  void aSlowBf16IsToldOf() throws IOException {
    Pipeline asked = pipeline("bf16");
    ModelConfig config = ModelConfig.read(Path.of("models/fable-target"));
    settling(BF16_FASTER).warn(asked, config, asked.unlearn().loop(), temp);
    assertEquals("", said.toString(StandardCharsets.UTF_8));
    settling(BF16_SLOWER).warn(asked, config, asked.unlearn().loop(), temp);
    String warning = said.toString(StandardCharsets.UTF_8);
    assertTrue(
        warning.contains("bf16 is slower than fp32 on this CPU: a step of one block takes 12.0 ms"),
        warning);
  }

  /** What a measurement chose is no surprise, wherever in the run a stage writes. */
  @Test
  void aChosenBf16IsNotToldOf() throws IOException {
    Pipeline chosen = settling(BF16_FASTER).of(pipeline("auto"), temp);
    ModelConfig config = ModelConfig.read(Path.of("models/fable-target"));
    for (String folder : List.of("", "seeds/1")) {
      settling(BF16_SLOWER).warn(chosen, config, chosen.unlearn().loop(), temp.resolve(folder));
    }
    assertEquals(1, measured, "that of the choice");
    settling(BF16_SLOWER).warn(chosen, config, chosen.unlearn().loop(), temp.resolve("a/b/c"));
    assertEquals(2, measured, "a folder that is not of this run");
  }

  /** The folder of all runs may be a user's, with a file of that name for something else. */
  @Test
  void anotherFileAboveIsNoRecord() throws IOException {
    Files.writeString(temp.resolve("precision.json"), "{\"recall\": 0.5}");
    Pipeline asked = pipeline("bf16");
    ModelConfig config = ModelConfig.read(Path.of("models/fable-target"));
    settling(BF16_FASTER).warn(asked, config, asked.unlearn().loop(), temp.resolve("runs/mine"));
    assertEquals(1, measured);
    assertThrows(
        UserException.class,
        () -> settling(BF16_FASTER).warn(asked, config, asked.unlearn().loop(), temp));
  }
}
