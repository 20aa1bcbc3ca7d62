package org.unlearn4j.nn;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Walks a decoder without emitting anything, to find the ends of its residual stream: a tensor is
 * what it has to do with the stream.
 */
final class StreamTracer implements Emitter<StreamTracer.Trace> {

  /** What a tensor is. */
  sealed interface Trace {}

  /** The residual stream. */
  record Residual() implements Trace {}

  /** The stream behind a norm, times a factor. */
  record Normed(Norm norm, double factor) implements Trace {}

  /** What maps return, which may be added to the stream. */
  record Returned(List<Linear> of, boolean throughNorm) implements Trace {}

  /** Anything else: it is not added to the stream, and a map of it does not read the stream. */
  record Inner() implements Trace {}

  private static final Trace RESIDUAL = new Residual();
  private static final Trace INNER = new Inner();

  private final List<StreamEnds.Reader> readers = new ArrayList<>();
  private final Set<StreamEnds.Writer> writers = new LinkedHashSet<>();
  private int block = -1;

  private StreamTracer() {}

  /** The ends of a decoder's stream. */
  static StreamEnds of(Decoder decoder) {
    StreamTracer tracer = new StreamTracer();
    Hidden<Trace> hidden = decoder.hidden(tracer, INNER);
    tracer.block = decoder.config().layers();
    decoder.head(tracer, hidden.finalNorm());
    return new StreamEnds(tracer.readers, List.copyOf(tracer.writers));
  }

  @Override
  public <R> R within(String scope, Supplier<R> body) {
    return body.get();
  }

  @Override
  public Trace block(Trace x, UnaryOperator<Trace> body) {
    block++;
    return body.apply(x);
  }

  @Override
  public Trace stream(Trace x) {
    return x instanceof Returned r ? written(r) : residual(x);
  }

  private Trace written(Returned what) {
    for (Linear linear : what.of()) {
      writers.add(new StreamEnds.Writer(block, linear, what.throughNorm()));
    }
    return RESIDUAL;
  }

  @Override
  public Trace embedding(Trace ids, Parameter table) {
    return returned(new Linear(table, Optional.empty(), true));
  }

  @Override
  public Trace positionEmbedding(Parameter table) {
    return returned(new Linear(table, Optional.empty(), true));
  }

  private static Trace returned(Linear linear) {
    return new Returned(List.of(linear), false);
  }

  @Override
  public Trace linear(Trace x, Linear linear) {
    read(x, linear);
    return returned(linear);
  }

  private void read(Trace x, Linear linear) {
    if (x instanceof Residual) {
      readers.add(new StreamEnds.Reader(block, linear, Optional.empty(), 1));
    } else if (x instanceof Normed n) {
      readers.add(new StreamEnds.Reader(block, linear, Optional.of(n.norm()), n.factor()));
    }
  }

  @Override
  public Trace experts(Trace x, Experts experts) {
    read(x, experts.router());
    for (Experts.Expert e : experts.all()) {
      read(x, e.gate());
      read(x, e.up());
    }
    return new Returned(experts.all().stream().map(Experts.Expert::down).toList(), false);
  }

  @Override
  public Trace rmsNorm(Trace x, Norm norm) {
    return layerNorm(x, norm);
  }

  @Override
  public Trace layerNorm(Trace x, Norm norm) {
    if (x instanceof Residual) {
      return new Normed(norm, 1);
    }
    return x instanceof Returned r ? new Returned(r.of(), true) : inner(x);
  }

  @Override
  public Trace add(Trace a, Trace b) {
    if (a instanceof Returned p && b instanceof Returned q) {
      return new Returned(
          Stream.concat(p.of().stream(), q.of().stream()).toList(),
          p.throughNorm() || q.throughNorm());
    }
    Trace other = a instanceof Residual ? b : a;
    if (a instanceof Residual || b instanceof Residual) {
      return other instanceof Returned r ? written(r) : residual(INNER);
    }
    return inner(a, b);
  }

  @Override
  public Trace scale(Trace x, double factor) {
    if (x instanceof Normed n) {
      return new Normed(n.norm(), n.factor() * factor);
    }
    return x instanceof Returned ? x : inner(x);
  }

  @Override
  public Trace headNorm(Trace x, int heads, Norm norm) {
    return inner(x);
  }

  @Override
  public Trace rotary(Trace x, int heads, Rotary rotary) {
    return inner(x);
  }

  @Override
  public Trace attention(Trace q, Trace k, Trace v, Attention attention) {
    return inner(q, k, v);
  }

  @Override
  public Trace activation(Trace x, Activation f) {
    return inner(x);
  }

  @Override
  public Trace clampedGate(Trace gate, Trace up, ClampedGate form) {
    return inner(gate, up);
  }

  @Override
  public Trace multiply(Trace a, Trace b) {
    return inner(a, b);
  }

  @Override
  public Trace softcap(Trace x, double cap) {
    return inner(x);
  }

  @Override
  public List<Trace> split(Trace x, int... sizes) {
    List<Trace> parts = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      parts.add(inner(x));
    }
    return parts;
  }

  @Override
  public List<Trace> splitHeads(Trace x, int heads, int... sizes) {
    return split(x, sizes);
  }

  /** The stream itself, or behind a norm, is read by linear maps alone. */
  private static Trace inner(Trace... of) {
    for (Trace x : of) {
      if (x instanceof Residual || x instanceof Normed) {
        throw new IllegalStateException("the residual stream is read by no linear map");
      }
    }
    return INNER;
  }

  private static Trace residual(Trace x) {
    if (!(x instanceof Residual)) {
      throw new IllegalStateException("what no linear map returns is added to the residual stream");
    }
    return x;
  }
}
