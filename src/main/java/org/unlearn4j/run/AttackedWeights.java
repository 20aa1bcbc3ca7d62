package org.unlearn4j.run;

import java.nio.file.Files;
import org.unlearn4j.base.UserException;
import org.unlearn4j.nn.ModelConfig;
import org.unlearn4j.nn.OwnHead;
import org.unlearn4j.nn.WeightSource;
import org.unlearn4j.onnx.ReadBack;
import org.unlearn4j.tf.TensorFlowModel;
import org.unlearn4j.weights.SafeTensors;

/**
 * The weights of a model that is attacked, for TensorFlow: those of a folder, or those that a
 * deployed file stands for, read back from it. The folder that the file was made from only says
 * where in the file they are.
 */
final class AttackedWeights implements AutoCloseable {
  private final OwnHead head;
  private final SafeTensors trained;
  private final ReadBack file;

  private AttackedWeights(OwnHead head, SafeTensors trained, ReadBack file) {
    this.head = head;
    this.trained = trained;
    this.file = file;
  }

  /**
   * Opens them.
   *
   * @throws UserException if a file's weights are not all found in it, or a folder is at fault
   */
  static AttackedWeights open(AttackStage.Subject subject) {
    OwnHead head = OwnHead.of(ModelConfig.read(subject.trained()));
    SafeTensors trained = SafeTensors.open(subject.trained());
    try {
      trained.require(head.shapes());
      return new AttackedWeights(
          head, trained, subject.deployed() ? file(subject, head, trained) : null);
    } catch (RuntimeException | Error e) {
      trained.close();
      throw e;
    }
  }

  private static ReadBack file(AttackStage.Subject subject, OwnHead head, SafeTensors trained) {
    ReadBack file =
        ReadBack.of(subject.model(), RuntimeModels.variant(subject.runtime()), head, trained);
    if (!file.counts().unread().isEmpty()) {
      file.close();
      throw UserException.at(
          subject.model(),
          "",
          "no weights like " + file.counts().unread() + " of " + subject.trained(),
          "the file that was made from that folder");
    }
    return file;
  }

  /**
   * Refuses a deployed model whose folder is not there.
   *
   * @throws UserException naming it
   */
  static void require(AttackStage.Subject subject) {
    if (subject.deployed() && !Files.exists(subject.trained().resolve("config.json"))) {
      throw UserException.at(
          subject.trained(),
          "",
          "no model",
          "the Hugging Face folder that "
              + subject.model()
              + " was made from, by which attack.push,"
              + " lens, soft_prompt and head find the weights in the file (--trained)");
    }
  }

  /** The model, its head a matrix of its own. */
  OwnHead model() {
    return head;
  }

  /** Values of its parameters, until {@link #close}, for several threads. */
  WeightSource values() {
    return file == null
        ? (p, from, to) -> trained.read(head.stored(p), from, to)
        : (p, from, to) -> {
          synchronized (file) { // which keeps what it has read last
            file.read(p, from, to);
          }
        };
  }

  TensorFlowModel onTensorFlow(BatchLanes lanes) {
    return TensorFlowModel.of(head.decoder(), values(), lanes.tensorFlow(head.decoder().config()));
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
    trained.close();
  }
}
