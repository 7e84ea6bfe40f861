package dev.caisson.gateway;

import io.micronaut.runtime.Micronaut;

/** Starts the gateway, which then runs until it is told to end. */
public final class Gateway {
  private Gateway() {}

  public static void main(String[] args) {
    Micronaut.build(args).mainClass(Gateway.class).banner(false).start();
  }
}
