package dev.caisson.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "man",
    description =
        "Prints the manual page of a verb, or of all together: caisson man run | man -l -")
final class ManCommand implements Callable<Integer> {
  @Spec private CommandSpec verb = CommandSpec.create();

  @Parameters(
      arity = "0..*",
      paramLabel = "VERB",
      description = "One that this client has, like run, or sandbox create.")
  private List<String> words = new ArrayList<>();

  @Override
  public Integer call() {
    CommandLine meant = verb.parent().commandLine();
    for (String word : words) {
      CommandLine next = meant.getSubcommands().get(word);
      if (next == null) {
        throw CliException.usage(
            "VERB must be one that `" + meant.getCommandSpec().qualifiedName() + "` has: " + word,
            "caisson man | man -l - lists them");
      }
      meant = next;
    }
    verb.commandLine().getOut().print(ManPage.of(meant.getCommandSpec()));
    verb.commandLine().getOut().flush();
    return Exit.OK;
  }
}
