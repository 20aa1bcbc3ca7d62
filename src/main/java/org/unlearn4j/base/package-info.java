/**
 * What every room may use: errors a user can act on, atomic files, names of files, JSON, progress.
 *
 * <p>A helper belongs here only if several rooms need it and none should own it. Nothing about
 * models, data or runtimes belongs here.
 *
 * <p>May know no other room.
 */
package org.unlearn4j.base;
