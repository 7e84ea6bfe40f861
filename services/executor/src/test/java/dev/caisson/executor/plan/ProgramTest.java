package dev.caisson.executor.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Here;
import dev.caisson.executor.plan.Argument.OpenText;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.executor.plan.Argument.Texts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProgramTest {
  private static final HexFormat HEX = HexFormat.of();

  private static Plan plan(Step... steps) {
    return new Plan(List.of(steps), List.of(), List.of());
  }

  private static Step filling(int slot) {
    return new FileStep.Open(new Here(), "/a", List.of(Flag.O_PATH), List.of(), new Slot(slot));
  }

  private static Texts texts(String... values) {
    return new Texts(List.of(values));
  }

  private static ProgramReader read(Plan plan) {
    return ProgramReader.read(Program.encode(plan, Machine.X86_64));
  }

  @Test
  void encodesABarrierAsTheHeaderSays() {
    byte[] bytes = Program.encode(plan(new Step.Barrier("created")), Machine.X86_64);
    String header = "43534e50" + "0100" + "3e00" + "01000000" + "00000000".repeat(3);
    String step = "ffffffff" + "000000000000" + "ff" + "01" + "0000".repeat(4) + "00000000";
    assertThat(HEX.formatHex(bytes)).isEqualTo(header + "00".repeat(8) + step + "00".repeat(48));
  }

  @Test
  void encodesEachKindOfArgument() {
    Step open = new FileStep.Open(new Here(), "/a", List.of(Flag.O_PATH), List.of(), new Slot(5));
    Step link = new FileStep.Symlink("t", new Slot(5), "n", "/n");
    Step write = new FileStep.JoinCgroup(new Donated(0, "procs"), "memory");
    Plan plan =
        new Plan(List.of(open, link, write), List.of(new Donation.CgroupEntry("m")), List.of());
    ProgramReader program = read(plan);

    var first = program.steps().get(0);
    assertThat(first.number()).isEqualTo(437);
    assertThat(first.slot()).isEqualTo(5);
    assertThat(first.kinds()).containsExactly(0, 1, 1, 0, 0, 0);
    assertThat(first.arguments().get(0)).isEqualTo(-100);
    assertThat(program.string(first.arguments().get(1))).isEqualTo("/a");
    assertThat(hex(program.bytes(first.arguments().get(2), 24)))
        .isEqualTo("0000200000000000" + "00".repeat(16));
    assertThat(first.arguments().get(3)).isEqualTo(24);

    assertThat(program.steps().get(1).kinds()).containsExactly(1, 3, 1, 0, 0, 0);
    assertThat(program.steps().get(1).arguments().get(1)).isEqualTo(5);
    assertThat(program.steps().get(2).kinds()).containsExactly(2, 1, 0, 0, 0, 0);
    assertThat(program.steps().get(2).slot()).isEqualTo(0xff);
  }

  @Test
  void pointsVectorsToTheirStringsAndEndsThemWithNull() {
    Step execute = new ProcessStep.Execute("/bin/sh", texts("sh", "-c", "sh"), texts(), List.of());
    ProgramReader program = read(plan(execute));
    var step = program.steps().getFirst();
    assertThat(program.strings(step.arguments().get(1))).containsExactly("sh", "-c", "sh");
    assertThat(program.strings(step.arguments().get(2))).isEmpty();
    assertThat(program.relocations()).hasSize(3);
  }

  @Test
  void hasRoomForTheRestOfAString() {
    OpenText home = new OpenText("HOME=", 100);
    Texts env = new Texts(List.of("A=b"), Optional.of(home));
    Plan plan =
        new Plan(
            List.of(
                new FileStep.ReadRest(new Donated(0, "home"), home),
                new ProcessStep.Execute("/a", texts("a"), env, List.of())),
            List.of(new Donation.Home(7)),
            List.of());
    ProgramReader program = read(plan);
    long rest = program.steps().getFirst().arguments().get(1);
    assertThat(program.steps().getFirst().number()).isZero();
    assertThat(program.steps().getFirst().arguments().get(2)).isEqualTo(100);
    assertThat(hex(program.bytes(rest - 5, 106))).isEqualTo("484f4d453d" + "00".repeat(101));
    long vector = program.steps().get(1).arguments().get(2);
    assertThat(program.strings(vector)).containsExactly("A=b", "HOME=");
    assertThat(program.relocations()).containsValue((int) rest - 5);
  }

  @Test
  void sendsADescriptorAsTheKernelWantsIt() {
    Plan plan =
        new Plan(
            List.of(new TerminalStep.SendStdin(new Donated(0, "terminal"))),
            List.of(new Donation.TerminalSocket()),
            List.of());
    ProgramReader program = read(plan);
    var step = program.steps().getFirst();
    int header = Math.toIntExact(step.arguments().get(1));
    assertThat(step.number()).isEqualTo(46);
    assertThat(hex(program.bytes(header, 56)))
        .isEqualTo("00".repeat(24) + "01" + "00".repeat(15) + "18" + "00".repeat(15));
    int vector = program.relocations().get(header + 16);
    int control = program.relocations().get(header + 32);
    assertThat(hex(program.bytes(vector + 8, 8))).isEqualTo("01" + "00".repeat(7));
    assertThat(hex(program.bytes(control, 24)))
        .isEqualTo("14" + "00".repeat(7) + "0100000001000000" + "00".repeat(8));
  }

  @Test
  void marksCandidatesButNotTheLast() {
    Plan plan =
        plan(
            new ProcessStep.Execute(
                "/a", texts("a"), texts(), List.of(Tolerable.ENOENT, Tolerable.EACCES)),
            new ProcessStep.Execute("/b", texts("a"), texts(), List.of()));
    ProgramReader program = read(plan);
    assertThat(program.steps().get(0).flags()).isEqualTo(2);
    assertThat(program.steps().get(0).tolerated()).containsExactly(2, 13);
    assertThat(program.steps().get(1).flags()).isZero();
    assertThat(program.steps().get(1).tolerated()).isEmpty();
  }

  @Test
  void checksTheWorkingDirectoryInsideRoomOfItsOwn() {
    ProgramReader program = read(plan(new ProcessStep.CheckDirectory("/")));
    var step = program.steps().getFirst();
    assertThat(step.flags()).isEqualTo(4);
    assertThat(step.kinds().get(0)).isEqualTo(1);
    assertThat(program.bytes(step.arguments().get(0), 4096).toByteArray()).containsOnly(0);
    assertThat(step.arguments().get(1)).isEqualTo(4096);
  }

  @Test
  void carriesToleratedErrors() {
    Step step =
        new FileStep.MakeDirectory(new Here(), "a", 0755, "/a").tolerating(Tolerable.EEXIST);
    assertThat(read(plan(step)).steps().getFirst().tolerated()).containsExactly(17);
    assertThat(step.text()).isEqualTo("mkdirat(AT_FDCWD, \"a\", 0755) or EEXIST");
  }

  @Test
  void carriesConditionsInRegistersThatTheCallDoesNotRead() {
    Step step =
        new MountStep.CloneTree(new Slot(0), false, "/a", new Slot(3))
            .onlyIf(new Slot(1))
            .onlyUnless(new Slot(2));
    assertThat(step.text()).endsWith(" = s3 if s1 unless s2");
    var last = read(plan(filling(0), filling(1), filling(2), step)).steps().getLast();
    assertThat(last.kinds()).containsExactly(3, 1, 0, 4, 5, 0);
    assertThat(last.arguments().subList(3, 5)).containsExactly(1L, 2L);
  }

  @Test
  void refusesMoreToleratedErrorsThanAStepHolds() {
    Step step = new FileStep.Close(new Slot(0));
    Step full =
        step.tolerating(
            Tolerable.EBADF, Tolerable.EPERM, Tolerable.EINVAL, Tolerable.ENOENT, Tolerable.EACCES);
    assertThatThrownBy(full::instruction).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Step.Barrier("b").tolerating(Tolerable.EBADF))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void usesEachMachinesOwnNumbers() {
    Plan plan =
        plan(
            new FileStep.Open(new Here(), "/", List.of(Flag.O_DIRECTORY), List.of(), new Slot(0)),
            new ProcessStep.ChangeDirectory("/"));
    ProgramReader arm = ProgramReader.read(Program.encode(plan, Machine.AARCH64));
    assertThat(arm.machine()).isEqualTo(183);
    assertThat(arm.steps().get(1).number()).isEqualTo(49);
    assertThat(hex(arm.bytes(arm.steps().get(0).arguments().get(2), 8)))
        .isEqualTo("0040000000000000");
    ProgramReader x86 = read(plan);
    assertThat(x86.machine()).isEqualTo(62);
    assertThat(x86.steps().get(1).number()).isEqualTo(80);
    assertThat(hex(x86.bytes(x86.steps().get(0).arguments().get(2), 8)))
        .isEqualTo("0000010000000000");
  }

  @Test
  void encodesCapabilitiesInTwoWords() {
    long both = 1L | 1L << 40;
    ProgramReader program = read(plan(new IdentityStep.SetCapabilities(both, 1L, 0)));
    var step = program.steps().getFirst();
    assertThat(hex(program.bytes(step.arguments().get(0), 8))).isEqualTo("2205082000000000");
    assertThat(hex(program.bytes(step.arguments().get(1), 24)))
        .isEqualTo("01000000" + "01000000" + "00000000" + "00010000" + "00000000" + "00000000");
  }

  @Test
  void encodesTheRequestThatBringsLoopbackUp() {
    ProgramReader program =
        read(
            plan(
                new NamespaceStep.OpenSocket(new Slot(0)),
                new NamespaceStep.LoopbackUp(new Slot(0))));
    var step = program.steps().get(1);
    assertThat(step.arguments().get(1)).isEqualTo(0x8914);
    assertThat(hex(program.bytes(step.arguments().get(2), 40)))
        .isEqualTo("6c6f" + "00".repeat(14) + "0100" + "00".repeat(22));
  }

  @Test
  void passesNoListWhereThereIsNoGroup() {
    ProgramReader program = read(plan(new IdentityStep.SetGroups(List.of())));
    assertThat(program.steps().getFirst().arguments()).containsOnly(0L);
    ProgramReader one = read(plan(new IdentityStep.SetGroups(List.of(7, -2))));
    assertThat(hex(one.bytes(one.steps().getFirst().arguments().get(1), 8)))
        .isEqualTo("07000000feffffff");
  }

  @Test
  void refusesAPlanWithoutStepsAndOneWithTooMany() {
    assertThatThrownBy(() -> Program.encode(plan(), Machine.X86_64))
        .hasMessage("program must have 1 to 4096 steps: 0");
    Step step = new ProcessStep.NewSession();
    Plan full = new Plan(Collections.nCopies(4096, step), List.of(), List.of());
    assertThat(Program.encode(full, Machine.X86_64)).hasSize(32 + 4096 * 72);
    Plan over = new Plan(Collections.nCopies(4097, step), List.of(), List.of());
    assertThatThrownBy(() -> Program.encode(over, Machine.X86_64))
        .hasMessage("program must have 1 to 4096 steps: 4097");
  }

  @Test
  void refusesTooManyDescriptorsAndTooManyBytes() {
    Donation donation = new Donation.ContainerProcess();
    Plan over =
        new Plan(
            List.of(new ProcessStep.NewSession()), Collections.nCopies(251, donation), List.of());
    assertThatThrownBy(() -> Program.encode(over, Machine.X86_64))
        .hasMessage("program must have 0 to 250 descriptors: 251");
    Plan large = plan(new ProcessStep.ChangeDirectory("a".repeat(1 << 20)));
    assertThatThrownBy(() -> Program.encode(large, Machine.X86_64))
        .hasMessageStartingWith("program must have 0 to 1048576 bytes");
  }

  @Test
  void readsTheBytesThatTheHeaderMakes() throws IOException {
    ProgramReader program = ProgramReader.read(HEX.parseHex(golden("program.hex")));
    assertThat(program.steps()).hasSize(3);
    assertThat(program.steps().get(0).slot()).isEqualTo(5);
    assertThat(program.steps().get(1).number()).isEqualTo(-1);
    assertThat(program.strings(16)).containsExactly("/bin/sh", "/bin/sh");
  }

  @Test
  void encodesTheBarrierOfTheHeadersSamples() throws IOException {
    byte[] bytes = Program.encode(plan(new Step.Barrier("x")), Machine.X86_64);
    assertThat(HEX.formatHex(bytes, 32, 32 + 72)).isEqualTo(golden("step-barrier.hex"));
  }

  private static String hex(ByteString bytes) {
    return HEX.formatHex(bytes.toByteArray());
  }

  private static String golden(String name) throws IOException {
    try (InputStream in = ProgramTest.class.getResourceAsStream("/golden/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip();
    }
  }
}
