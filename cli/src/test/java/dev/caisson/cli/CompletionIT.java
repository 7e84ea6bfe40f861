package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What shells complete with the script that is made for them. */
@Timeout(60)
class CompletionIT {
  /** Types at a zsh at a terminal, and has it print the line that its keys have made. */
  private static final String TYPING =
      """
      zmodload zsh/zpty
      zpty shell "TERM=dumb zsh -f -i"
      zpty -w shell "PS1= PROMPT_EOL_MARK= ; source $1; print R''EADY"
      zpty -r shell out "*READY*"
      zpty -w -n shell $'caisson port-f\\t--addr\\t\\x01print -r -- G\\'\\'OT \\x05\\n'
      zpty -r shell out $'*GOT *\\n'
      print -r -- "$out"
      """;

  @TempDir private Path data;

  private Path script(String shell) throws IOException {
    StringWriter out = new StringWriter();
    CommandLine line = Cli.commandLine("completion");
    line.setOut(new PrintWriter(out));
    assertThat(line.execute("completion", shell)).isZero();
    return Files.writeString(data.resolve("script"), out.toString());
  }

  private String printed(String... command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("HOME", data.toString());
    Process shell = builder.redirectError(data.resolve("errors").toFile()).start();
    String printed = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(shell.waitFor()).as(Files.readString(data.resolve("errors"))).isZero();
    return printed;
  }

  @ParameterizedTest
  @CsvSource({
    "caisson port-, port-forward",
    "caisson sandbox cr, create",
    "caisson ps --outp, --output",
    "caisson ps --output y, yaml",
    "caisson completion z, zsh",
  })
  void bashCompletes(String words, String expected) throws Exception {
    String asks =
        "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_LINE=\"$*\";"
            + " _complete_caisson; printf '%s\\n' \"${COMPREPLY[@]}\"";
    List<String> typed = List.of(words.split(" ", -1));
    String[] command = {"bash", "--norc", "-c", asks, script("bash").toString()};
    assertThat(printed(concat(command, typed))).isEqualTo(expected + "\n");
  }

  private static String[] concat(String[] first, List<String> then) {
    return java.util.stream.Stream.concat(java.util.Arrays.stream(first), then.stream())
        .toArray(String[]::new);
  }

  @Test
  void zshCompletesWhatIsTyped() throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/zsh")), "Skipped: needs zsh: apt-get install zsh");
    Path typing = Files.writeString(data.resolve("typing"), TYPING);
    assertThat(printed("zsh", "-f", typing.toString(), script("zsh").toString()).lines())
        .contains("GOT caisson port-forward --address");
  }
}
