package dev.caisson.auditor;

import dev.caisson.auditor.trail.TrailDatabase;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.AbstractHealthIndicator;
import io.micronaut.management.health.indicator.annotation.Readiness;
import jakarta.inject.Singleton;
import java.sql.SQLException;
import java.util.Map;

/** Whether the trail's database answers. While it does not, nothing is read of Kafka either. */
@Singleton
@Readiness
final class TrailHealth extends AbstractHealthIndicator<Map<String, String>> {

  private final TrailDatabase database;

  TrailHealth(TrailDatabase database) {
    this.database = database;
  }

  @Override
  protected Map<String, String> getHealthInformation() {
    try {
      database.ping();
      healthStatus = HealthStatus.UP;
      return Map.of();
    } catch (SQLException e) {
      healthStatus = HealthStatus.DOWN;
      return Map.of("database", "is away, and is waited for: " + e.getMessage());
    }
  }

  @Override
  protected String getName() {
    return "trail";
  }
}
