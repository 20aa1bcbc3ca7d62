/**
 * The command line: one class a command, and the frame that parses, helps and turns failures into
 * exit codes.
 */
package org.unlearn4j.cli;
