package dev.caisson.gateway;

import io.micronaut.runtime.Micronaut;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Starts the gateway, which then runs until it is told to end. */
public final class Gateway {
  private Gateway() {}

  public static void main(String[] args) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    Micronaut.build(args).mainClass(Gateway.class).banner(false).start();
  }
}
