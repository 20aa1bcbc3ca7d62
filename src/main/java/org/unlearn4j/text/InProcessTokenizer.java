package org.unlearn4j.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Map;

/**
 * The library in this process. What it does not foresee in a file ends the process ("panics"), so
 * that only files of {@link TokenizerParts#known() known parts} are loaded so in a run.
 */
record InProcessTokenizer(HuggingFaceTokenizer tokenizer) implements NativeTokenizer {

  /**
   * Loads a {@code tokenizer.json}.
   *
   * @throws IOException if the library refuses it
   */
  static InProcessTokenizer load(byte[] json) throws IOException {
    // The library reports its use and looks for downloads unless told otherwise.
    setIfAbsent("OPT_OUT_TRACKING", "true");
    setIfAbsent("offline", "true");
    Map<String, String> options =
        Map.of(
            "addSpecialTokens", "false",
            "truncation", "false",
            "padding", "false",
            "withOverflowingTokens", "false");
    try (var in = new ByteArrayInputStream(json)) {
      return new InProcessTokenizer(HuggingFaceTokenizer.newInstance(in, options));
    } catch (RuntimeException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  @Override
  public long[] encode(String text, boolean addSpecialTokens) {
    return tokenizer.encode(text, addSpecialTokens, false).getIds();
  }

  @Override
  public String decode(long[] ids, boolean skipSpecialTokens) {
    return tokenizer.decode(ids, skipSpecialTokens);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
