package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.Process;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Descriptors and terminals of callers on the same host. */
class DescriptorsIT extends OnServices {
  private static final int INTERRUPT = 2;

  private static Path program;

  @BeforeAll
  static void compile() {
    program = Donor.compile(services);
  }

  /** A file with a word, and an empty one. */
  private record Pair(Path in, Path out) {
    static Pair make() throws IOException {
      Path directory = services.newVolume();
      Path in = Files.writeString(directory.resolve("in"), "hello");
      return new Pair(in, directory.resolve("out"));
    }

    Donor donor() throws IOException {
      return Donor.of(program, services, "<" + in, ">" + out);
    }
  }

  private static DonatedDescriptors.Builder passed(List<String> tokens) {
    return DonatedDescriptors.newBuilder().putPassed(5, tokens.get(0)).putPassed(6, tokens.get(1));
  }

  @Test
  void fdPassingRun() throws Exception {
    Pair files = Pair.make();
    try (Donor donor = files.donor()) {
      Ended ended =
          client
              .attached(newId(), script("cat <&5 >&6"), passed(donor.tokens()))
              .closeInput()
              .ended();
      assertThat(ended.code()).as("%s", ended).isZero();
    }
    assertThat(files.out()).hasContent("hello");
  }

  @Test
  void fdPassingExec() throws Exception {
    String id = newId();
    client.started(id, document("sleep", "100"));
    Pair files = Pair.make();
    try (Donor donor = files.donor()) {
      Exec.Builder exec =
          Client.execOf(id, "sh", "-c", "cat <&5 >&6").setDonated(passed(donor.tokens()));
      assertThat(client.exec(exec).closeInput().ended().code()).isZero();
    }
    assertThat(files.out()).hasContent("hello");
  }

  private static Donor echo() throws IOException {
    return Donor.of(program, services, "<" + services.rootfs().resolve("bin/busybox"));
  }

  @Test
  void execFdRun() throws Exception {
    try (Donor donor = echo()) {
      DonatedDescriptors.Builder donated =
          DonatedDescriptors.newBuilder().setProgram(donor.token());
      Ended ended =
          client
              .attached(newId(), document("echo", "hello", "world"), donated)
              .closeInput()
              .ended();
      assertThat(ended.out()).isEqualTo("hello world\n");
    }
  }

  @Test
  void execFdExec() throws Exception {
    String id = newId();
    client.started(id, document("sleep", "100"));
    try (Donor donor = echo()) {
      Exec.Builder exec =
          Client.execOf(id, "echo", "hello", "world")
              .setDonated(DonatedDescriptors.newBuilder().setProgram(donor.token()));
      assertThat(client.exec(exec).closeInput().ended().out()).isEqualTo("hello world\n");
    }
  }

  @Test
  void consoleSocket() throws Exception {
    String id = newId();
    try (Donor donor = Donor.ofConsole(program, services)) {
      var _ =
          client.create(id, script("read line; echo got $line; exit 3").terminal(), console(donor));
      var _ = client.start(id);
      donor.type("typed\n");
      assertThat(donor.linesUntil("got typed")).isNotEmpty();
    }
    assertThat(client.await(id).getCode()).isEqualTo(3);
  }

  private static DonatedDescriptors.Builder console(Donor donor) {
    return DonatedDescriptors.newBuilder().setConsole(donor.token());
  }

  @Test
  void jobControlSignalRootContainer() throws Exception {
    String id = newId();
    try (Donor donor = Donor.ofConsole(program, services)) {
      var _ = client.create(id, document("sh", "-i").terminal(), console(donor));
      var _ = client.start(id);
      donor.type("sleep 1000\n");
      Awaitility.await()
          .until(() ->
              client.processes(id).stream().anyMatch(one -> one.getCommand().equals("sleep")));
      client.signalForeground(id, INTERRUPT);
      donor.type("echo code $?\n");
      assertThat(donor.linesUntil("code 130")).isNotEmpty();
      client.signal(id, KILL);
      assertThat(client.await(id).getSignal()).isEqualTo(KILL);
    }
  }

  @Test
  void ttyField() throws Exception {
    String without = newId();
    client.started(without, document("sleep", "100"));
    assertThat(client.processes(without)).extracting(Process::getTty).containsExactly("");
    String id = newId();
    try (Donor donor = Donor.ofConsole(program, services)) {
      var _ = client.create(id, document("sleep", "100").terminal(), console(donor));
      var _ = client.start(id);
      assertThat(client.processes(id)).extracting(Process::getTty).containsExactly("pts/0");
      client.signal(id, KILL);
    }
  }
}
