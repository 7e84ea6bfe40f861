package dev.caisson.gateway.access;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.files.WatchedFile;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;

/**
 * What the access file says; empty where there is none: then whoever may call may do everything.
 */
@Singleton
public final class AccessFile extends WatchedFile<Access> {

  AccessFile(GatewayConfiguration configuration, MethodRules rules, MeterRegistry registry) {
    super(
        "access",
        configuration.accessFile(),
        registry,
        (file, text) -> AccessDocument.read(file, text, rules.permissions()));
  }
}
