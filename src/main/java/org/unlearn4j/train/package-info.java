/** The training loop: batch plan, schedule, AdamW, checkpoints, resume, progress. */
package org.unlearn4j.train;
