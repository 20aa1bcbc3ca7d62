package org.unlearn4j.cli;

import java.util.List;

/** The commands there are, in the order of help. */
public final class Commands {
  private Commands() {}

  public static List<Command> all() {
    return List.of(
        new DoctorCommand(),
        new InspectCommand(),
        new InitCommand(),
        new PipelineCommand(),
        new RunCommand(),
        new FinetuneCommand(),
        new UnlearnCommand(),
        new ExportCommand(),
        new SurgeryCommand(),
        new LunarCommand(),
        new RoundCommand(),
        new MergeCommand(),
        new NegateCommand(),
        new EvaluateCommand(),
        new VerifyCommand(),
        new SignCommand(),
        new VerifySignatureCommand(),
        new RelearnCommand(),
        new SpectrumCommand(),
        new AttackCommand(),
        new ReportCommand(),
        new CompareCommand(),
        new StudyCommand(),
        new MetaCommand(),
        new SweepCommand(),
        new AlternatesCommand(),
        new PrepareCommand(),
        new RequestsCommand(),
        new ForwardCommand(),
        new ProbeCommand(),
        new GenerateCommand(),
        new BenchCommand(),
        new CheckCommand(),
        new GpuCheckCommand(),
        new WorkerCommand(),
        new GraphsCommand(),
        new FableCommand());
  }
}
