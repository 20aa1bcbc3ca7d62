package org.unlearn4j.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a record of an unlearning says.
 *
 * @param requests new requests and the SHA-256 of their files, by request and then by file
 * @param strategy how the model was made
 * @param run folder of the run, relative to the ledger's
 * @param pass whether every gate holds
 * @param files SHA-256 of what the run is known by: see {@link Files}
 * @param utility of the deployed file, and as a share of the first model's
 * @param checks metrics of this and every earlier request on the deployed file
 * @param plan SHA-256 of all that decides the run
 * @param seconds that it took
 */
public record Unlearned(
    Map<String, Map<String, String>> requests,
    String strategy,
    String run,
    boolean pass,
    Files files,
    Utility utility,
    Map<String, Map<String, Double>> checks,
    String plan,
    double seconds) {

  /**
   * SHA-256 by file name.
   *
   * @param parent weights of the model that it started from
   * @param model weights of the model that came out
   * @param deployed files of the folder to deploy, by path within it
   * @param run other files of the run folder, by path within it: verdict, pipeline
   */
  public record Files(
      Map<String, String> parent,
      Map<String, String> model,
      Map<String, String> deployed,
      Map<String, String> run) {
    public Files {
      parent = new TreeMap<>(parent);
      model = new TreeMap<>(model);
      deployed = new TreeMap<>(deployed);
      run = new TreeMap<>(run);
    }
  }

  /**
   * Utility.
   *
   * @param value as the suite has it
   * @param share of the first model's
   */
  public record Utility(double value, double share) {}

  public Unlearned {
    requests = new TreeMap<>(requests);
    checks = new TreeMap<>(checks);
  }

  /** Names of the new requests, sorted. */
  public List<String> names() {
    return List.copyOf(requests.keySet());
  }

  /** As a record's content. */
  public ObjectNode json() {
    ObjectNode node = new ObjectMapper().createObjectNode();
    ArrayNode list = node.putArray("requests");
    requests.forEach(
        (name, hashes) -> put(list.addObject().put("name", name).putObject("sha256"), hashes));
    node.put("strategy", strategy).put("run", run).put("pass", pass).put("plan", plan);
    put(node.putObject("parent_sha256"), files.parent);
    put(node.putObject("model_sha256"), files.model);
    put(node.putObject("deployed_sha256"), files.deployed);
    put(node.putObject("run_sha256"), files.run);
    node.put("utility", utility.value).put("utility_share", utility.share);
    node.put("seconds", seconds);
    ObjectNode measured = node.putObject("checks");
    checks.forEach(
        (name, values) -> {
          ObjectNode one = measured.putObject(name);
          new TreeMap<>(values).forEach(one::put);
        });
    return node;
  }

  /** Back from a record's content, which its hash has vouched for. */
  public static Unlearned of(ObjectNode node) {
    Map<String, Map<String, String>> requests = new TreeMap<>();
    for (JsonNode request : node.path("requests")) {
      requests.put(request.path("name").asText(), texts(request.path("sha256")));
    }
    Map<String, Map<String, Double>> checks = new TreeMap<>();
    node.path("checks")
        .properties()
        .forEach(
            e -> {
              Map<String, Double> values = new LinkedHashMap<>();
              e.getValue()
                  .properties()
                  .forEach(v -> values.put(v.getKey(), v.getValue().asDouble()));
              checks.put(e.getKey(), values);
            });
    return new Unlearned(
        requests,
        node.path("strategy").asText(),
        node.path("run").asText(),
        node.path("pass").asBoolean(),
        new Files(
            texts(node.path("parent_sha256")),
            texts(node.path("model_sha256")),
            texts(node.path("deployed_sha256")),
            texts(node.path("run_sha256"))),
        new Utility(node.path("utility").asDouble(), node.path("utility_share").asDouble()),
        checks,
        node.path("plan").asText(),
        node.path("seconds").asDouble());
  }

  private static void put(ObjectNode into, Map<String, String> hashes) {
    hashes.forEach(into::put);
  }

  /** Texts by name; nothing where there is no object. */
  static Map<String, String> texts(JsonNode node) {
    Map<String, String> texts = new TreeMap<>();
    node.properties().forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
    return texts;
  }
}
