package org.unlearn4j.tf;

import java.util.function.Consumer;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.OpScope;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;

/**
 * A graph whose scopes do not look for names that are taken. TensorFlow Java reads the name of
 * every operation of a {@link Graph} whenever a scope is opened below another one, so that building
 * takes a time that grows with the square of the graph. A scope counts the names that it gave
 * itself: as long as all operations come from the one {@link Ops} made here, that is enough.
 */
final class LinearNames implements ExecutionEnvironment {
  private final Graph graph;
  private final Scope base;
  private final Consumer<String> made;

  private LinearNames(Graph graph, Consumer<String> made) {
    this.graph = graph;
    this.made = made;
    this.base = new OpScope(this);
  }

  /** Operations of a graph that is still empty; to be asked for once. */
  static Ops of(Graph graph) {
    return of(graph, name -> {});
  }

  /**
   * The same.
   *
   * @param made told the name of every operation that is made
   */
  static Ops of(Graph graph, Consumer<String> made) {
    return Ops.create(new LinearNames(graph, made));
  }

  @Override
  public OperationBuilder opBuilder(String type, String name, Scope scope) {
    made.accept(name);
    return graph.opBuilder(type, name, scope);
  }

  @Override
  public void attachFunction(ConcreteFunction function) {
    graph.attachFunction(function);
  }

  @Override
  public void checkInput(Operation input) {
    graph.checkInput(input);
  }

  @Override
  public Types environmentType() {
    return Types.GRAPH;
  }

  @Override
  public Scope baseScope() {
    return base;
  }

  @Override
  public boolean isInitializer(Operation op) {
    return graph.isInitializer(op);
  }
}
