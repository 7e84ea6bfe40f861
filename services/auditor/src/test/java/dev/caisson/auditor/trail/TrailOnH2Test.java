package dev.caisson.auditor.trail;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class TrailOnH2Test extends TrailContract {

  private static TrailDatabase database;

  @BeforeAll
  static void start() throws Exception {
    database = FakeTrail.onH2();
  }

  @AfterAll
  static void stop() {
    database.close();
  }

  @Override
  TrailDatabase database() {
    return database;
  }

  @Override
  TrailDatabase fresh(int connections) throws Exception {
    return FakeTrail.onH2(connections);
  }

  @Override
  String endless() {
    return "SYSTEM_RANGE(1, 1000000000000)";
  }
}
