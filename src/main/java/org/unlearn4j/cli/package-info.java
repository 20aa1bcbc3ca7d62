/**
 * The command line: one class for each command, and the frame that parses, helps and turns failures
 * into exit codes.
 *
 * <p>A command reads its options, calls a room and prints. Whatever a Java program could ask for as
 * well belongs to that room. {@code RoomsTest} lists the few classes here that are no commands.
 *
 * <p>May know every room; no room knows this one.
 */
package org.unlearn4j.cli;
