/**
 * The pipeline file: one schema holds every key with its type, range, default and meaning. Reading,
 * validation, the resolved file and the table in {@code docs/reference/pipelines.md} follow from
 * it.
 *
 * <p>A new key and a rule about combinations of keys belong here. What a runtime can do with a
 * setting does not; this room loads no runtime.
 *
 * <p>May know {@code base} and {@code weights}.
 */
package org.unlearn4j.config;
