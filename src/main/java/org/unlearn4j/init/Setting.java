package org.unlearn4j.init;

/**
 * A line of a pipeline file.
 *
 * @param key dotted
 * @param value as YAML
 * @param why it has this value, a sentence or two without a line break; empty: nothing to say
 */
record Setting(String key, String value, String why) {}
