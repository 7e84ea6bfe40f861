package dev.caisson.auditor.trail;

import org.junit.jupiter.api.Nested;

/** What holds of a trail, whichever database keeps it. */
abstract class TrailContract {

  /** Made for all tests, which leave it empty. */
  abstract TrailDatabase database();

  /** A database of one test's own. */
  abstract TrailDatabase fresh(int connections) throws Exception;

  /** Rows in SQL, with a column x, to whose end nothing comes. */
  abstract String endless();

  private FakeTrail open() throws Exception {
    return new FakeTrail(database());
  }

  @Nested
  class Writing extends TrailWriterContract {
    @Override
    FakeTrail open() throws Exception {
      return TrailContract.this.open();
    }
  }

  @Nested
  class Searching extends TrailSearchContract {
    @Override
    FakeTrail open() throws Exception {
      return TrailContract.this.open();
    }
  }

  @Nested
  class Calling extends CallersContract {
    @Override
    TrailDatabase open(int connections) throws Exception {
      return fresh(connections);
    }

    @Override
    String endless() {
      return TrailContract.this.endless();
    }
  }

  @Nested
  class Verifying extends TrailVerifierContract {
    @Override
    FakeTrail open() throws Exception {
      return TrailContract.this.open();
    }
  }

  @Nested
  class Forging extends ForgeryContract {
    @Override
    FakeTrail open() throws Exception {
      return TrailContract.this.open();
    }
  }

  @Nested
  class Watching extends WatchContract {
    @Override
    FakeTrail open() throws Exception {
      return TrailContract.this.open();
    }
  }

  @Nested
  class Retaining extends RetentionContract {
    @Override
    FakeTrail open() throws Exception {
      return TrailContract.this.open();
    }
  }
}
