package dev.caisson.executor;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
          List.of("hook"),
          List.of("plan"),
          List.of("init", "cgroup", "oom", "usage", "stdio", "journal", "store"));

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
                .dependOnClassesThat()
                .resideInAnyPackage(outer.stream().map(LayersTest::inside).toArray(String[]::new))
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

  @Test
  void decidesWithoutTouchingAnything() {
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
        .because("plan and guard are pure")
        .check(CLASSES);
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
    assertThat(Stream.of(none).mapToInt(JavaClasses::size).sum()).isZero();
    assertThat(CLASSES.size()).isNotEqualTo(none.size());
  }
}
