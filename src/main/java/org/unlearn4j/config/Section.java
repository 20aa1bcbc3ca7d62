package org.unlearn4j.config;

/**
 * A block of the pipeline file.
 *
 * @param optional whether leaving it out means something; another block that is left out has its
 *     defaults
 */
record Section(String path, boolean optional, String doc) {}
