package dev.caisson.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "completion",
    description =
        "Prints a script that completes verbs and options: source <(caisson completion bash), or zsh.")
final class CompletionCommand implements Callable<Integer> {
  enum Shell {
    BASH,
    ZSH;

    /** As completion offers it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec private CommandSpec verb = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "bash|zsh",
      defaultValue = "bash",
      description = "The shell.")
  private Shell shell = Shell.BASH;

  /**
   * One script serves both: picocli's turns zsh's emulation of bash on when it finds itself there.
   */
  @Override
  public Integer call() {
    CommandLine root = verb.parent().commandLine();
    String script =
        switch (shell) {
          case BASH, ZSH -> AutoComplete.bash("caisson", root);
        };
    verb.commandLine().getOut().println(script);
    return Exit.OK;
  }
}
