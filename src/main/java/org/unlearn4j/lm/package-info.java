/** What evaluation needs of a language model, whatever runtime it runs on. */
package org.unlearn4j.lm;
