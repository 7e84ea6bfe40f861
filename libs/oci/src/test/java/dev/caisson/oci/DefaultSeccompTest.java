package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import com.google.protobuf.TextFormat;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.Seccomp.SyscallRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DefaultSeccompTest {
  private static final String AMD64 = "amd64";

  /** Which libseccomp makes rules of socketcall of. */
  private static final Set<String> SOCKETS = Set.of("socket", "socketcall", "bind", "accept4");

  private static final Path EXECUTORS =
      Path.of("../../services/executor/src/main/resources/dev/caisson/executor/seccomp");

  /** Their work is not seen by any filter, and engines have taken them out since. */
  private static final Set<String> NO_LONGER =
      Set.of("io_uring_enter", "io_uring_register", "io_uring_setup");

  /** What passes whatever the arguments. */
  private static Set<String> passing(Seccomp seccomp) {
    return seccomp.getRulesList().stream()
        .filter(rule -> rule.getAction().equals("SCMP_ACT_ALLOW"))
        .filter(rule -> rule.getConditionsCount() == 0)
        .flatMap(rule -> rule.getNamesList().stream())
        .collect(Collectors.toSet());
  }

  private static List<SyscallRule> rules(Seccomp seccomp, String name) {
    return seccomp.getRulesList().stream()
        .filter(rule -> rule.getNamesList().contains(name))
        .toList();
  }

  /** Docker 20.10's, as it writes it for a container with its own capabilities. */
  @Test
  void letsPassWhatAnEngineLetsPass() {
    Seccomp docker = OciSpec.convert(Documents.of("docker"), "/b").spec().getSeccomp();
    Seccomp ours = DefaultSeccomp.make(Set.of("CAP_SYS_CHROOT"), AMD64);

    Set<String> theirs = new HashSet<>(passing(docker));
    theirs.removeAll(NO_LONGER);
    theirs.removeAll(Set.of("socket", "socketcall")); // here without AF_VSOCK and AF_ALG
    assertThat(passing(ours)).containsAll(theirs);
    Set<String> more = new HashSet<>(passing(ours));
    more.removeAll(theirs);
    assertThat(more)
        .as("calls that are newer, and those that later engines let pass too")
        .containsExactlyInAnyOrder(
            "cachestat",
            "fchmodat2",
            "futex_requeue",
            "futex_wait",
            "futex_wake",
            "getxattrat",
            "listxattrat",
            "map_shadow_stack",
            "mseal",
            "name_to_handle_at",
            "pkey_alloc",
            "pkey_free",
            "pkey_mprotect",
            "process_vm_readv",
            "process_vm_writev",
            "removexattrat",
            "setxattrat",
            "uretprobe");
    for (String name : List.of("clone", "clone3", "personality")) {
      assertThat(rules(ours, name))
          .as(name)
          .containsExactlyInAnyOrderElementsOf(rules(docker, name));
    }
    assertThat(ours.getDefaultAction()).isEqualTo(docker.getDefaultAction());
    assertThat(ours.getDefaultErrno()).isEqualTo(1);
    assertThat(ours.getArchitecturesList()).isEqualTo(docker.getArchitecturesList());
  }

  @Test
  void keepsFromTheKernelWhatNoContainerNeeds() {
    assertThat(passing(DefaultSeccomp.make(Set.of(), AMD64)))
        .doesNotContain(
            "kexec_load",
            "init_module",
            "bpf",
            "perf_event_open",
            "mount",
            "unshare",
            "setns",
            "keyctl",
            "add_key",
            "userfaultfd",
            "io_uring_setup",
            "open_by_handle_at",
            "chroot",
            "reboot",
            "swapon");
  }

  /** libseccomp lets socketcall make what any rule of socket lets pass; the first rule holds. */
  @Test
  void asksSocketAndNoOtherForAFamily() {
    List<SyscallRule> rules = DefaultSeccomp.make(Set.of("CAP_SYS_ADMIN"), AMD64).getRulesList();
    SyscallRule first =
        rules.stream()
            .filter(rule -> rule.getNamesList().stream().anyMatch(SOCKETS::contains))
            .findFirst()
            .orElseThrow();

    assertThat(first.getNamesList()).containsExactly("socketcall");
    assertThat(first.getAction()).isEqualTo("SCMP_ACT_ERRNO");
    assertThat(first.getErrno()).as("else it is the default's, and no rule").isEqualTo(38);
  }

  @Test
  void letsPassEachFamilyOfSocketsButTwo() {
    Seccomp seccomp = DefaultSeccomp.make(Set.of(), AMD64);
    for (long family = 0; family < 64; family++) {
      boolean usual = family != 38 && family != 40;
      assertThat(makesSocket(seccomp, family)).as("%d", family).isEqualTo(usual);
      assertThat(makesSocket(seccomp, 1L << 32 | family)).as("%d", family).isEqualTo(usual);
    }
  }

  private static boolean makesSocket(Seccomp seccomp, long family) {
    return rules(seccomp, "socket").stream()
        .map(rule -> rule.getConditions(0))
        .anyMatch(condition -> (family & condition.getValue()) == condition.getValueTwo());
  }

  @ParameterizedTest
  @CsvSource({
    "CAP_SYS_ADMIN, mount",
    "CAP_SYS_ADMIN, clone3",
    "CAP_SYS_CHROOT, chroot",
    "CAP_SYS_PTRACE, kcmp",
    "CAP_SYS_TIME, clock_settime",
    "CAP_SYS_MODULE, init_module",
    "CAP_SYS_NICE, mbind",
    "CAP_BPF, bpf",
    "CAP_PERFMON, perf_event_open",
    "CAP_SYSLOG, syslog",
    "CAP_DAC_READ_SEARCH, open_by_handle_at",
    "CAP_SYS_BOOT, reboot",
    "CAP_SYS_PACCT, acct",
    "CAP_SYS_RAWIO, iopl",
    "CAP_SYS_TTY_CONFIG, vhangup"
  })
  void aCapabilityLetsItsCallsPass(String capability, String call) {
    assertThat(passing(DefaultSeccomp.make(Set.of(), AMD64))).doesNotContain(call);
    assertThat(passing(DefaultSeccomp.make(Set.of(capability), AMD64))).contains(call);
  }

  @Test
  void newNamespacesTakeTheCapabilityForThem() {
    assertThat(rules(DefaultSeccomp.make(Set.of(), AMD64), "clone3"))
        .singleElement()
        .satisfies(rule -> assertThat(rule.getErrno()).isEqualTo(38));
    assertThat(rules(DefaultSeccomp.make(Set.of("CAP_SYS_ADMIN"), AMD64), "clone"))
        .singleElement()
        .satisfies(rule -> assertThat(rule.getConditionsCount()).isZero());
  }

  @Test
  void eachMachineHasItsOwnCalls() {
    assertThat(passing(DefaultSeccomp.make(Set.of(), AMD64)))
        .contains("arch_prctl")
        .doesNotContain("cacheflush");
    Seccomp arm = DefaultSeccomp.make(Set.of(), "aarch64");
    assertThat(passing(arm)).contains("cacheflush").doesNotContain("arch_prctl");
    assertThat(arm.getArchitecturesList()).containsExactly("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM");
  }

  @Test
  void everyGroupHasAReasonAndEveryNameOnePlace() {
    Set<String> seen = new HashSet<>();
    assertThat(DefaultSeccomp.groups())
        .hasSizeGreaterThan(30)
        .allSatisfy(group -> {
          assertThat(group.path("reason").asText()).endsWith(".").hasSizeGreaterThan(10);
          assertThat(group.path("names")).isNotEmpty();
          if (!group.has("args") && !group.has("capabilities") && !group.has("action")) {
            group
                .path("names")
                .forEach(name -> assertThat(seen.add(name.textValue())).as("%s", name).isTrue());
          }
        });
  }

  /** It compiles them before anybody asks. Written anew with {@code -Dspecs.write=true}. */
  @ParameterizedTest
  @CsvSource({
    "default-amd64, amd64, ''",
    "default-amd64-chroot, amd64, CAP_SYS_CHROOT",
    "default-aarch64, aarch64, ''",
    "default-aarch64-chroot, aarch64, CAP_SYS_CHROOT"
  })
  void isWhatTheExecutorKnows(String name, String machine, String held) throws IOException {
    Set<String> capabilities = held.isEmpty() ? Set.of() : Set.of(held);
    String text = TextFormat.printer().printToString(DefaultSeccomp.make(capabilities, machine));
    Path file = EXECUTORS.resolve(name + ".txtpb");
    if (Boolean.getBoolean("specs.write")) {
      Files.createDirectories(EXECUTORS);
      Files.writeString(file, text);
    }
    assertThat(text).isEqualTo(Files.readString(file));
  }

  @Test
  void isOneMessageForOneSetOfCapabilities() {
    Seccomp one = DefaultSeccomp.of(List.of("CAP_CHOWN", "CAP_SYS_CHROOT"));

    assertThat(DefaultSeccomp.of(List.of("CAP_SYS_CHROOT", "CAP_KILL"))).isSameAs(one);
    assertThat(DefaultSeccomp.of(List.of())).isNotEqualTo(one);
    List<String> asked =
        List.of(
            "CAP_BPF", "CAP_SYSLOG", "CAP_PERFMON", "CAP_SYS_TIME", "CAP_SYS_NICE", "CAP_SYS_BOOT");
    IntStream.range(0, 2 * DefaultSeccomp.CAPACITY)
        .mapToObj(set -> IntStream.range(0, 6).filter(i -> (set >> i & 1) == 1))
        .map(members -> members.mapToObj(asked::get).toList())
        .forEach(DefaultSeccomp::of);
    assertThat(DefaultSeccomp.of(List.of("CAP_SYS_CHROOT")))
        .as("forgotten meanwhile, and made anew")
        .isEqualTo(one)
        .isNotSameAs(one);
  }

  // ---- In config.json

  private static final String OWN = "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\"}";

  private static Converted converted(String linux, String annotations) {
    String document =
        """
        {"ociVersion":"1.2.0","root":{"path":"/r"},
         "process":{"args":["x"],"cwd":"/","user":{"uid":0,"gid":0},
          "capabilities":{"bounding":["CAP_SYS_CHROOT"]}},
         "linux":{%s},"annotations":{%s}}
        """
            .formatted(linux, annotations);
    return OciSpec.convert(document.getBytes(java.nio.charset.StandardCharsets.UTF_8), "/b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"seccomp\":null"})
  void isWhatAContainerHasThatBringsNone(String linux) {
    assertThat(converted(linux, "").spec().getSeccomp())
        .isSameAs(DefaultSeccomp.of(List.of("CAP_SYS_CHROOT")));
    assertThat(DefaultSpec.of("/r", List.of("x")).getSeccomp().getRulesCount()).isPositive();
  }

  @Test
  void leavesAContainerItsOwn() {
    assertThat(converted(OWN, "").spec().getSeccomp().getDefaultAction()).isEqualTo("SCMP_ACT_LOG");
  }

  @Test
  void isLeftOutOnlyByName() {
    assertThat(converted("", "\"dev.caisson.spec.seccomp\":\"unconfined\"").spec().hasSeccomp())
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'dev.caisson.spec.seccomp':'default'",
        "'dev.gvisor.internal.seccomp.web':'RuntimeDefault','io.kubernetes.cri.container-name':'web'"
      })
  void takesThePlaceOfAnotherWhereTheAnnotationSaysSo(String annotations) {
    Converted converted = converted(OWN, annotations.replace('\'', '"'));

    assertThat(converted.spec().getSeccomp())
        .isSameAs(DefaultSeccomp.of(List.of("CAP_SYS_CHROOT")));
    assertThat(converted.ignored())
        .extracting(IgnoredField::getField)
        .containsExactly("linux.seccomp");
  }

  @Test
  void theAnnotationOfAnotherContainerSaysNothing() {
    String annotations =
        "\"dev.gvisor.internal.seccomp.db\":\"RuntimeDefault\","
            + "\"io.kubernetes.cri.container-name\":\"web\"";
    assertThat(converted(OWN, annotations).spec().getSeccomp().getDefaultAction())
        .isEqualTo("SCMP_ACT_LOG");
  }

  @ParameterizedTest
  @CsvSource({"none, ''", "unconfined, own"})
  void refusesAnAnnotationThatCannotBeMeant(String value, String own) {
    String annotations = "\"dev.caisson.spec.seccomp\":\"" + value + "\"";
    assertThatThrownBy(() -> converted(own.equals("own") ? OWN : "", annotations))
        .asInstanceOf(throwable(OciException.class))
        .satisfies(e -> assertThat(e.field()).isEqualTo("annotations[dev.caisson.spec.seccomp]"));
  }

  @Test
  void readsWhoAnswersSystemCalls() {
    Seccomp seccomp =
        converted(
                "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/a\","
                    + "\"listenerMetadata\":\"m\"}",
                "")
            .spec()
            .getSeccomp();
    assertThat(seccomp.getListenerPath()).isEqualTo("/run/a");
    assertThat(seccomp.getListenerMetadata()).isEqualTo("m");
  }
}
