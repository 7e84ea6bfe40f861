package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Each manual page as groff sets it, which must have nothing to warn of. */
@Timeout(60)
class ManPageIT {
  @TempDir private Path data;

  static Stream<CommandSpec> verbs() {
    return withThoseBelow(Cli.commandLine("man"));
  }

  private static Stream<CommandSpec> withThoseBelow(CommandLine verb) {
    return Stream.concat(
            Stream.of(verb.getCommandSpec()),
            verb.getSubcommands().values().stream().flatMap(ManPageIT::withThoseBelow))
        .distinct();
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void isSetWithoutAWarning(CommandSpec verb) throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/groff")),
        "Skipped: needs groff: apt-get install groff");
    Path page = Files.writeString(data.resolve("page"), ManPage.of(verb));
    Process groff = groff(page);
    String set = new String(groff.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(groff.waitFor()).isZero();
    assertThat(data.resolve("warnings")).content().isEmpty();
    assertThat(set)
        .startsWith(verb.qualifiedName("-").toUpperCase(java.util.Locale.ROOT) + "(1)")
        .contains("NAME", "SYNOPSIS", "EXIT STATUS", "--help", "SEE ALSO")
        .contains(verb.usageMessage().description()[0].split(" ", -1)[0]);
  }

  /** Without bold and slanted letters. */
  private Process groff(Path page) throws IOException {
    return new ProcessBuilder("groff", "-Tutf8", "-man", "-ww", "-P-cbou", page.toString())
        .redirectError(data.resolve("warnings").toFile())
        .start();
  }
}
