package org.unlearn4j.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.unlearn4j.base.UserException;

class PipelineMistakesTest {
  @TempDir Path folder;

  private String mistakes(String yaml, String... sets) throws IOException {
    Path file = Files.write(folder.resolve("p.yaml"), yaml.getBytes(StandardCharsets.ISO_8859_1));
    return assertThrows(UserException.class, () -> Pipeline.read(file, List.of(sets)))
        .getMessage()
        .replace(file.toString(), "p.yaml");
  }

  @Test
  void museDoesNotChat() throws IOException {
    String found =
        mistakes(
            """
            name: chat
            model: {path: models/fable-target}
            data: {benchmark: fable, template: chat}
            unlearn: {objective: {name: NPO}}
            evaluate: {suite: muse}
            """);
    assertEquals(
        "p.yaml, line 3, data.template: found chat for suite muse, expected a text (MUSE asks in"
            + " running text).",
        found.strip());
  }

  /** AltPO's answers are drawn before; nothing of passages has other answers. */
  @Test
  void otherAnswersAreNeeded() throws IOException {
    String found =
        mistakes(
            """
            name: other
            model: {path: models/fable-target}
            data: {benchmark: fable}
            unlearn: {objective: {name: AltPO}}
            """);
    assertEquals(
        "p.yaml, line 3, data.alternates: found no such key for AltPO, expected a file of JSON Lines"
            + " with question and answer (unlearn4j alternates writes one).",
        found.strip());
    for (String name : List.of("DPO", "FLAT", "AltPO")) {
      String passages =
          mistakes(
              """
              name: other
              model: {path: models/fable-target}
              data: {benchmark: fable, form: both, alternates: others.jsonl}
              unlearn: {objective: {name: NAME}}
              """
                  .replace("NAME", name));
      assertTrue(
          passages.contains("data.form: found passages for " + name + ", expected questions, to"),
          passages);
    }
  }

  /** An alias is the node it names: within itself a tree without end, doubled often a large one. */
  @Test
  void aliasesWithoutEnd() throws IOException {
    assertTrue(
        mistakes("name: &a [*a]\n").contains("p.yaml: found broken YAML (an alias within what"));
    assertTrue(mistakes("name: &a {b: {c: *a}}\n").contains("an alias within what it stands for"));
    StringBuilder laughs = new StringBuilder("x0: &x0 [1, 1]\n");
    for (int i = 1; i < 24; i++) {
      String before = "*x" + (i - 1);
      laughs.append("x" + i + ": &x" + i + " [" + before + ", " + before + "]\n");
    }
    assertTrue(mistakes(laughs.toString()).contains("more than 100000 values, aliases written"));
    assertTrue(mistakes("name: " + "[".repeat(500)).contains("found broken YAML (Nesting Depth"));
    String shared = "name: &n [1]\nmodel: {path: *n}\n";
    assertTrue(mistakes(shared).contains("p.yaml, line 2, model.path: found the list [1]"), shared);
  }

