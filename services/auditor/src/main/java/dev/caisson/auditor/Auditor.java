package dev.caisson.auditor;

import io.micronaut.runtime.Micronaut;

/**
 * Reads Kafka alone: keeps the trail, verifies it, apportions CPU time, and answers questions about
 * both. Needs no privilege; ends cleanly on SIGTERM.
 */
public final class Auditor {

  private Auditor() {}

  public static void main(String[] args) {
    Micronaut.build(args).mainClass(Auditor.class).banner(false).deduceEnvironment(false).start();
  }
}
