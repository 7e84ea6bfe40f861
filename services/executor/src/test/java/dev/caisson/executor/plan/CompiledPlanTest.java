package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CompiledPlanTest {
  private static final CgroupFacts CGROUP = new CgroupFacts(List.of("memory", "cpu,cpuacct"), true);
  private static final ContainerFacts FACTS =
      new ContainerFacts(
          true,
          CGROUP,
          true,
          Set.of(),
          Specs.LAST_CAPABILITY,
          java.util.Optional.empty(),
          Set.of());
  private static final String LONGEST = "n".repeat(64);

  private static CompiledPlan compiled(String hostname) {
    ContainerSpec spec = Specs.least().setHostname(hostname).build();
    return CompiledPlan.of(ContainerPlan.compile(spec, FACTS), Machine.X86_64);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @Test
  void takesAnotherHostnameAsIfItHadBeenCompiledWithIt() {
    for (String name : List.of("b", "bench-1-2", LONGEST)) {
      CompiledPlan renamed = compiled("a").named(name);
      CompiledPlan fresh = compiled(name);
      assertThat(renamed.plan()).isEqualTo(fresh.plan());
      assertThat(renamed.sha256()).isEqualTo(fresh.sha256());
      assertThat(bytes(renamed.program())).isEqualTo(bytes(fresh.program()));
    }
  }

  @Test
  void takesAShorterHostnameAfterALongOne() {
    CompiledPlan renamed = compiled(LONGEST).named("short");
    assertThat(bytes(renamed.program())).isEqualTo(bytes(compiled("short").program()));
  }

  @Test
  void leavesTheFirstAsItWas() {
    CompiledPlan first = compiled("first");
    byte[] before = bytes(first.program());
    var _ = first.named("second");
    assertThat(bytes(first.program())).isEqualTo(before);
    assertThat(first.sha256()).isEqualTo(compiled("first").sha256());
  }

  @Test
  void hasNoNameToChangeWhereThePlanSetsNone() {
    CompiledPlan nameless = compiled("");
    assertThat(nameless.named("other")).isSameAs(nameless);
  }

  @Test
  void refusesAHostnameThatTheKernelWouldNotTake() {
    CompiledPlan compiled = compiled("a");
    assertThatThrownBy(() -> compiled.named("x".repeat(65))).isInstanceOf(RefusedException.class);
  }

  @Test
  void digestsTheLines() {
    CompiledPlan compiled = compiled("a");
    assertThat(compiled.sha256().toByteArray()).isEqualTo(compiled.plan().sha256());
    assertThat(compiled.sha256()).isNotEqualTo(compiled("b").sha256());
  }

  @Test
  void beginsByPlacingTheProcess() {
    CompiledPlan compiled = compiled("a");
    assertThat(compiled.placement()).isEqualTo(Placement.usual(CGROUP));
    assertThat(compiled.placement().plan().text())
        .containsExactly(
            "openat2(cgroup of memory, \"tasks\", O_WRONLY) = cgroup.memory",
            "openat2(cgroup of cpu,cpuacct, \"tasks\", O_WRONLY) = cgroup.cpu,cpuacct",
            "clone3(CLONE_NEWNS|CLONE_NEWPID)",
            "write(cgroup.memory, \"0\", 1)",
            "write(cgroup.cpu,cpuacct, \"0\", 1)",
            "next_program()");
  }

  @Test
  void goesOnWhereThePlacementEnds() {
    CompiledPlan compiled = compiled("a");
    ProgramReader whole = ProgramReader.read(bytes(compiled.program()));
    ProgramReader rest = ProgramReader.read(bytes(compiled.restProgram()));
    assertThat(rest.steps()).isEqualTo(whole.steps().subList(2, whole.steps().size()));
    assertThat(rest.data()).isEqualTo(whole.data());
    assertThat(rest.relocations()).isEqualTo(whole.relocations());
    assertThat(rest.descriptors()).isEqualTo(whole.descriptors());
    assertThat(compiled.rest().steps()).hasSize(rest.steps().size());
    assertThat(compiled.further())
        .isEqualTo(compiled.plan().donations().subList(2, compiled.plan().donations().size()));
  }

  @Test
  void placesByBirthAloneWhereAllIsInVersionTwo() {
    Placement placement = Placement.usual(new CgroupFacts(List.of(), true));
    ProgramReader program = ProgramReader.read(Program.encode(placement.plan(), Machine.X86_64));
    assertThat(program.steps())
        .singleElement()
        .satisfies(step -> {
          assertThat(step.number()).isEqualTo(-1);
          assertThat(step.flags()).isEqualTo(8);
        });
  }
}
