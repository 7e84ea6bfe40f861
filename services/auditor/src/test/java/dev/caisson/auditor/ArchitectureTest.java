package dev.caisson.auditor;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private static final String ROOT = "dev.caisson.auditor";

  /** Fewer were not looked at, and the rules would hold for nothing. */
  private static final int AT_LEAST = 50;

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  @Test
  void seesTheAuditor() {
    assertThat(classes).hasSizeGreaterThan(AT_LEAST);
  }

  @Test
  void knowsKafkaAndItsDatabaseAlone() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.caisson.proto.executor..",
            "dev.caisson.proto.journal..",
            "dev.caisson.proto.v1..",
            "dev.caisson.linux..",
            "java.lang.foreign..")
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
  void apportionsWithoutIo() {
    noClasses()
        .that()
        .haveSimpleName("Apportionment")
        .or()
        .haveSimpleName("Shares")
        .or()
        .haveSimpleNameEndingWith("Account")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.apache.kafka..",
            "java.io..",
            "java.nio..",
            "java.sql..",
            "java.time..",
            "io.micrometer..",
            "dev.caisson.proto..")
        .check(classes);
  }

  @Test
  void checksTheTrailWithoutTheDatabase() {
    noClasses()
        .that()
        .haveSimpleNameEndingWith("Check")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "javax.sql..", "org.apache.kafka..")
        .check(classes);
  }
}
