/**
 * The command line: one class a command, and the frame that parses, helps and turns failures into
 * exit codes. A command reads its options, calls a room and prints; whatever could be asked for
 * from Java as well belongs to that room. {@code RoomsTest} lists the few classes here that are no
 * commands. May know every room; no room knows this one.
 */
package org.unlearn4j.cli;
