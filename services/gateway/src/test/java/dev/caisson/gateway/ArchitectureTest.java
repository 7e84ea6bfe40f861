package dev.caisson.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final String ROOT = "dev.caisson.gateway";

  /** Fewer were not looked at, and the rules would hold for nothing. */
  private static final int AT_LEAST = 40;

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  @Test
  void seesTheGateway() {
    assertThat(classes).hasSizeGreaterThan(AT_LEAST);
  }

  @Test
  void hasNoWayToTheKernel() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.caisson.linux..", "java.lang.foreign..", "sun.misc..")
        .check(classes);
    noClasses()
        .should()
        .dependOnClassesThat()
        .belongToAnyOf(ProcessBuilder.class, Runtime.class)
        .check(classes);
  }

  @Test
  void hasNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
  }

  @Test
  void keepsNamesAndErrorsPure() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + ".names..", ROOT + ".errors..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("reactor..", "io.micronaut..", "java.nio.file..", "java.net..")
        .check(classes);
  }

  @Test
  void callsDownwardOnly() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + ".executor..", ROOT + ".journal..", ROOT + ".identity..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + ".api..", ROOT + ".server..")
        .check(classes);
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".bridge..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.caisson.proto..", "io.micronaut..", ROOT + ".executor..")
        .check(classes);
  }

  @Test
  void commandsNothingFromTheJournal() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".journal..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.caisson.proto.executor..")
        .check(classes);
  }
}
