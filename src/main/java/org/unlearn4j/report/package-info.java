/**
 * The report: one self-contained page and its plots, made of the files of a run folder and of
 * nothing else.
 */
package org.unlearn4j.report;