  @Test
  void everyMistakeIsReportedAtOnceWithItsLine() throws IOException {
    String found =
        mistakes(
            """
            name: two words
            model: {path: /no/such/model, precison: bf16}
            data: {benchmark: tofu}
            unlearn:
              objective: {name: GradDiff, beta: 1, gamma: "1"}
              epochs: 2.5
              epochs: 3
              clreg: {mask_probability: 1, layers: [last, first]}
              checkpoint_every:
            epochs: 3
            export: [fp32]
            """,
            "unlearn.clreg.temperature=0",
            "unlearn.batch_sise=4",
            "verify");
    List<String> expected =
        List.of(
            "p.yaml, line 1, name: found two words, expected a name of letters, digits, dot, dash"
                + " and underscore.",
            "p.yaml, line 2, model.precison: found an unknown key, expected one of init, path,"
                + " reference, config, tokenizer, precision, device, spread, architecture (did you"
                + " mean precision?).",
            "p.yaml, line 2, model.path: found /no/such/model, which does not exist, expected a"
                + " Hugging Face model folder.",
            "p.yaml, line 3, data.path: found no such key, expected a folder with TOFU's files.",
            "p.yaml, line 5, unlearn.objective.gamma: found the text \"1\", expected a number of at"
                + " least 0.",
            "p.yaml, line 5, unlearn.objective.beta: found a setting that GradDiff does not have,"
                + " expected one of name, gamma, alpha, retain, floor, floor_factor, pull.",
            "p.yaml, line 6, unlearn.epochs: found 2.5, expected an integer of at least 1.",
            "p.yaml, line 7, unlearn.epochs: found the key a second time, expected it once.",
            "p.yaml, line 8, unlearn.clreg.layers: found the list [last, first], expected a list of"
                + " different layers (embeddings, last or a block number from 0).",
            "p.yaml, line 8, unlearn.clreg.mask_probability: found 1, expected a number from 0 to"
                + " less than 1.",
            "p.yaml, line 9, unlearn.checkpoint_every: found nothing, expected an integer of at"
                + " least 0.",
            "p.yaml, line 10, epochs: found an unknown key, expected one of name, model, data,"
                + " finetune, unlearn, export, evaluate, verify, card, relearn, attack (did you"
                + " mean finetune.epochs?).",
            "p.yaml, line 11, export: found the list [fp32], expected a mapping with variants,"
                + " opset, attention, adapter, hidden_states, logits, int4, int8.",
            "--set unlearn.clreg.temperature=0: found 0, expected a number greater than 0.",
            "--set unlearn.batch_sise=4: found an unknown key, expected one of epochs, batch_size,"
                + " accumulate, learning_rate, schedule, warmup_epochs, optimizer, weight_decay,"
                + " clip_norm, seed, checkpoint_every, recompute, router_loss, retain_rows,"
                + " quantization_aware, quantization_share, salient_share, watch, watch_rows,"
                + " tuning_share, seeds, objective, stop, choose, clreg, robust, combine, adapter, surgery (did you mean"
                + " batch_size?).",
            "--set verify: found no key=value, expected for instance unlearn.epochs=3.");
    assertEquals(String.join("\n", expected), found);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
"""
NPO      | unlearn.objective.beta=0            | found 0, expected a number greater than 0
NPO      | unlearn.objective.beta=nan          | found nan, expected a number greater than 0
NPO      | unlearn.objective.beta=1e999        | found 1e999, expected a number greater than 0
NPO      | unlearn.objective.delta=1           | found a setting that NPO does not have
NPO      | unlearn.objective.retain=nll        | (did you mean NLL?)
NPO      | unlearn.objective.retain=EmbedDiff  | found EmbedDiff for NPO, expected NLL, KL or none
NPO      | unlearn.objective.gamma=0           | nothing would be forgotten
NPOO     | unlearn.seed=1                      | (did you mean NPO?)
GradAscent | unlearn.objective.retain=NLL      | expected none (GradDiff is the one that retains)
PDU      | unlearn.seed=1                      | epsilon: found no such key
RMU      | unlearn.seed=1                      | layer: found no such key
RMU      | unlearn.objective.layer=-1          | found -1, expected embeddings, last or a block number
CircuitBreaker | unlearn.seed=1                | layers: found no such key
CircuitBreaker | unlearn.objective.layers=[1, 1] | found the list [1, 1], expected a list of different layers
CircuitBreaker | unlearn.objective.adaptive=true | found a setting that CircuitBreaker does not have
CircuitBreaker | unlearn.objective={name: CircuitBreaker, layers: 1, floor: 1} | found a setting that CircuitBreaker does not have
CircuitBreaker | unlearn={batch_size: 1, objective: {name: CircuitBreaker, layers: 1, orthogonality: 0.1}} | found 1 beside unlearn.objective.orthogonality, expected at least 2
RMU      | unlearn.objective={name: RMU, layer: 1, adaptive: 2} | found 2, expected true or false
RMU      | unlearn.objective.trainable=a(      | found a(, expected a regular expression
NPO      | unlearn.objective.floor=0           | found 0, expected none, reference, strangers or a number
NPO      | unlearn.objective.floor=stranger    | (did you mean strangers?)
NPO      | unlearn.stop.goal=2                 | found 2, expected reference, strangers, perturbed or a number from 0 to 1
NPO      | unlearn.stop.goal=reference         | found reference without model.reference, expected such a model
NPO      | unlearn.choose={metric: mia_loss_auc, goal: perturbed} | found perturbed for mia_loss_auc
NPO      | unlearn={choose: {}, watch: 0, objective: {name: NPO}} | found 0 beside unlearn.choose, expected a number greater than 0
NPO      | unlearn.seeds=3                     | found several without unlearn.choose, expected 1, or such a block
NPO      | unlearn.objective.floor=reference   | which unlearn.objective.floor is measured on
NPO      | unlearn.objective.pull=-1           | found -1, expected a number
RMU      | unlearn.objective.floor=1           | found a setting that RMU does not have
NPO      | unlearn.watch=-1                    | found -1, expected a number
NPO      | unlearn.watch_rows=0                | found 0, expected an integer of at least 1
NPO      | unlearn.retain_rows=0               | found 0, expected an integer of at least 1
NPO      | unlearn.salient_share=0             | found 0, expected a number greater than 0, at most 1
NPO      | unlearn.salient_share=1.5           | found 1.5, expected a number greater than 0, at most 1
NPO      | unlearn.robust.attack=sam            | (did you mean SAM?)
NPO      | unlearn.robust.radius=0             | found 0, expected a number greater than 0
NPO      | unlearn.robust.steps=0              | found 0, expected an integer from 1 to 100
NPO      | unlearn={robust: {}, objective: {name: NPO, retain: KL}} | found relearn with retain: KL, expected SAM, noise or none, or else retain: NLL
NPO      | unlearn={robust: {}, objective: {name: NPO, alpha: 0}} | found relearn with alpha: 0, expected SAM, noise or none, or else an alpha greater than 0
GradAscent | unlearn.robust.attack=relearn     | found relearn with retain: none
UNDIAL   | unlearn.robust.attack=relearn       | found relearn with alpha: 0
NPO      | unlearn={robust: {}, router_loss: 0.1} | found 0.1 with unlearn.robust.attack, expected 0 (no attack)
NPO      | unlearn.combine.rule=gru             | (did you mean GRU?)
NPO      | unlearn.combine.average=1           | found 1, expected a number from 0 to less than 1
NPO      | unlearn={combine: {rule: GRU}, objective: {name: NPO, retain: none}} | rule: found GRU with retain: none, expected sum, or else a retain loss
UNDIAL   | unlearn.combine.rule=PCGrad         | found PCGrad with alpha: 0, expected sum
NPO      | unlearn={combine: {rule: agree}, router_loss: 0.1} | found 0.1 with unlearn.combine.rule, expected 0, or rule: sum
NPO      | unlearn={combine: {rule: agree}, adapter: {orthogonality: 0.5}} | found a weight beside unlearn.combine, expected 0
NPO      | unlearn.surgery.healing.steps=0     | found 0, expected an integer of at least 1
NPO      | unlearn.surgery.healing.learning_rate=-1 | found -1, expected a number of at least 0
NPO      | unlearn.router_loss=auto            | found auto, expected config or a number of at least 0
NPO      | unlearn.warmup_epochs=11            | found 11.0, expected at most the 10 epochs there are
NPO      | unlearn.batch_size=99999999999      | expected an integer of at least 1
NPO      | export.opset=21                     | found 21, expected one of 17, 23
NPO      | export.adapter=separate             | found separate without unlearn.adapter, expected merged, or such a block
NPO      | export.variants=[fp32, fp32]        | expected a list of different variants
NPO      | verify.top1_min=1.01                | expected a number from 0 to 1
NPO      | model.device=gpu                    | expected auto, cpu or gpu:N
NPO      | model.device=[cpu:0]                | expected auto, cpu or gpu:N, or a list of two or more
NPO      | model.device=[a:7000/cpu, a:7000/cpu] | expected auto, cpu or gpu:N, or a list of two or more
NPO      | model.device=[a:7000/cpu, b:7000/gpu:0] | expected auto, cpu or gpu:N, or a list of two or more
NPO      | model.device=[a:7000/cpu, a:7001/cpu] | expected auto, cpu or gpu:N, or a list of two or more
NPO      | model.device=[a:7000/cpu, cpu:1]     | expected auto, cpu or gpu:N, or a list of two or more
NPO      | model.device=[cpu:0, cpu:0]         | found the list [cpu:0, cpu:0], expected auto
NPO      | model.device=[cpu:0, gpu:1]         | or a list of two or more different gpu:N (or cpu:N,
NPO      | model.init=random                   | either model.config or model.architecture
NPO      | data.retain=forget10                | found forget10, which is forgotten too
NPO      | data.benchmark=jsonl                | data.forget: found no such key
NPO      | data.forget=mine                    | data.retain: found no such key
NPO      | unlearn.clreg.stop_gradient=maybe   | expected true or false
NPO      | relearn.share=0                     | found 0, expected a number greater than 0, at most 1
NPO      | relearn.shar=0.5                    | (did you mean share?)
NPO      | relearn={gain_max: 0.1, teach: [related]} | found no forget beside relearn.gain_max, expected forget among them
NPO      | relearn.curve={}                    | relearn.curve.steps
NPO      | relearn.shares=[0.1, 2]             | expected a list of different shares
NPO      | relearn={epochs: 2, warmup_epochs: 3} | found 3.0, expected at most the 2 epochs there are
NPO      | attack.leakage_max=1                | found a limit without model.reference, expected a model.reference
NPO      | attack={limits: {head: 1}}          | found a limit of an attack that is not made, expected one of [direct,
NPO      | attack.families=[head]              | found the list [head], expected a list of different families
NPO      | attack.soft_prompt.vectors=0        | found 0, expected an integer from 1 to 10000
NPO      | unlearn.epochs=                     | found nothing, expected an integer
NPO      | unlearn.clreg.layers=[              | broken YAML in the value
""")
  void oneWrongValueIsNamed(String objective, String set, String expected) {
    UserException e =
        assertThrows(UserException.class, () -> Pipeline.defaults(objective, List.of(set)));
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }

