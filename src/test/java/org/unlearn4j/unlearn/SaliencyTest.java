package org.unlearn4j.unlearn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.UserException;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.fixtures.Fixture;
import org.unlearn4j.nn.Decoder;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.Parameter;

/** Which modules are candidates, how they are ranked, and how many make up a share. */
class SaliencyTest {
  /** Of 100 weights: root mean squares of 1, 2, 0.5, 2. */
  private static final Saliency SALIENCY =
      Saliency.of(
          squares(
              List.of(matrix("a", 4), matrix("b", 3), matrix("c", 2), matrix("d", 1)),
              40,
              120,
              5,
              40));

  private static Parameter matrix(String name, int rows) {
    return Parameter.matrix(name, rows, 10);
  }

  private static Map<Parameter, Double> squares(List<Parameter> parameters, double... squares) {
    Map<Parameter, Double> all = new LinkedHashMap<>();
    for (int i = 0; i < squares.length; i++) {
      all.put(parameters.get(i), squares[i]);
    }
    return all;
  }

  private static Decoder decoder(String fixture) {
    return Decoder.of(ModelConfig.read(Fixture.named(fixture).folder()));
  }

  /**
   * b and d have the same value and stay in their order; by plain norms, a and d would be even, and
   * c would not be last by so little.
   */
  @ParameterizedTest
  @CsvSource({
    "0.001, b",
    "0.3, b",
    "0.301, b d",
    "0.4, b d",
    "0.41, b d a",
    "0.8, b d a",
    "0.81, b d a c",
    "1, b d a c"
  })
  void theMostSalientModulesThatMakeUpAShare(double share, String expected) {
    List<String> names = SALIENCY.most(share).stream().map(Saliency.Module::name).toList();
    assertEquals(List.of(expected.split(" ", -1)), names);
  }

  /** 0.07 * 100 is 7.000000000000001 in double precision: seven of a hundred are enough. */
  @Test
  void aShareThatIsMetExactlyIsMet() {
    Map<Parameter, Double> squares = new LinkedHashMap<>();
    for (int i = 0; i < 100; i++) {
      squares.put(Parameter.matrix("m" + i, 1, 1), 1.0);
    }
    assertTrue(0.07 * 100 > 7);
    assertEquals(7, Saliency.of(squares).most(0.07).size());
  }

  @Test
  void whatCannotBeRankedIsSaid() {
    List<Parameter> two = List.of(matrix("a", 1), matrix("b", 1));
    MachineException broken =
        assertThrows(MachineException.class, () -> Saliency.of(squares(two, 1, Double.NaN)));
    assertTrue(broken.getMessage().contains("the gradient of b is NaN"), broken.getMessage());
    MachineException flat =
        assertThrows(MachineException.class, () -> Saliency.of(squares(two, 0, 0)));
    assertTrue(flat.getMessage().contains("no gradient"), flat.getMessage());
  }

  @Test
  void candidatesAreTheLinearMapsOfTheBlocks() {
    Decoder llama = decoder("llama");
    Objective all = Objectives.of(Pipeline.defaults("NPO", List.of()).unlearn(), llama);
    List<String> names =
        Saliency.candidates(llama, all).stream().map(Parameter::name).limit(7).toList();
    String block = "model.layers.0.";
    assertEquals(
        List.of(
            block + "self_attn.q_proj.weight",
            block + "self_attn.k_proj.weight",
            block + "self_attn.v_proj.weight",
            block + "self_attn.o_proj.weight",
            block + "mlp.gate_proj.weight",
            block + "mlp.up_proj.weight",
            block + "mlp.down_proj.weight"),
        names);
    assertEquals(3 * 7, Saliency.candidates(llama, all).size());
  }

  /**
   * In every family: matrices, none of them the table or the head, as many in each block but where
   * only some blocks have experts.
   */
  @ParameterizedTest
  @MethodSource("org.unlearn4j.fixtures.Fixture#names")
  void neitherTablesNorHeadsAreCandidatesInAnyFamily(String family) {
    Decoder decoder = decoder(family);
    List<Parameter> found = decoder.blockMatrices();
    ModelConfig c = decoder.config();
    assertTrue(found.size() >= 4 * c.layers(), family + ": " + found);
    if (!family.equals("qwen3_moe")) {
      assertEquals(0, found.size() % c.layers(), family);
    }
    assertTrue(decoder.parameters().containsAll(found), family);
    long matrices =
        decoder.parameters().stream()
            .filter(p -> p.shape().size() == 2)
            .filter(p -> p.dim(0) != c.vocabSize() && !p.name().equals("transformer.wpe.weight"))
            .count();
    assertEquals(matrices, found.size(), family);
  }

  private static Objective rmu(String trainable) {
    List<String> sets =
        List.of(
            "unlearn.objective.layer=1",
            "unlearn.objective.trainable=" + trainable,
            "unlearn.salient_share=0.25");
    return Objectives.of(Pipeline.defaults("RMU", sets).unlearn(), decoder("llama"));
  }

  @Test
  void onlyWhatTheObjectiveTrainsIsACandidate() {
    Decoder llama = decoder("llama");
    Objective objective = rmu("model[.]layers[.]1[.].*");
    List<Parameter> candidates = Saliency.candidates(llama, objective);
    assertEquals(7, candidates.size());
    assertTrue(candidates.stream().allMatch(p -> p.name().contains(".1.")));
    // Chosen modules and the objective's own pattern: both must agree.
    Objective both =
        objective.training(Set.of(candidates.get(0).name(), "model.layers.0.mlp.up_proj.weight"));
    assertEquals(
        List.of(candidates.get(0)), llama.parameters().stream().filter(both::trains).toList());
  }

  @Test
  void aPatternThatLeavesNoModuleIsAMistake() {
    UserException e = assertThrows(UserException.class, () -> rmu(".*norm[.]weight"));
    assertEquals(
        "unlearn.salient_share: found 0.25, but unlearn.objective.trainable matches no linear map of a"
            + " block, expected a pattern that matches one, such as"
            + " model.layers.0.self_attn.q_proj.weight.",
        e.getMessage());
  }
}
