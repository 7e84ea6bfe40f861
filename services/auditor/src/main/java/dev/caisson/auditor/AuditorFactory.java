package dev.caisson.auditor;

import dev.caisson.auditor.cpu.CpuService;
import dev.caisson.auditor.cpu.CpuSettings;
import dev.caisson.auditor.rpc.AuditServer;
import dev.caisson.auditor.trail.Enrolment;
import dev.caisson.auditor.trail.EnrolmentDirectory;
import dev.caisson.auditor.trail.TrailDatabase;
import dev.caisson.auditor.trail.TrailSearch;
import dev.caisson.auditor.trail.TrailService;
import dev.caisson.auditor.trail.TrailSettings;
import dev.caisson.events.KafkaAccess;
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
  TrailSettings trailSettings(AuditorConfiguration configuration, TrailConfiguration trail)
      throws IOException {
    return trail.settings(Files.createDirectories(configuration.trail()));
  }

  @Singleton
  @Bean(preDestroy = "close")
  TrailDatabase trailDatabase(TrailSettings settings) throws SQLException {
    return TrailDatabase.open(settings);
  }

  @Singleton
  Enrolment enrolment(AuditorConfiguration configuration) {
    return new EnrolmentDirectory(configuration.nodeKeys());
  }

  @Context
  KafkaAccess kafkaAccess(KafkaConfiguration configuration) {
    return configuration.access();
  }

  @Context
  @Bean(preDestroy = "close")
  TrailService trailService(
      TrailDatabase database,
      TrailSettings settings,
      AuditorConfiguration configuration,
      Enrolment enrolment,
      KafkaAccess kafka,
      MeterRegistry registry) {
    TrailService.Membership membership =
        new TrailService.Membership(kafka, configuration.instance());
    return TrailService.start(database, membership, enrolment, settings, registry);
  }

  @Context
  @Bean(preDestroy = "close")
  CpuService cpuService(
      AuditorConfiguration configuration,
      KafkaAccess kafka,
      CpuSettings settings,
      MeterRegistry registry)
      throws IOException {
    return CpuService.start(
        kafka, Files.createDirectories(configuration.streams()), settings, registry);
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
        configuration.allowedUsers(),
        new TrailSearch(database),
        trail.verifier(),
        cpu.table(),
        cpu.history(),
        registry);
  }
}