  /** What a base that stays as it is cannot have. */
  @Test
  void adaptersThatStayApartAreProductsAlone() {
    List<String> sets =
        List.of(
            "export.adapter=separate",
            "unlearn.adapter.train_bias=true",
            "unlearn.quantization_aware=int4");
    String found =
        assertThrows(UserException.class, () -> Pipeline.defaults("NPO", sets)).getMessage();
    assertTrue(
        found.contains(
            "unlearn.adapter.train_bias=true: found true beside export.adapter: separate, expected"
                + " false, or merged (ONNX Runtime's adapters add products; they cannot replace a"
                + " bias)."),
        found);
    assertTrue(
        found.contains(
            "unlearn.quantization_aware=int4: found int4 beside export.adapter: separate"),
        found);
  }

  /** Whole channels have one form; what training does not know, it does not pretend to know. */
  @Test
  void gridsThatCannotBeAreMistakes() {
    List<String> sets =
        List.of(
            "export.variants=[int8, int4]",
            "export.int8.symmetric=false",
            "export.int8.accuracy_level=4",
            "export.int4.block_size=64",
            "unlearn.quantization_aware=int4");
    String found =
        assertThrows(UserException.class, () -> Pipeline.defaults("NPO", sets)).getMessage();
    assertTrue(found.contains("found false for whole channels, expected true, or a"), found);
    assertTrue(found.contains("found 4 for whole channels, expected no such key, or a"), found);
    assertTrue(found.contains("found int4 beside another grid in export.int4"), found);
    // How products are computed is no grid.
    Pipeline.defaults(
        "NPO",
        List.of(
            "export.variants=[int4]",
            "export.int4.accuracy_level=4",
            "unlearn.quantization_aware=int4"));
  }

