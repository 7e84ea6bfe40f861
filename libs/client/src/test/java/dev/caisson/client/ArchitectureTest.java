package dev.caisson.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** What a service gets that declares the client. */
class ArchitectureTest {
  /** Fewer were not looked at, and the rule would hold for nothing. */
  private static final int AT_LEAST = 20;

  private final JavaClasses all =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.caisson.client");

  @Test
  void usesThePublicApisAndNothingOfAFramework() {
    assertThat(all).hasSizeGreaterThan(AT_LEAST);
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.caisson.client..",
            "dev.caisson.rpc..",
            "dev.caisson.proto.v1..",
            "dev.caisson.proto.audit.v1..",
            "dev.caisson.proto.events.v1..",
            "dev.caisson.proto.types.v1..",
            "io.grpc..",
            "com.google.protobuf..",
            "com.google.rpc..",
            "com.google.gson..",
            "reactor..",
            "org.reactivestreams..",
            "org.jspecify..",
            "java..",
            "javax.net.ssl..")
        .check(all);
  }
}
