package dev.caisson.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BrokerOptionsTest {

  @Test
  void listensOnLoopbackUnlessToldOtherwise() {
    BrokerOptions options = parse("--data", "/d");
    assertThat(options.address()).isEqualTo("127.0.0.1:19092");
    assertThat(options.controllerPort()).isEqualTo(19_093);
    assertThat(options.readyFile()).isEqualTo(Path.of("/d/ready"));
  }

  @Test
  void takesWhatItIsGiven() {
    BrokerOptions options =
        parse(
            "--data /d --port 1 --controller-port 65535 --settings /s --ready-file /r".split(" "));
    assertThat(options)
        .isEqualTo(
            new BrokerOptions(
                Path.of("/d"), "127.0.0.1", 1, 65_535, Optional.of(Path.of("/s")), Path.of("/r")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--port 19092 | --data must be given",
        "--data | --data must have a value",
        "--dat /d | Unknown option: --dat",
        "--data /d --port x | --port must be a number: x",
        "--data /d --port 0 | --port must be from 1 to 65535: 0",
        "--data /d --port 65535 | --controller-port must be from 1 to 65535: 65536",
        "--data /d --port 7 --controller-port 7 | --controller-port must differ from --port: 7",
        "--data /d --host a,b | --host must be an address or a host name: a,b"
      })
  void refusesWhatCannotBe(String args, String message) {
    assertThatThrownBy(() -> parse(args.split(" ")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void keepsOneCopyOfEverything() throws IOException {
    Properties settings = BrokerSettings.of(parse("--data", "/d"));
    assertThat(settings)
        .containsEntry("transaction.state.log.replication.factor", "1")
        .containsEntry("offsets.topic.replication.factor", "1")
        .containsEntry("auto.create.topics.enable", "false")
        .containsEntry("log.dirs", "/d/topics");
  }

  @Test
  void takesSettingsOfAFileAboveItsOwn(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("s"), "num.io.threads=7\n");
    assertThat(BrokerSettings.of(parse("--data", "/d", "--settings", file.toString())))
        .containsEntry("num.io.threads", "7")
        .containsEntry("num.network.threads", "2");
  }

  private static BrokerOptions parse(String... args) {
    return BrokerOptions.parse(args);
  }
}
