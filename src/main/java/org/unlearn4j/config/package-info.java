/**
 * The pipeline file: one schema holds every key with its type, range, default and meaning; reading,
 * validation, the resolved file and the table in {@code docs/reference/pipelines.md} follow from
 * it. Knows no other room than {@code base}.
 */
package org.unlearn4j.config;
