package org.unlearn4j.text;

/** The Hugging Face tokenizers library with one tokenizer loaded, wherever it runs. */
interface NativeTokenizer extends AutoCloseable {
  /** Token ids of a text, {@code [time]}. */
  long[] encode(String text, boolean addSpecialTokens);

  /** The text of token ids. */
  String decode(long[] ids, boolean skipSpecialTokens);

  @Override
  void close();
}
