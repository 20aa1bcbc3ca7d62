package org.unlearn4j.run;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.unlearn4j.base.HostName;
import org.unlearn4j.base.MachineException;
import org.unlearn4j.base.Shard;
import org.unlearn4j.base.StopRequest;
import org.unlearn4j.base.UserException;
import org.unlearn4j.eval.EvalItem;
import org.unlearn4j.eval.EvalSet;
import org.unlearn4j.eval.FailedRows;
import org.unlearn4j.eval.ScoreJournal;
import org.unlearn4j.eval.Scorer;
import org.unlearn4j.eval.Subject;
import org.unlearn4j.lm.LanguageModel;
import org.unlearn4j.lm.RowGradients;
import org.unlearn4j.lm.TokenRow;
import org.unlearn4j.stage.Inputs;

/**
 * A model that is open to be measured, and the rows that it is asked: once for as many parts of the
 * evaluation as a process has. For one thread at a time.
 */
public final class OpenEvaluation implements AutoCloseable {
  private static final int NAMED = 5;

  private final EvaluateStage.Request request;
  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final LanguageModel model;
  private final Optional<RowGradients> gradients;
  private final Suites.Prepared prepared;
  private final Map<String, String> read;
  private final String identity;

  /**
   * Opens everything or nothing.
   *
   * @throws UserException if model or data are at fault
   */
  OpenEvaluation(EvaluateStage stage, EvaluateStage.Request request) {
    this.request = request;
    try {
      // Before anything is read: rows that are kept are of files that were these at the time.
      Inputs known = stage.inputs(request, Optional.empty());
      this.model = opened(stage.openForBatches(request.model(), request.runtime()));
      TaskData data = opened(stage.data(request.model(), model.shape().maxPositions()));
      this.gradients = stage.gradients(request);
      gradients.ifPresent(open::push);
      this.prepared = stage.prepared(data, model);
      data.notes().forEach(System.err::println);
      prepared.notes().forEach(System.err::println);
      this.read = Map.copyOf(data.read());
      this.identity = known.with(read).identity("evaluate");
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    open.push(resource);
    return resource;
  }

  LanguageModel model() {
    return model;
  }

  Suites.Prepared prepared() {
    return prepared;
  }

  /** The data's files, by content. */
  public Map<String, String> read() {
    return read;
  }

  /** The journal of finished rows in a file, of exactly these inputs; none without a file. */
  ScoreJournal journal(Optional<Path> kept) {
    return kept.map(file -> ScoreJournal.open(file, identity)).orElseGet(ScoreJournal::none);
  }

  Subject subject(Bars bars, ScoreJournal journal) {
    return Subject.of(request.name(), model, bars).withGradients(gradients).withJournal(journal);
  }

  Bars bars() {
    return new Bars(request.name() + " on " + model.runtime());
  }

  /**
   * How much a part was.
   *
   * @param batches of the part
   * @param all batches of the evaluation
   * @param tokens that went through the model now, padding not counted
   */
  public record Asked(int batches, int all, long tokens) {}

  /**
   * Asks the model a part of the evaluation, whole batches, into a journal.
   *
   * @param kept the journal; what an earlier run of the same inputs has left there is not asked
   *     again
   * @throws MachineException if the machine fails; the message has the rows and the machine
   */
  public Asked ask(Shard shard, Path kept) {
    try (Bars bars = bars();
        ScoreJournal journal = journal(Optional.of(kept))) {
      Scorer scorer = prepared.suite().ask(subject(bars, journal), shard);
      return new Asked(scorer.batches(), scorer.batchesOfAll(), scorer.tokens());
    } catch (UserException | StopRequest.Stopped e) {
      throw e;
    } catch (MachineException e) {
      throw new MachineException(place(shard, e) + e.getMessage(), e);
    } catch (RuntimeException e) {
      throw new IllegalStateException(place(shard, e) + e, e); // a bug, and it shows as one
    }
  }

  private String place(Shard shard, RuntimeException failure) {
    return "part "
        + shard
        + " of "
        + request.model()
        + " on "
        + HostName.get()
        + FailedRows.of(failure).map(rows -> ", " + names(prepared.suite().sets(), rows)).orElse("")
        + ": ";
  }

  /** Rows by set and number in the data's file, as reports count them. */
  static String names(List<EvalSet> sets, List<TokenRow> failed) {
    List<String> names = new ArrayList<>();
    for (EvalSet set : sets) {
      String rows =
          set.items().stream()
              .filter(item -> rows(item).anyMatch(failed::contains))
              .map(item -> String.valueOf(item.index()))
              .collect(Collectors.joining(", "));
      if (!rows.isEmpty()) {
        names.add(set.name() + " rows " + rows);
      }
    }
    String more = names.size() > NAMED ? " and more" : "";
    return names.isEmpty()
        ? failed.size() + " rows"
        : String.join("; ", names.subList(0, Math.min(NAMED, names.size()))) + more;
  }

  private static Stream<TokenRow> rows(EvalItem item) {
    return Stream.concat(
        Stream.of(item.answerRow(), TokenRow.unlabelled(item.prompt())),
        Stream.concat(item.paraphrase().stream(), item.perturbed().stream()));
  }

  @Override
  public void close() {
    RuntimeException failure = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        failure = new IllegalStateException("a model could not be closed", e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
