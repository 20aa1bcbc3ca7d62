/**
 * What one step minimises: forget losses, retain losses, the contrastive regulariser, and the step
 * graph of them.
 */
package org.unlearn4j.unlearn;
