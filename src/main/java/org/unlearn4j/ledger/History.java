package org.unlearn4j.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What follows from the records of a ledger: which model is in use, and how each request stands.
 *
 * @param begun the first record's content; empty for an empty ledger
 * @param steps unlearnings that led to the model in use, in order
 * @param requests every request that a record names, in the order of its first one
 */
public record History(
    Optional<ObjectNode> begun, List<Step> steps, Map<String, Standing> requests) {
  /** The metric that says whether a request still holds. */
  public static final String HELD_BY = "forget_prob";

  /**
   * An unlearning that counts.
   *
   * @param number of its record
   * @param at its time
   */
  public record Step(int number, String at, Unlearned what) {}

  /** How a request stands. */
  public enum State {
    /** The model in use has forgotten it. */
    FORGOTTEN,
    /** Its last run was refused by a gate. */
    REFUSED,
    /** It was withdrawn by going back to the model before it. */
    WITHDRAWN,
    /** A request before it was withdrawn, so that it has to be run again. */
    OPEN_AGAIN
  }

  /**
   * A request.
   *
   * @param since when it came to stand so
   * @param sealed since when its rows are encrypted; empty where they are not
   * @param notCheckable since when there are only keyed hashes of its rows
   */
  public record Standing(
      State state, String since, Optional<String> sealed, Optional<String> notCheckable) {}

  public History {
    steps = List.copyOf(steps);
    requests = Collections.unmodifiableMap(new LinkedHashMap<>(requests));
  }

  /** Goes through the records. */
  static History of(List<Entry> entries) {
    Optional<ObjectNode> begun = Optional.empty();
    List<Step> steps = new ArrayList<>();
    Map<String, Standing> requests = new LinkedHashMap<>();
    for (Entry e : entries) {
      switch (e.kind()) {
        case BEGUN -> begun = Optional.of(e.content());
        case UNLEARNED -> {
          Unlearned what = Unlearned.of(e.content());
          steps.add(new Step(e.number(), e.at(), what));
          what.names().forEach(n -> stands(requests, n, State.FORGOTTEN, e.at()));
        }
        case REFUSED ->
            Unlearned.of(e.content())
                .names()
                .forEach(n -> stands(requests, n, State.REFUSED, e.at()));
        case WITHDRAWN -> {
          int from = e.content().path("undone").asInt();
          for (Step step : steps) {
            if (step.number >= from) {
              step.what.names().forEach(n -> stands(requests, n, State.OPEN_AGAIN, e.at()));
            }
          }
          for (JsonNode name : e.content().path("requests")) {
            stands(requests, name.asText(), State.WITHDRAWN, e.at());
          }
          steps.removeIf(step -> step.number >= from);
        }
        case SEALED ->
            requests.computeIfPresent(
                e.content().path("request").asText(),
                (n, s) -> new Standing(s.state, s.since, Optional.of(e.at()), s.notCheckable));
        case TEXT_FORGOTTEN ->
            requests.computeIfPresent(
                e.content().path("request").asText(),
                (n, s) -> new Standing(s.state, s.since, s.sealed, Optional.of(e.at())));
      }
    }
    return new History(begun, steps, requests);
  }

  private static void stands(Map<String, Standing> requests, String name, State state, String at) {
    Standing before = requests.get(name);
    requests.put(
        name,
        new Standing(
            state,
            at,
            before == null ? Optional.empty() : before.sealed,
            before == null ? Optional.empty() : before.notCheckable));
  }

  /** The unlearning that made the model in use; empty where that is the first model. */
  public Optional<Step> inUse() {
    return steps.isEmpty() ? Optional.empty() : Optional.of(steps.get(steps.size() - 1));
  }

  /** Requests that the model in use has forgotten, in the order in which it did. */
  public List<String> forgotten() {
    return steps.stream().flatMap(s -> s.what.names().stream()).toList();
  }

  /** The unlearning of a request that counts. */
  public Optional<Step> step(String request) {
    return steps.stream().filter(s -> s.what.requests().containsKey(request)).findFirst();
  }

  /** Shares of the first model's utility: 1, then after each step that counts. */
  public List<Double> utility() {
    List<Double> shares = new ArrayList<>(List.of(1.0));
    steps.forEach(s -> shares.add(s.what.utility().share()));
    return shares;
  }

  /**
   * Requests whose forget probability has risen by more than it may over what it was right after
   * their own run.
   *
   * @param now metrics by request, measured on a later model
   */
  public List<String> risen(Map<String, Map<String, Double>> now, double hold) {
    List<String> risen = new ArrayList<>();
    for (Step step : steps) {
      for (String name : step.what.names()) {
        Double was = probability(step.what.checks(), name);
        Double is = probability(now, name);
        if (was != null && is != null && is > was + hold) {
          risen.add(name);
        }
      }
    }
    return risen;
  }

  private static Double probability(Map<String, Map<String, Double>> checks, String name) {
    return checks.getOrDefault(name, Map.of()).get(HELD_BY);
  }
}
