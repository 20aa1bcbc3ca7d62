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
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.unlearn4j.base.FileHashes;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.ModelSettings.Precision;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.run.SettledPrecision;
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
    return settling(race).of(pipeline("auto"), temp, true).model().precision();
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
        Precision.FP32, settling(BF16_FASTER).of(pipeline("fp32"), temp, true).model().precision());
    assertEquals(1, measured, "fp32 needs no measurement");
  }

  /** 4 % may be chance, and rounding costs something: 0.95 is the limit. */
  @Test
  void aTieIsFloat32s() {
    assertFalse(new PrecisionRace(100, 96).brainWins());
    assertTrue(new PrecisionRace(100, 94).brainWins());
    assertFalse(new PrecisionRace(100, Double.NaN).brainWins());
  }

  /** Whatever another measurement would say; a new folder, or another batch, is asked anew. */
  @Test
  void aRunThatGoesOnKeepsItsChoice() throws IOException {
    assertEquals(Precision.BF16, settled(BF16_FASTER));
    assertEquals(Precision.BF16, settled(BF16_SLOWER));
    assertEquals(1, measured);
    Path other = Files.createDirectory(temp.resolve("other"));
    Pipeline there = settling(BF16_SLOWER).of(pipeline("auto"), other, false);
    assertEquals(Precision.FP32, there.model().precision());
    assertFalse(Files.exists(other.resolve("precision.json")), "a plan writes nothing");
    Pipeline longer = pipeline("auto").with("data.max_length=64");
    SettledPrecision anew =
        new SettledPrecision((config, rows, tokens, device) -> BF16_SLOWER, log);
    assertEquals(Precision.FP32, anew.of(longer, temp, true).model().precision());
  }

  @Test
  void aBrokenRecordIsNamed() throws IOException {
    settled(BF16_FASTER);
    Path record = temp.resolve("precision.json");
    Files.writeString(record, Files.readString(record).replace("bf16\"", "fp64\""));
    String message = assertThrows(UserException.class, () -> settled(BF16_FASTER)).getMessage();
    assertTrue(message.contains("precision.json, chosen: found"), message);
  }

  /** The choice is an input of the stage: with another one its output is stale. */
  @Test
  void theChoiceDecidesWhatIsStale() throws IOException {
    String[] identities = new String[2];
    PrecisionRace[] races = {BF16_FASTER, BF16_SLOWER};
    for (int i = 0; i < 2; i++) {
      Pipeline pipeline = settling(races[i]).of(pipeline("auto"), temp, false);
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
  void aJobWritesItsChoice() throws IOException {
    Job job = Job.of(pipeline("auto")).in(temp.resolve("run")).telling(log);
    Job.Options report = new Job.Options(List.of("report"), List.of(), 1);
    assertFalse(job.settling(to -> settling(BF16_FASTER)).plan(report).isEmpty());
    assertFalse(Files.exists(temp.resolve("run/precision.json")));
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
}
