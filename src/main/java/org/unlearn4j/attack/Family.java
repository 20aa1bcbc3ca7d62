package org.unlearn4j.attack;

import java.util.List;

/** How a family of attacks asks for a fact; nothing where the fact does not give it. */
@FunctionalInterface
public interface Family {
  List<Probe> probes(Fact fact);
}
