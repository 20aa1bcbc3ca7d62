package org.unlearn4j.config;

/** A closed choice as it is spelled in the pipeline file. */
public interface Spelled {
  String spelling();
}
