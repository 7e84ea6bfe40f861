package dev.caisson.gateway;

import dev.caisson.events.ClientEnvironment;
import io.micronaut.runtime.Micronaut;
import java.util.Map;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Starts the gateway, which then runs until it is told to end. */
public final class Gateway {
  private Gateway() {}

  public static void main(String[] args) {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    Map<String, String> environment = System.getenv();
    Micronaut.build(args)
        .mainClass(Gateway.class)
        .banner(false)
        .environmentVariableExcludes(
            ClientEnvironment.variables(environment).toArray(String[]::new))
        .properties(ClientEnvironment.settings(environment))
        .start();
  }
}
