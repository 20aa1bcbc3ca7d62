/**
 * What every room may use: errors a user can act on, atomic files, names of files, JSON, progress.
 * Knows no other room.
 */
package org.unlearn4j.base;
