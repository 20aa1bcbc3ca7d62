package org.unlearn4j.config;

import java.io.StringReader;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * YAML as nodes that know their lines. An alias stands for the very node that it names, so that a
 * few lines can be a tree without end, or one larger than memory: both are refused.
 */
public final class YamlNodes {
  /** A pipeline with every key has 200 nodes. */
  private static final int MOST_NODES = 100_000;

  private final Set<Node> around = Collections.newSetFromMap(new IdentityHashMap<>());
  private int seen;

  private YamlNodes() {}

  /**
   * The one document of a text; null where it holds none.
   *
   * @throws YAMLException if it is no YAML, or a tree without end
   */
  public static Node compose(String text) {
    Node root = new Yaml(new LoaderOptions()).compose(new StringReader(text));
    new YamlNodes().walk(root);
    return root;
  }

  private void walk(Node node) {
    if (++seen > MOST_NODES) {
      throw new YAMLException("more than " + MOST_NODES + " values, aliases written out");
    }
    if (node instanceof SequenceNode || node instanceof MappingNode) {
      if (!around.add(node)) {
        throw new YAMLException("an alias within what it stands for");
      }
      if (node instanceof SequenceNode s) {
        s.getValue().forEach(this::walk);
      } else if (node instanceof MappingNode m) {
        for (NodeTuple tuple : m.getValue()) {
          walk(tuple.getKeyNode());
          walk(tuple.getValueNode());
        }
      }
      around.remove(node);
    }
  }
}
