package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.User;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** HOME: the container's own user database says it, whatever that is. */
class HomeIT {
  private static final String USERS =
      """
      root:x:0:0:root:/root:/bin/sh
      app:x:1000:1000::/home/app:/bin/sh
      """;

  private TestNode node;
  private Path etc;

  @BeforeEach
  void start() throws Exception {
    node = TestNode.launch();
    etc = Files.createDirectories(node.rootfs().resolve("etc"));
  }

  @AfterEach
  void end() throws Exception {
    if (node != null) {
      node.close();
    }
  }

  private String home(ContainerSpec.Builder spec) {
    Ended ended = node.run(TestNode.shell(spec, "echo \"${HOME-unset}\""));
    assertThat(ended.err()).isEmpty();
    return ended.out().strip();
  }

  private String homeOf(int uid) {
    ContainerSpec.Builder spec = node.spec("sh");
    spec.getProcessBuilder().setUser(User.newBuilder().setUid(uid).setGid(uid));
    return home(spec);
  }

  private Path users(String text) throws Exception {
    return Files.writeString(etc.resolve("passwd"), text);
  }

  @Test
  void isThatOfTheUserInTheContainer() throws Exception {
    users(USERS);
    assertThat(homeOf(0)).isEqualTo("/root");
    assertThat(homeOf(1000)).isEqualTo("/home/app");
  }

  @Test
  void isTheRootWhereNothingIsKnownOfTheUser() throws Exception {
    assertThat(homeOf(0)).isEqualTo("/");
    users(USERS);
    assertThat(homeOf(7)).isEqualTo("/");
  }

  @Test
  void isWhatTheEnvironmentSaysEvenIfThatIsNothing() throws Exception {
    users(USERS);
    ContainerSpec.Builder given = node.spec("sh");
    given.getProcessBuilder().addEnv("HOME=/x").addEnv("HOME=/given");
    assertThat(home(given)).isEqualTo("/given");
    ContainerSpec.Builder empty = node.spec("sh");
    empty.getProcessBuilder().addEnv("HOME=");
    assertThat(home(empty)).isEmpty();
  }

  @Test
  void isThatOfTheUserWhoExecutes() throws Exception {
    users(USERS);
    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder exec = TestNode.execRequest("c", "sh", "-c", "echo $HOME");
    assertThat(node.exec(exec).ended().out()).isEqualTo("/root\n");
    exec.getProcessBuilder().setUser(User.newBuilder().setUid(1000));
    assertThat(node.exec(exec).ended().out()).isEqualTo("/home/app\n");
    users("app:x:1000:1000::/moved:/bin/sh\n");
    assertThat(node.exec(exec).ended().out()).isEqualTo("/moved\n");
  }

  @Test
  void followsLinksInsideTheContainerOnly() throws Exception {
    Path outside =
        Files.writeString(node.base().resolve("outside"), USERS.replace("/root", "/out"));
    Files.createSymbolicLink(etc.resolve("passwd"), outside);
    assertThat(homeOf(0)).isEqualTo("/");
    Files.delete(etc.resolve("passwd"));
    Files.createSymbolicLink(etc.resolve("passwd"), Path.of("../../../../etc/real"));
    Files.writeString(etc.resolve("real"), USERS);
    for (int i = 0; i < 20; i++) { // also while the old root still lies upon the new one
      assertThat(homeOf(0)).isEqualTo("/root");
    }
  }

  @Test
  void seesWhatIsMountedThere() throws Exception {
    users(USERS);
    Path volume = node.base().resolve("volumes/users");
    Files.writeString(volume, "root:x:0:0::/mounted:\n");
    ContainerSpec.Builder spec =
        node.spec("sh")
            .addMounts(
                Mount.newBuilder()
                    .setDestination("/etc/passwd")
                    .setType("bind")
                    .setSource(volume.toString())
                    .addOptions("bind"));
    assertThat(home(spec)).isEqualTo("/mounted");
  }

  @Test
  void waitsForNothingThatIsNoFile() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", etc.resolve("passwd").toString()).start().waitFor())
        .isZero();
    assertThat(homeOf(0)).isEqualTo("/");
    Files.delete(etc.resolve("passwd"));
    Files.createDirectory(etc.resolve("passwd"));
    assertThat(homeOf(0)).isEqualTo("/");
    Files.delete(etc.resolve("passwd"));
    for (String odd : new String[] {"/dev/zero", "/proc/self/mem", "/proc/kmsg", "passwd"}) {
      Files.createSymbolicLink(etc.resolve("passwd"), Path.of(odd));
      assertThat(homeOf(0)).as(odd).isEqualTo("/");
      Files.delete(etc.resolve("passwd"));
    }
  }

  @Test
  void looksAtTheBeginningOfAHugeFile() throws Exception {
    String filler = "x:x:9:9::/x:/x\n".repeat(200_000);
    users(USERS + filler);
    assertThat(homeOf(1000)).isEqualTo("/home/app");
    users(filler + USERS);
    assertThat(homeOf(1000)).isEqualTo("/");
  }

  @Test
  void passesBytesAsTheyAre() throws Exception {
    users("root:x:0:0::/h\u00f6me/\u4e2d:/bin/sh\n");
    assertThat(homeOf(0)).isEqualTo("/h\u00f6me/\u4e2d");
    String longest = "/" + "a".repeat(4094);
    users("root:x:0:0::" + longest + ":/bin/sh\n");
    assertThat(homeOf(0)).isEqualTo(longest);
    users("root:x:0:0::" + longest + "a:/bin/sh\n");
    assertThat(homeOf(0)).isEqualTo("/");
  }
}
