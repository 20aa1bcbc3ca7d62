/**
 * What of a body of text speaks about a person, what lies near it and must stay, and a folder of
 * that for a human being to read before anything is forgotten.
 *
 * <p>How a text names somebody, and how near two texts are, belongs here. How a file is read does
 * not (that is {@code data}), nor what is done with a request ({@code requests}).
 *
 * <p>May know {@code base}, {@code text} and {@code data}. The only room that uses Lucene.
 */
package org.unlearn4j.prepare;
