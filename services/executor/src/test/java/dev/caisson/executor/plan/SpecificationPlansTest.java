package dev.caisson.executor.plan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.TextFormat;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Plans of OCI documents: those that tools generate, whole; of all others, which change one thing
 * in one of these, the lines that this changes. {@code src/test/resources/specs} has what libs/oci
 * makes of the documents, {@code src/test/resources/plans/specs} the plans; they are written anew
 * with {@code -Dplans.write=true}.
 */
class SpecificationPlansTest {
  private static final Path SPECS = Path.of("src/test/resources/specs");
  private static final Path PLANS = Path.of("src/test/resources/plans/specs");
  private static final String WHOLE = "generated-";
  private static final String BASE = "generated-runc";
  private static final String EXTENSION = ".txtpb";

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(SPECS)) {
      return files
          .map(file -> file.getFileName().toString().replace(EXTENSION, ""))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void isAsItWasRead(String name) throws IOException {
    String text = String.join("\n", shown(name, lines(name))) + "\n";
    Path file = PLANS.resolve(name + ".txt");
    if (Boolean.getBoolean("plans.write")) {
      Files.createDirectories(PLANS);
      Files.writeString(file, text, UTF_8);
    }
    assertThat(text).isEqualTo(Files.readString(file, UTF_8));
  }

  private static List<String> shown(String name, List<String> lines) throws IOException {
    boolean whole =
        name.startsWith(WHOLE) || isExec(name) || lines.size() == 1; // one line: a refusal
    return whole ? lines : Changes.between(lines(BASE), lines);
  }

  private static List<String> lines(String name) throws IOException {
    String text = Files.readString(SPECS.resolve(name + EXTENSION), UTF_8);
    if (text.startsWith("#")) {
      return List.of("not converted: " + text.substring(1).strip());
    }
    try {
      ContainerSpec spec = TextFormat.parse(text, ContainerSpec.class);
      Plan plan = plan(name, spec);
      ProgramReader program = ProgramReader.read(Program.encode(plan, Machine.X86_64));
      assertThat(program.steps()).hasSameSizeAs(plan.steps());
      return plan.text();
    } catch (RefusedException refused) {
      assertThat(refused.refusal().metadata()).containsKey("field");
      return List.of("refused: " + refused.refusal().message());
    }
  }

  /** The process of some is executed in a container; of what is listed beside them in another. */
  private static Plan plan(String name, ContainerSpec spec) {
    if (isExec(name)) {
      return ExecPlan.compile(
          spec.getProcess(),
          spec,
          new ExecFacts(Specs.hybrid(), true, Specs.LAST_CAPABILITY, filter(spec)));
    }
    return ContainerPlan.compile(
        spec,
        new ContainerFacts(
            !isBeside(name),
            Specs.hybrid(),
            true,
            Set.of("/srv/file"),
            Specs.LAST_CAPABILITY,
            filter(spec),
            isBeside(name) ? Set.of() : foreign(spec)));
  }

  private static Set<Namespace.Type> foreign(ContainerSpec spec) {
    return SharedNamespaces.of(spec.getNamespacesList())
        .foreign(spec.getUserNamespace().getMode() != UserNamespace.Mode.HOST);
  }

  private static boolean isExec(String name) {
    return name.startsWith("exec");
  }

  /** The second of its sandbox. */
  private static boolean isBeside(String name) {
    return name.equals("join-pid");
  }

  /** A filter's instructions are not the plan's matter: any will do. */
  private static Optional<Filter> filter(ContainerSpec spec) {
    return spec.hasSeccomp() ? Optional.of(Specs.filter(spec.getSeccomp())) : Optional.empty();
  }

  /** What must be done to one text to get another: a longest common subsequence of lines. */
  private static final class Changes {
    private final List<String> from;
    private final List<String> to;
    private final int[][] common;

    private Changes(List<String> from, List<String> to) {
      this.from = from;
      this.to = to;
      this.common = new int[from.size() + 1][to.size() + 1];
    }

    static List<String> between(List<String> from, List<String> to) {
      Changes changes = new Changes(from, to);
      changes.measure();
      return changes.lines();
    }

    private void measure() {
      for (int i = from.size() - 1; i >= 0; i--) {
        for (int j = to.size() - 1; j >= 0; j--) {
          common[i][j] =
              from.get(i).equals(to.get(j))
                  ? common[i + 1][j + 1] + 1
                  : Math.max(common[i + 1][j], common[i][j + 1]);
        }
      }
    }

    private List<String> lines() {
      List<String> lines = new ArrayList<>();
      int i = 0;
      int j = 0;
      while (i < from.size() || j < to.size()) {
        if (i < from.size() && j < to.size() && from.get(i).equals(to.get(j))) {
          i++;
          j++;
        } else if (j == to.size() || (i < from.size() && common[i + 1][j] >= common[i][j + 1])) {
          lines.add("- " + from.get(i++));
        } else {
          lines.add("+ " + to.get(j++));
        }
      }
      return lines;
    }
  }
}
