import java.nio.file.Path;
import java.util.List;
import org.unlearn4j.config.Pipeline;
import org.unlearn4j.job.Job;
import org.unlearn4j.parity.Verdict;

/** Runs the pipeline of the example own-pairs with fewer epochs, and prints the verdict. */
public class Forget {
  public static void main(String[] arguments) {
    Pipeline pipeline =
        Pipeline.read(Path.of("examples/own-pairs/pipeline.yaml"), List.of())
            .with("unlearn.epochs=4", "export.variants=[int8]");
    Job.Result result = Job.of(pipeline).in(Path.of("runs/example-java-library")).run();
    Verdict verdict = result.verdict().orElseThrow();
    verdict.failures().forEach(System.out::println);
    double before = result.evaluation("target.tf.json").metrics().get("forget_prob");
    double after = result.evaluation("unlearned.onnx-int8.json").metrics().get("forget_prob");
    System.out.printf("pass: %s; forget probability %.3f, before %.3f%n", verdict.pass(), after, before);
  }
}
