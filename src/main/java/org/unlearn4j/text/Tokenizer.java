package org.unlearn4j.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Set;
import org.unlearn4j.base.UserException;

/**
 * The tokenizer of a Hugging Face model folder: {@code tokenizer.json}, run by the Hugging Face
 * tokenizers library, so that ids are those the model was trained with. Nothing is ever cut or
 * padded here, whatever the file says, and nothing is fetched. A file with parts that the library
 * may fail over is run in a process of its own.
 *
 * <p>Special tokens get their roles from {@code tokenizer_config.json}, then {@code config.json},
 * then {@code generation_config.json}; only {@code tokenizer.json} itself must exist. Holds native
 * memory: close it.
 */
public final class Tokenizer implements AutoCloseable {
  private final Path folder;
  private final TokenizerFiles files;
  private final NativeTokenizer tokenizer;
  private final int[] leading;

  private Tokenizer(Path folder, TokenizerFiles files, NativeTokenizer tokenizer) {
    this.folder = folder;
    this.files = files;
    this.tokenizer = tokenizer;
    this.leading = leading(encode("a", true), encode("a", false));
  }

  /**
   * Opens the tokenizer of a model folder.
   *
   * @throws UserException if there is no {@code tokenizer.json}, or a file is broken or names
   *     tokens that do not exist
   */
  public static Tokenizer open(Path folder) {
    TokenizerFiles files = TokenizerFiles.read(folder);
    NativeTokenizer library = load(folder.resolve("tokenizer.json"), files);
    try {
      return new Tokenizer(folder, files, library);
    } catch (RuntimeException e) {
      library.close();
      throw e;
    }
  }

  private static NativeTokenizer load(Path file, TokenizerFiles files) {
    byte[] json = files.tokenizerJson().getBytes(StandardCharsets.UTF_8);
    if (!files.known()) {
      return ChildTokenizer.load(file, json);
    }
    try {
      return InProcessTokenizer.load(json);
    } catch (IOException e) {
      throw UserException.at(
          file,
          "",
          "a tokenizer that does not load (" + e.getMessage() + ")",
          "a Hugging Face fast tokenizer",
          e);
    }
  }

  /**
   * Token ids of a text, {@code [time]}.
   *
   * @param addSpecialTokens whether the tokens that {@code tokenizer.json} puts around a text
   *     (usually one at the beginning) are added
   */
  public int[] encode(String text, boolean addSpecialTokens) {
    long[] ids;
    try {
      ids = tokenizer.encode(text, addSpecialTokens);
    } catch (UserException e) {
      throw e;
    } catch (RuntimeException e) { // of the library: a text that its vocabulary has no word for
      throw mistake("a tokenizer that cannot read a text (" + e.getMessage() + ")", e);
    }
    for (long id : ids) {
      if (id < 0 || id >= vocabSize()) {
        throw mistake("a tokenizer that turns a text into the unknown id " + id, null);
      }
    }
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  private UserException mistake(String found, RuntimeException cause) {
    return UserException.at(
        folder.resolve("tokenizer.json"),
        "",
        found,
        "a tokenizer that turns every text into ids from 0 to " + (vocabSize() - 1),
        cause);
  }

  /**
   * The text of token ids. Ids beyond the vocabulary have none: a model's table often has rows up
   * to a round number, and a model may pick one of them.
   *
   * @throws IllegalArgumentException if an id is negative
   */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    for (int id : ids) {
      if (id < 0) {
        throw new IllegalArgumentException("token " + id + ", expected ids from 0");
      }
    }
    long[] known = Arrays.stream(ids).filter(i -> i < vocabSize()).mapToLong(i -> i).toArray();
    return known.length == 0 ? "" : tokenizer.decode(known, skipSpecialTokens);
  }

  /** One more than the highest token id; a model's embedding may have more rows than that. */
  public int vocabSize() {
    return files.vocabSize();
  }

  /**
   * The tokens that {@code tokenizer.json} puts in front of a text: the beginning-of-text token
   * where the model was trained with one, otherwise nothing.
   */
  public int[] leadingIds() {
    return leading.clone();
  }

  /** Beginning of text; having one does not mean that it is added (see {@link #leadingIds()}). */
  public OptionalInt bosId() {
    return files.bos();
  }

  /** End of text: the label after the last answer token. */
  public OptionalInt eosId() {
    return files.eos();
  }

  public OptionalInt unkId() {
    return files.unk();
  }

  public OptionalInt padId() {
    return files.pad();
  }

  /**
   * The tokens that end a generation: {@link #eosId()} and all that the model's configurations
   * list.
   */
  public Set<Integer> stopIds() {
    return files.stop();
  }

  /**
   * The token that stands for a hidden one in an augmented view: the mask token if there is one,
   * else the unknown token, else end of text. Causal models rarely have a mask token; the two
   * others are tokens whose embedding says nothing of the text, which is all the view needs.
   *
   * @throws UserException if the tokenizer has none of the three
   */
  public int maskTokenId() {
    OptionalInt best =
        files.mask().isPresent()
            ? files.mask()
            : files.unk().isPresent() ? files.unk() : files.eos();
    return best.orElseThrow(
        () ->
            UserException.at(
                folder, "tokenizer", "no mask, unknown or end-of-text token", "one of them"));
  }

  /** All special tokens: those marked so in {@code tokenizer.json} and those with a role. */
  public Set<Integer> specialIds() {
    return files.special();
  }

  public boolean isSpecial(int id) {
    return files.special().contains(id);
  }

  /** Where the tokenizer came from. */
  public Path folder() {
    return folder;
  }

  /** What stands before the text's own ids. */
  private static int[] leading(int[] with, int[] without) {
    for (int from = 0; from + without.length <= with.length; from++) {
      if (Arrays.equals(with, from, from + without.length, without, 0, without.length)) {
        return Arrays.copyOf(with, from);
      }
    }
    return new int[0];
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
