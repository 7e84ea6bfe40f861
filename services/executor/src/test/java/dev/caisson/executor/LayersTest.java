package dev.caisson.executor;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.guard.HookRule;
import dev.caisson.executor.guard.IdRange;
import dev.caisson.executor.guard.NetworkPolicy;
import dev.caisson.executor.guard.RedactionPolicy;
import dev.caisson.executor.guard.SeccompPolicy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The executor's layers: calls go downward only, and what decides touches nothing. */
class LayersTest {
  private static final String ROOT = "dev.caisson.executor";

  /** Outermost first. A hook runs a program of its own, so it stands above the plan. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("rpc"),
          List.of("guard"),
          List.of("sandbox"),
          List.of("seccomp"),
          List.of("network"),
          List.of("hook"),
          List.of("plan"),
          List.of("init", "cgroup", "donation", "oom", "usage", "stdio", "log", "journal", "store"),
          List.of("disk"));

  /**
   * The owner's configuration is a value that any layer may read; the decisions are the guard's.
   */
  private static final Class<?>[] POLICY = {
    GuardPolicy.class,
    HookRule.class,
    IdRange.class,
    NetworkPolicy.class,
    RedactionPolicy.class,
    SeccompPolicy.class
  };

  /** Fewer would mean that the rules were asked about nothing. */
  private static final int LEAST_CLASSES = 60;

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  private static String inside(String layer) {
    return ROOT + "." + layer + "..";
  }

  @Test
  void seesTheClassesThatItJudges() {
    assertThat(CLASSES.size()).isGreaterThan(LEAST_CLASSES);
    for (String layer : List.of("plan", "guard")) {
      assertThat(CLASSES.that(resideInAnyPackage(inside(layer))).size())
          .as(layer)
          .isGreaterThan(10);
    }
  }

  @Test
  void callsDownwardOnly() {
    above()
        .forEach((layer, outer) ->
            noClasses()
                .that()
                .resideInAPackage(inside(layer))
                .should()
                .dependOnClassesThat(
                    resideInAnyPackage(
                            outer.stream().map(LayersTest::inside).toArray(String[]::new))
                        .and(not(belongToAnyOf(POLICY))))
                .because("calls go downward only")
                .allowEmptyShould(true)
                .check(CLASSES));
  }

  /** Of each package those further out. */
  private static Map<String, List<String>> above() {
    Map<String, List<String>> above = new LinkedHashMap<>();
    for (int i = 1; i < LAYERS.size(); i++) {
      List<String> outer = LAYERS.subList(0, i).stream().flatMap(List::stream).toList();
      LAYERS.get(i).forEach(layer -> above.put(layer, outer));
    }
    return above;
  }

  @Test
  void hasNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  private static final ArchRule PURE =
      noClasses()
          .that()
          .resideInAnyPackage(inside("plan"), inside("guard"), inside("refusal"))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                  "java.io..",
                  "java.nio.file..",
                  "java.nio.channels..",
                  "java.net..",
                  "java.lang.foreign..",
                  "dev.caisson.linux..",
                  "io.grpc.."))
          .because("plan and guard are pure");

  @Test
  void decidesWithoutTouchingAnything() {
    PURE.check(CLASSES);
  }

  @Test
  void asksNobodyForTheTime() {
    noClasses()
        .that()
        .resideInAnyPackage(inside("plan"), inside("guard"))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("java.util.random..", "java.util.concurrent..")
                .or(
                    resideInAnyPackage("java.time..")
                        .and(
                            com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName(
                                "Clock"))))
        .check(CLASSES);
  }

  @Test
  void failsOnAnEmptyClassPath() {
    JavaClasses none = new ClassFileImporter().importPackages("dev.caisson.nothing");
    assertThatThrownBy(() -> PURE.check(none)).isInstanceOf(AssertionError.class);
  }
}
