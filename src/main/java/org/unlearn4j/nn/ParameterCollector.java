package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Walks a decoder without emitting anything: a tensor is the width of its last axis. Collects the
 * parameters and checks that widths fit, so that a wrong family definition fails before any runtime
 * sees it.
 */
final class ParameterCollector implements Emitter<Integer> {
  /** Stands for token ids, which have no feature axis. */
  static final Integer IDS = 0;

  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final List<Parameter> blockMatrices = new ArrayList<>();
  private final Map<String, Linear> linears = new LinkedHashMap<>();
  private final Set<String> tables = new HashSet<>();
  private final List<Routed> routed = new ArrayList<>();
  private int blocks;
  private boolean inBlock;

  List<Parameter> parameters() {
    return new ArrayList<>(parameters.values());
  }

  List<Parameter> blockMatrices() {
    return blockMatrices;
  }

  List<Routed> routed() {
    return routed;
  }

  List<Linear> linears() {
    return linears.values().stream().filter(l -> !tables.contains(l.weight().name())).toList();
  }

  @Override
  public Integer block(Integer x, UnaryOperator<Integer> body) {
    inBlock = true;
    Integer y = body.apply(x);
    inBlock = false;
    blocks++;
    return y;
  }

  @Override
  public <R> R within(String scope, Supplier<R> body) {
    return body.get();
  }

  @Override
  public Integer embedding(Integer ids, Parameter table) {
    tables.add(table.name());
    use(table);
    return table.dim(1);
  }

  @Override
  public Integer positionEmbedding(Parameter table) {
    use(table);
    return table.dim(1);
  }

  @Override
  public Integer linear(Integer x, Linear linear) {
    check(linear.weight().name(), linear.in(), x);
    use(linear.weight());
    linears.putIfAbsent(linear.weight().name(), linear);
    if (inBlock) {
      blockMatrices.add(linear.weight());
    }
    linear.bias().ifPresent(this::use);
    return linear.out();
  }

  @Override
  public Integer rmsNorm(Integer x, Norm norm) {
    return layerNorm(x, norm);
  }

  @Override
  public Integer layerNorm(Integer x, Norm norm) {
    check(norm.weight().name(), norm.size(), x);
    use(norm.weight());
    norm.bias().ifPresent(this::use);
    return x;
  }

  @Override
  public Integer headNorm(Integer x, int heads, Norm norm) {
    check(norm.weight().name(), heads * norm.size(), x);
    use(norm.weight());
    return x;
  }

  @Override
  public Integer rotary(Integer x, int heads, Rotary rotary) {
    check("rotary embedding", heads * rotary.headDim(), x);
    return x;
  }

  @Override
  public Integer attention(Integer q, Integer k, Integer v, Attention a) {
    check("attention queries", a.heads() * a.headDim(), q);
    check("attention keys", a.kvHeads() * a.headDim(), k);
    check("attention values", a.kvHeads() * a.headDim(), v);
    a.sinks().ifPresent(this::use);
    return q;
  }

  @Override
  public Integer experts(Integer x, Experts experts) {
    check("router", experts.all().size(), linear(x, experts.router()));
    linears.remove(experts.router().weight().name());
    routed.add(new Routed(blocks, experts.all().size(), experts.chosen()));
    for (Experts.Expert e : experts.all()) {
      check("experts", experts.out(), experts.emit(this, x, e));
    }
    return experts.out();
  }

  @Override
  public Integer activation(Integer x, Activation f) {
    return x;
  }

  @Override
  public Integer clampedGate(Integer gate, Integer up, ClampedGate form) {
    return multiply(gate, up);
  }

  @Override
  public Integer add(Integer a, Integer b) {
    check("addition", a, b);
    return a;
  }

  @Override
  public Integer multiply(Integer a, Integer b) {
    check("multiplication", a, b);
    return a;
  }

  @Override
  public Integer scale(Integer x, double factor) {
    return x;
  }

  @Override
  public Integer softcap(Integer x, double cap) {
    return x;
  }

  @Override
  public List<Integer> split(Integer x, int... sizes) {
    List<Integer> parts = new ArrayList<>();
    int sum = 0;
    for (int size : sizes) {
      parts.add(size);
      sum += size;
    }
    check("split", sum, x);
    return parts;
  }

  @Override
  public List<Integer> splitHeads(Integer x, int heads, int... sizes) {
    int[] all = Arrays.stream(sizes).map(size -> heads * size).toArray();
    return split(x, all);
  }

  private void use(Parameter p) {
    Parameter known = parameters.putIfAbsent(p.name(), p);
    if (known != null && !known.equals(p)) {
      throw new IllegalStateException(p.name() + " is used as " + p + " and as " + known);
    }
  }

  private static void check(String what, int expected, int found) {
    if (expected != found) {
      throw new IllegalStateException(what + ": width " + found + ", expected " + expected);
    }
  }
}
