package dev.caisson.auditor;

import dev.caisson.auditor.cpu.CpuService;
import dev.caisson.auditor.rpc.AuditServer;
import dev.caisson.auditor.trail.TrailDatabase;
import dev.caisson.auditor.trail.TrailSearch;
import dev.caisson.auditor.trail.TrailService;
import dev.caisson.auditor.trail.TrailVerifier;
import io.micrometer.core.instrument.MeterRegistry;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Context;
import io.micronaut.context.annotation.Factory;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;

/** Puts the auditor together. Nothing of it waits for Kafka. */
@Factory
final class AuditorFactory {

  @Singleton
  @Bean(preDestroy = "close")
  TrailDatabase trailDatabase(AuditorConfiguration configuration) throws IOException, SQLException {
    return TrailDatabase.open(Files.createDirectories(configuration.trail()));
  }

  @Context
  @Bean(preDestroy = "close")
  TrailService trailService(
      TrailDatabase database, KafkaConfiguration kafka, MeterRegistry registry) {
    return TrailService.start(database, kafka.bootstrapServers(), kafka.replication(), registry);
  }

  @Context
  @Bean(preDestroy = "close")
  CpuService cpuService(
      AuditorConfiguration configuration, KafkaConfiguration kafka, MeterRegistry registry)
      throws IOException {
    return CpuService.start(
        kafka.bootstrapServers(),
        kafka.replication(),
        Files.createDirectories(configuration.streams()),
        registry);
  }

  @Context
  @Bean(preDestroy = "close")
  AuditServer auditServer(
      AuditorConfiguration configuration,
      TrailDatabase database,
      TrailService trail,
      CpuService cpu,
      MeterRegistry registry)
      throws IOException {
    return AuditServer.start(
        configuration.socket(),
        configuration.socketMode(),
        new TrailSearch(database),
        new TrailVerifier(database, trail.horizon()),
        cpu.table(),
        registry);
  }
}
