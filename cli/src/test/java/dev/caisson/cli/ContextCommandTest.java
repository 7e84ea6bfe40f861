package dev.caisson.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What is refused before any file is looked at. */
class ContextCommandTest {
  private final StringWriter err = new StringWriter();

  private int caisson(String... words) {
    CommandLine line = Cli.commandLine(words);
    line.setErr(new PrintWriter(err));
    return line.execute(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "context create local --address h:1 | 2 | A context's name must be",
        "context create ../x --address h:1 | 2 | A context's name must be",
        "context create x --address h | 2 | --address must be HOST:PORT: h",
        "context create x --address h:0 | 2 | --address must be HOST:PORT: h:0",
        "context create x --address h:65536 | 2 | --address must be HOST:PORT: h:65536",
        "context create x --address user@h:1 | 2 | --address must be HOST:PORT: user@h:1",
        "context create x | 2 | --address=HOST:PORT",
        "context create x --address h:1 --key /k | 2 | --certificate and --key must come together",
        "context create x --address h:1 --authorities /none | 2 | --authorities must be a file",
        "context create x --address h:1 --authorities /etc/passwd | 125 | The TLS files must be",
        "ps --context x --data /d | 2 | --data and --context must not come together"
      })
  void whatCannotBeIsSaid(String words, int code, String problem) {
    assertThat(caisson(words.strip().split(" "))).isEqualTo(code);
    assertThat(err.toString()).contains(problem.strip());
  }

  @ParameterizedTest
  @ValueSource(strings = {"h:1", "gateway.example.org:7443", "10.0.0.1:65535", "[2001:db8::1]:443"})
  void anAddressIsAHostAndAPort(String address) {
    assertThat(Context.isAddress(address)).isTrue();
  }
}