  /** Told before anything runs, with all other mistakes. */
  @Test
  void attacksNeedWhatTheyGoBackToAndWeightsOfTheirOwn() {
    List<String> sets =
        List.of(
            "model={init: random}",
            "export.adapter=separate",
            "attack.push=[merge_back]",
            "attack.limits.direct=0.1");
    String found =
        assertThrows(UserException.class, () -> Pipeline.defaults("NPO", sets)).getMessage();
    assertTrue(found.contains("attack.limits.direct=0.1: found a limit without model.ref"), found);
    assertTrue(found.contains("separate beside attack.push, lens, soft_prompt or head"), found);
  }

  @Test
  void shapesThatCannotBeAreMistakes() {
    List<String> sets =
        new ArrayList<>(
            List.of(
                "model.init=random",
                "model.architecture={hidden_size: 30, layers: 1, heads: 4, kv_heads: 3, ffn: 8}"));
    String found =
        assertThrows(UserException.class, () -> Pipeline.defaults("NPO", sets)).getMessage();
    assertTrue(found.contains("found 30, expected an even multiple of heads (4)"), found);
    assertTrue(found.contains("found 3, expected a divisor of heads (4)"), found);
    assertTrue(found.contains("model.tokenizer: found no such key"), found);
  }

  @Test
  void aFileThatIsNoPipelineIsOneSentence() throws IOException {
    assertEquals(
        "p.yaml, line 2: found broken YAML (expected ',' or '}', but got <stream end>), expected a"
            + " pipeline file.",
        mistakes("model: {path: a\n"));
    assertEquals(
        "p.yaml: found bytes that are not UTF-8, expected a pipeline file.",
        mistakes("name: \u00e9"));
    assertTrue(
        mistakes("- a\n").startsWith("p.yaml, line 1: found the list [a], expected a mapping."));
    assertTrue(
        mistakes("").contains("p.yaml, unlearn.objective.name: found no such key"), mistakes(""));
    Path none = folder.resolve("none.yaml");
    assertEquals(
        none + ": found no such file, expected a pipeline file.",
        assertThrows(UserException.class, () -> Pipeline.read(none, List.of())).getMessage());
  }

  @Test
  void missingJsonLinesFilesAreNamed() throws IOException {
    String found =
        mistakes(
            """
            name: mine
            model: {path: .}
            data: {benchmark: jsonl, path: /no/where, forget: f.jsonl, retain: r.jsonl}
            unlearn: {objective: {name: NPO}}
            """);
    assertTrue(
        found.contains("line 3, data.forget: found /no/where/f.jsonl, which does not exist"),
        found);
    assertTrue(
        found.contains("line 3, data.retain: found /no/where/r.jsonl, which does not exist"),
        found);
  }
}
