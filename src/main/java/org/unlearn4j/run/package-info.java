/** The stages of a run: each reads files and writes files, whole or not at all. */
package org.unlearn4j.run;
