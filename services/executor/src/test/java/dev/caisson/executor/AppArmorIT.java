package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.UserNamespace;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Profiles that the kernel has in force. Needs one with AppArmor, and its parser. */
class AppArmorIT extends OnNode {
  private static final Path ENABLED = Path.of("/sys/module/apparmor/parameters/enabled");
  private static final Path PARSER = Path.of("/sbin/apparmor_parser");

  private static final String PROFILE = "caisson-test";
  private static final String STRICTER = "caisson-test-stricter";
  private static final String LABEL = "cat /proc/self/attr/current";
  private static final String SECRET = "cat /tmp/secret";
  private static final String OTHER = "cat /tmp/other";

  /** Both allow all but a file or two. */
  private static final String POLICY =
      """
      profile caisson-test flags=(attach_disconnected) {
        file, signal, ptrace, network, capability,
        deny /tmp/secret rwklx,
      }
      profile caisson-test-stricter flags=(attach_disconnected) {
        file, signal, ptrace, network, capability,
        deny /tmp/secret rwklx,
        deny /tmp/other rwklx,
      }
      """;

  private static Path policy;

  @BeforeAll
  static void load() throws Exception {
    assumeTrue(Files.exists(ENABLED), "Skipped: this kernel has no AppArmor");
    assumeTrue(Files.readString(ENABLED).startsWith("Y"), "Skipped: AppArmor is not in force");
    assumeTrue(
        Files.isExecutable(PARSER), "Skipped: needs " + PARSER + ": apt-get install apparmor");
    policy = Files.writeString(node.base().resolve("policy"), POLICY);
    parse("--replace");
    allow("user-namespace.host = true", "new-privileges = true");
    Files.writeString(node.rootfs().resolve("tmp/secret"), "secret\n");
    Files.writeString(node.rootfs().resolve("tmp/other"), "other\n");
  }

  @AfterAll
  static void unload() throws Exception {
    if (policy != null) {
      parse("--remove");
    }
  }

  private static void parse(String action) throws Exception {
    onHost(PARSER.toString(), "--skip-cache", "--quiet", action, policy.toString());
  }

  private static ContainerSpec.Builder confined(String profile, String script) {
    ContainerSpec.Builder spec = node.shell(script);
    spec.getProcessBuilder().setApparmorProfile(profile);
    return spec;
  }

  private static Ended exec(String profile, String script) {
    ExecProcess.Builder exec = TestNode.execRequest("c", "sh", "-c", script);
    exec.getProcessBuilder().setApparmorProfile(profile);
    return node.exec(exec).ended();
  }

  @Test
  void holdNothingThatNamesNone() {
    assertThat(out(node.shell(LABEL))).isEqualTo("unconfined\n");
    assertThat(out(node.shell(SECRET))).isEqualTo("secret\n");
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "HOST"})
  void holdAContainer(UserNamespace.Mode users) {
    ContainerSpec.Builder spec = confined(PROFILE, LABEL + "; " + OTHER + "; " + SECRET);
    spec.getUserNamespaceBuilder().setMode(users);
    Ended ended = node.run(spec);
    assertThat(ended.out()).isEqualTo(PROFILE + " (enforce)\nother\n");
    assertThat(ended.err()).contains("/tmp/secret': Permission denied");
    assertThat(ended.code()).isNotZero();
  }

  @Test
  void holdAContainerThatMayGainPrivileges() {
    ContainerSpec.Builder spec = confined(PROFILE, LABEL + "; " + SECRET);
    spec.getProcessBuilder().setNoNewPrivileges(false);
    Ended ended = node.run(spec);
    assertThat(ended.out()).isEqualTo(PROFILE + " (enforce)\n");
    assertThat(ended.err()).contains("Permission denied");
  }

  @Test
  void holdWhatIsExecutedLater() {
    node.started("c", confined(PROFILE, "sleep 60"));
    Ended same = exec("", LABEL + "; " + SECRET);
    assertThat(same.out()).isEqualTo(PROFILE + " (enforce)\n");
    assertThat(same.err()).contains("Permission denied");
    Ended own = exec(STRICTER, LABEL + "; " + OTHER);
    assertThat(own.out()).isEqualTo(STRICTER + " (enforce)\n");
    assertThat(own.err()).contains("Permission denied");
  }

  /** Nothing that runs under a profile keeps the executor from ending it. */
  @Test
  void canBeEnded() {
    node.started("c", confined(PROFILE, "sleep 60"));
    node.pause("c");
    node.resume("c");
    node.signal("c", 9);
    assertThat(node.await("c").getSignal()).isEqualTo(9);
    node.delete("c");
  }

  @Test
  void areRefusedByNameWhenTheyAreNotLoaded() {
    var request = node.request("refused", confined("no-such-profile", "true")).build();
    Problem.of(node.runAttached(request).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
        .says("AppArmor profile no-such-profile", "not loaded");
    assertThat(node.stub().listSandboxes(ListSandboxesRequest.getDefaultInstance()))
        .isEqualTo(ListSandboxesResponse.getDefaultInstance());

    node.started("c", node.spec("sleep", "60"));
    ExecProcess.Builder exec = TestNode.execRequest("c", "true");
    exec.getProcessBuilder().setApparmorProfile("no-such-profile");
    Problem.of(node.exec(exec).failure())
        .is(Status.Code.FAILED_PRECONDITION, Reason.HOST_UNSUPPORTED)
        .says("AppArmor profile no-such-profile", "not loaded");
  }
}
