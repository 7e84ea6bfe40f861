package dev.caisson.gateway.admission;

import dev.caisson.gateway.access.MethodRules;
import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.files.WatchedFile;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;

/** What the policy file says; empty where there is none. */
@Singleton
final class PolicyFile extends WatchedFile<Policies> {

  PolicyFile(GatewayConfiguration configuration, MethodRules rules, MeterRegistry registry) {
    super(
        "policy",
        configuration.policyFile(),
        registry,
        (file, text) -> PolicyDocument.read(file, text, rules.all()));
  }
}
