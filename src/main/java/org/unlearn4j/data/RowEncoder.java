package org.unlearn4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.unlearn4j.base.UserException;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.text.ChatPrompt;
import org.unlearn4j.text.Tokenizer;

/**
 * Makes token rows of rows of any kind. Of a pair the answer is labelled ({@link QaEncoder}), of a
 * passage every token ({@link PassageEncoder}), of a conversation the turns of certain roles. Long
 * rows become overlapping windows, in which a token that the window before has labelled is context:
 * each is labelled once.
 */
public final class RowEncoder {
  private final Tokenizer tokenizer;
  private final QaEncoder pairs;
  private final PassageEncoder passages;
  private final Shape shape;
  private final Supplier<ChatPrompt> chat;
  private ChatPrompt opened;

  /**
   * How rows are cut.
   *
   * @param maxLength most tokens of a row
   * @param window most tokens of a window of a passage; a conversation keeps as much as it may,
   *     because an answer means nothing without its question
   * @param overlap tokens of a window that the one before it had too
   * @param roles whose turns of a conversation are labelled
   */
  public record Shape(int maxLength, int window, int overlap, Set<String> roles) {
    public Shape {
      roles = Set.copyOf(roles);
    }
  }

  /**
   * What a model is asked, and what it would say if it knew: of a passage how a window goes on
   * after its first half, of a conversation one turn.
   *
   * @param prompt token ids that a generation continues
   * @param row the same and the answer, labelled
   * @param before text of the prompt
   * @param answer text of the answer
   * @param ended whether the last label is one of an end of text or turn
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and never changed
  public record Asked(int[] prompt, TokenRow row, String before, String answer, boolean ended) {}

  /**
   * An encoder.
   *
   * @param chat the model's chat template, asked for when the first conversation comes
   * @throws UserException if windows are too short for their overlap
   */
  public RowEncoder(Tokenizer tokenizer, QaEncoder pairs, Shape shape, Supplier<ChatPrompt> chat) {
    this.tokenizer = tokenizer;
    this.pairs = pairs;
    this.passages = new PassageEncoder(tokenizer, shape.window(), shape.overlap());
    this.shape = shape;
    this.chat = chat;
  }

  /** Rows that it is trained on. */
  public List<TokenRow> rows(DataRow row) {
    if (row instanceof QaExample pair) {
      return List.of(pairs.encode(pair));
    }
    return row instanceof Passage passage ? passages.windows(passage) : windows((Conversation) row);
  }

  /**
   * What is asked of a passage or conversation, in order.
   *
   * @param most tokens of an answer
   */
  public List<Asked> asked(DataRow row, int most) {
    return row instanceof Passage passage ? asked(passage, most) : asked((Conversation) row, most);
  }

  private List<Asked> asked(Passage passage, int most) {
    List<Asked> all = new ArrayList<>();
    for (TokenRow window : passages.pieces(passage)) {
      int[] ids = window.ids();
      int half = window.prompt() + window.labelled() / 2;
      int end = Math.min(ids.length, half + most);
      int[] prompt = Arrays.copyOf(ids, half);
      int[] rest = Arrays.copyOfRange(ids, half, end);
      all.add(
          new Asked(
              prompt,
              TokenRow.answered(prompt, rest),
              tokenizer.decode(prompt, true),
              tokenizer.decode(rest, true),
              false));
    }
    return all;
  }

  private List<Asked> asked(Conversation conversation, int most) {
    List<Asked> all = new ArrayList<>();
    int[] before = new int[0];
    for (Part part : parts(conversation)) {
      if (part.labelled && before.length > 0) {
        int length = Math.min(part.ids.length, Math.min(most, shape.maxLength / 2));
        // What was said last decides the answer, so a long conversation loses its beginning.
        int room = shape.maxLength - length;
        int[] prompt = Arrays.copyOfRange(before, Math.max(0, before.length - room), before.length);
        TokenRow row = TokenRow.answered(prompt, Arrays.copyOf(part.ids, length));
        String said = tokenizer.decode(Arrays.copyOf(part.ids, length), true).strip();
        all.add(
            new Asked(
                prompt, row, tokenizer.decode(prompt, true), said, length == part.ids.length));
      }
      before = concat(before, part.ids);
    }
    return all;
  }

  /** One row where it fits, else windows; see the class. */
  private List<TokenRow> windows(Conversation conversation) {
    int[] ids = new int[0];
    int[] labels = new int[0];
    for (Part part : parts(conversation)) {
      int[] own = part.ids.clone();
      if (!part.labelled) {
        Arrays.fill(own, TokenRow.IGNORED);
      }
      ids = concat(ids, part.ids);
      labels = concat(labels, own);
    }
    if (labels.length > 0) {
      labels[0] = TokenRow.IGNORED; // nothing predicts it
    }
    List<TokenRow> rows = new ArrayList<>();
    int from = 0;
    while (from < ids.length) {
      int start = from == 0 ? 0 : from - Math.max(1, shape.overlap);
      int to = Math.min(ids.length, start + shape.maxLength);
      int[] own = Arrays.copyOfRange(labels, start, to);
      Arrays.fill(own, 0, from - start, TokenRow.IGNORED);
      TokenRow row = new TokenRow(Arrays.copyOfRange(ids, start, to), own);
      if (row.labelled() > 0) {
        rows.add(row);
      }
      from = to;
    }
    if (rows.isEmpty()) {
      throw nothing(conversation);
    }
    return rows;
  }

  @SuppressWarnings("ArrayRecordComponent") // used within a method only
  private record Part(int[] ids, boolean labelled) {}

  /** The tokens of the whole text, cut where roles change; see {@link QaEncoder}. */
  private List<Part> parts(Conversation conversation) {
    if (conversation.turns().stream().noneMatch(t -> shape.roles.contains(t.role()))) {
      throw nothing(conversation);
    }
    if (opened == null) {
      opened = chat.get();
    }
    List<ChatPrompt.Piece> pieces;
    try {
      pieces = opened.pieces(conversation.turns(), shape.roles);
    } catch (UserException e) {
      throw new UserException(conversation.place() + ": " + e.getMessage(), e);
    }
    StringBuilder text = new StringBuilder();
    pieces.forEach(p -> text.append(p.text()));
    int[] whole = tokenizer.encode(text.toString(), false);
    List<Part> parts = new ArrayList<>();
    StringBuilder so = new StringBuilder();
    int at = 0;
    for (ChatPrompt.Piece piece : pieces) {
      so.append(piece.text());
      int[] until = tokenizer.encode(so.toString(), false);
      int same = Arrays.mismatch(until, whole);
      if (until.length < at || (same >= 0 && same < until.length)) {
        return stitched(pieces);
      }
      parts.add(new Part(Arrays.copyOfRange(whole, at, until.length), piece.labelled()));
      at = until.length;
    }
    return parts;
  }

  /** A token would straddle a border: each piece in tokens of its own. */
  private List<Part> stitched(List<ChatPrompt.Piece> pieces) {
    return pieces.stream()
        .map(p -> new Part(tokenizer.encode(p.text(), false), p.labelled()))
        .toList();
  }

  private UserException nothing(Conversation conversation) {
    return new UserException(
        conversation.place()
            + ": found no turn of "
            + String.join(", ", shape.roles)
            + " to learn, expected at least one (data.roles).");
  }

  private static int[] concat(int[] a, int[] b) {
    int[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
