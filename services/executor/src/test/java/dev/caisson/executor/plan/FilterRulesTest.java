package dev.caisson.executor.plan;

import static dev.caisson.executor.plan.FilterAction.SCMP_ACT_ALLOW;
import static dev.caisson.executor.plan.FilterAction.SCMP_ACT_ERRNO;
import static dev.caisson.executor.plan.FilterAction.SCMP_ACT_LOG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.Seccomp;
import dev.caisson.proto.types.v1.Seccomp.Condition;
import dev.caisson.proto.types.v1.Seccomp.SyscallRule;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FilterRulesTest {
  private static SyscallRule.Builder rule(String action, String... names) {
    return SyscallRule.newBuilder().setAction(action).addAllNames(List.of(names));
  }

  private static Condition.Builder condition() {
    return Condition.newBuilder().setIndex(0).setOp("SCMP_CMP_EQ");
  }

  private static Seccomp.Builder notifying() {
    return Specs.seccomp()
        .setListenerPath("/run/agent.sock")
        .addRules(rule("SCMP_ACT_NOTIFY", "mkdir"));
  }

  static List<Arguments> faults() {
    return List.of(
        fault("seccomp.default_action", s -> s.setDefaultAction("")),
        fault("seccomp.default_action", s -> s.setDefaultAction("ALLOW")),
        fault("seccomp.default_action", s -> s.setDefaultAction("SCMP_ACT_NOTIFY")),
        fault("seccomp.default_errno", s -> s.setDefaultErrno(1)),
        fault(
            "seccomp.default_errno",
            s -> s.setDefaultAction("SCMP_ACT_ERRNO").setDefaultErrno(4096)),
        fault("seccomp.architectures", s -> s.addArchitectures("SCMP_ARCH_VAX")),
        fault("seccomp.architectures", s -> s.addArchitectures("X86")),
        fault("seccomp.flags", s -> s.addFlags("SECCOMP_FILTER_FLAG_NEW_LISTENER")),
        fault("seccomp.flags", s -> s.addFlags("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")),
        fault("seccomp.rules.action", s -> s.addRules(rule("SCMP_ACT_NONE", "read"))),
        fault("seccomp.rules.names", s -> s.addRules(rule("SCMP_ACT_KILL"))),
        fault("seccomp.rules.names", s -> s.addRules(rule("SCMP_ACT_KILL", ""))),
        fault("seccomp.rules.names", s -> s.addRules(rule("SCMP_ACT_KILL", "a\0b"))),
        fault("seccomp.rules.errno", s -> s.addRules(rule("SCMP_ACT_KILL", "read").setErrno(0))),
        fault("seccomp.rules.errno", s -> s.addRules(rule("SCMP_ACT_ERRNO", "read").setErrno(-1))),
        fault(
            "seccomp.rules.conditions.index",
            s -> s.addRules(rule("SCMP_ACT_KILL", "read").addConditions(condition().setIndex(6)))),
        fault(
            "seccomp.rules.conditions.op",
            s -> s.addRules(rule("SCMP_ACT_KILL", "read").addConditions(condition().setOp("=")))),
        fault("seccomp.listener_metadata", s -> s.setListenerMetadata("x")),
        fault("seccomp.listener_path", s -> s.addRules(rule("SCMP_ACT_NOTIFY", "mkdir"))),
        fault("seccomp", s -> s.addRules(rule("SCMP_ACT_ERRNO", "execve"))),
        fault("seccomp", s -> s.setDefaultAction("SCMP_ACT_KILL_PROCESS")),
        fault(
            "seccomp",
            s -> s.mergeFrom(notifying().addRules(rule("SCMP_ACT_ERRNO", "sendmsg")).build())),
        fault(
            "seccomp",
            s -> s.mergeFrom(notifying().addRules(rule("SCMP_ACT_NOTIFY", "sendmsg")).build())));
  }

  private static Arguments fault(String field, Consumer<Seccomp.Builder> change) {
    return Arguments.of(field, change);
  }

  @ParameterizedTest
  @MethodSource("faults")
  void namesTheFieldThatIsWrong(String field, Consumer<Seccomp.Builder> change) {
    Seccomp.Builder seccomp = Specs.seccomp();
    change.accept(seccomp);
    assertThatThrownBy(() -> FilterRules.check(seccomp.build()))
        .asInstanceOf(throwable(RefusedException.class))
        .satisfies(e -> {
          assertThat(e.refusal().reason()).isEqualTo(Reason.INVALID_SPEC);
          assertThat(e.refusal().metadata()).containsEntry("field", field);
        });
  }

  @Test
  void takesWhatTheSpecificationHas() {
    assertThatCode(() -> FilterRules.check(Specs.seccomp().build())).doesNotThrowAnyException();
    assertThatCode(() -> FilterRules.check(notifying().setListenerMetadata("x").build()))
        .doesNotThrowAnyException();
    Seccomp.Builder all = notifying();
    for (String name :
        List.of("TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV", "WAIT_KILLABLE_RECV")) {
      all.addFlags("SECCOMP_FILTER_FLAG_" + name);
    }
    FilterRules.check(all.build());
    assertThat(FilterRules.flags(all.build()))
        .as("without the one for threads, of which there is one")
        .containsExactly(
            Flag.SECCOMP_FILTER_FLAG_LOG,
            Flag.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
            Flag.SECCOMP_FILTER_FLAG_NEW_LISTENER,
            Flag.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    assertThat(FilterRules.architecture("SCMP_ARCH_MIPSEL64N32")).isEqualTo("mipsel64n32");
  }

  @Test
  void tellsWhatAFilterMayDoWithACall() {
    Seccomp seccomp =
        Seccomp.newBuilder()
            .setDefaultAction("SCMP_ACT_ERRNO")
            .addRules(rule("SCMP_ACT_ALLOW", "read", "write"))
            .addRules(rule("SCMP_ACT_LOG", "clone").addConditions(condition()))
            .addRules(rule("SCMP_ACT_LOG", "read").addConditions(condition()))
            .build();

    assertThat(FilterRules.possible(seccomp, "open")).containsExactly(SCMP_ACT_ERRNO);
    assertThat(FilterRules.possible(seccomp, "write")).containsExactly(SCMP_ACT_ALLOW);
    assertThat(FilterRules.possible(seccomp, "clone"))
        .containsExactlyInAnyOrder(SCMP_ACT_LOG, SCMP_ACT_ERRNO);
    assertThat(FilterRules.possible(seccomp, "read"))
        .containsExactlyInAnyOrder(SCMP_ACT_LOG, SCMP_ACT_ALLOW);
  }

  /** Before the capabilities go, more must pass: by name, not as an error of setting up. */
  @Test
  void asksForWhatTheChangeOfIdentityNeedsWhereTheFilterComesFirst() {
    Seccomp seccomp = Specs.seccomp("capset").build();
    var spec = Specs.least().setSeccomp(seccomp);
    Process privileged = spec.getProcess();
    Process confined = privileged.toBuilder().setNoNewPrivileges(true).build();
    ContainerFacts facts = Specs.facts(Specs.facts().cgroup(), Optional.of(Specs.filter(seccomp)));

    assertThat(ContainerPlan.compile(spec.setProcess(confined).build(), facts).filter())
        .isPresent();
    assertThatThrownBy(() -> ContainerPlan.compile(spec.setProcess(privileged).build(), facts))
        .asInstanceOf(throwable(RefusedException.class))
        .satisfies(e ->
            assertThat(e.refusal().message())
                .startsWith("seccomp must let capset pass, or process.no_new_privileges be set"));
  }

  @Test
  void noPlanForgetsTheFilter() {
    var spec = Specs.least().setSeccomp(Specs.seccomp()).build();
    assertThatThrownBy(() -> ContainerPlan.compile(spec, Specs.facts()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("filter must be there where seccomp is");
  }

  @Test
  void putsTheNumberOfTheListenerIntoItsMessage() {
    Seccomp seccomp = notifying().build();
    Process process = Specs.least().getProcess().toBuilder().setNoNewPrivileges(true).build();
    Plan plan =
        ContainerPlan.compile(
            Specs.least().setProcess(process).setSeccomp(seccomp).build(),
            Specs.facts(Specs.facts().cgroup(), Optional.of(Specs.filter(seccomp))));
    ProgramReader program = ProgramReader.read(Program.encode(plan, Machine.X86_64));
    ProgramReader.ReadStep install =
        program.steps().stream().filter(step -> step.number() == 317).findFirst().orElseThrow();
    ProgramReader.ReadStep send =
        program.steps().stream().filter(step -> step.number() == 46).findFirst().orElseThrow();

    assertThat(plan.notifies()).isTrue();
    int header = send.arguments().get(1).intValue();
    int control = program.relocations().get(header + 32); // msg_control of struct msghdr
    assertThat(install.store()).isEqualTo(control + 16);
    int filter = program.relocations().get(install.arguments().get(2).intValue() + 8);
    assertThat(program.bytes(filter, 24)).isEqualTo(Specs.filter(seccomp).instructions());
  }
}
