package dev.caisson.auditor;

import dev.caisson.events.ClientEnvironment;
import io.micronaut.runtime.Micronaut;
import java.util.Map;

/**
 * Reads Kafka alone: keeps the trail, verifies it, apportions CPU time, and answers questions about
 * both. Needs no privilege; ends cleanly on SIGTERM.
 */
public final class Auditor {

  private Auditor() {}

  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    Micronaut.build(args)
        .mainClass(Auditor.class)
        .banner(false)
        .deduceEnvironment(false)
        .environmentVariableExcludes(
            ClientEnvironment.variables(environment).toArray(String[]::new))
        .properties(ClientEnvironment.settings(environment))
        .start();
  }
}
