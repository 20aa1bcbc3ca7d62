package org.unlearn4j.tf;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.unlearn4j.nn.Parameter;

/**
 * Which blocks of a model are on which of several devices: neighbours together, so that the
 * residual stream changes devices as seldom as it can. What is in no block (tables, head, last
 * norm) is on the first, so that a head that is the token table is there where the table is.
 */
final class Stages {
  private final int[] ofBlock;

  private Stages(int[] ofBlock) {
    this.ofBlock = ofBlock;
  }

  /**
   * So that no device has much more than its part of the parameters: a block goes to the next
   * device when the middle of its values lies beyond the present one's part.
   *
   * @param parameters of the model
   */
  static Stages of(List<Parameter> parameters, int devices) {
    TreeMap<Integer, Long> sizes = new TreeMap<>();
    parameters.forEach(p -> sizes.merge(block(p), p.size(), Long::sum));
    double all = sizes.values().stream().mapToLong(Long::longValue).sum();
    double before = sizes.getOrDefault(-1, 0L);
    int[] ofBlock = new int[sizes.lastKey() + 1];
    int stage = 0;
    for (int b = 0; b < ofBlock.length; b++) {
      long own = sizes.getOrDefault(b, 0L);
      int wanted = (int) Math.min(devices - 1, (before + own / 2.0) * devices / all);
      // A device that a large table has filled has no block; none after it is left out.
      stage = Math.min(Math.max(stage, wanted), devices - 1);
      ofBlock[b] = stage;
      before += own;
    }
    return new Stages(ofBlock);
  }

  /** The device of a block, counted from 0. */
  int of(int block) {
    return ofBlock[block];
  }

  /** The device of a parameter of the model or of an adapter. */
  int of(Parameter p) {
    int block = block(p);
    return block < 0 ? 0 : ofBlock[block];
  }

  /** The block that a name tells, {@code 3} of {@code model.layers.3.mlp.x}; -1 for none. */
  static int block(Parameter p) {
    for (String part : p.name().split("\\.", -1)) {
      if (!part.isEmpty() && part.chars().allMatch(Character::isDigit)) {
        return Integer.parseInt(part);
      }
    }
    return -1;
  }

  /** The device of each block. */
  List<Integer> blocks() {
    List<Integer> all = new ArrayList<>();
    for (int stage : ofBlock) {
      all.add(stage);
    }
    return all;
  }
}
