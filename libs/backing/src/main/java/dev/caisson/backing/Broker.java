package dev.caisson.backing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A real broker on free ports of loopback, which can be killed and started again: what it had
 * acknowledged is kept. Not thread-safe; the test that makes one closes it.
 */
public abstract class Broker implements AutoCloseable {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

  private final BrokerPlace place;

  Broker(BrokerPlace place) {
    this.place = place;
  }

  /**
   * A broker that is not running yet.
   *
   * @param data a directory for it alone; the caller removes it
   * @throws IllegalStateException if there is none: neither an image of it nor a built {@code
   *     services/broker}
   */
  public static Broker at(Path data) {
    return Engine.having(BrokerContainer.IMAGE)
        .<Broker>map(image -> new BrokerContainer(new BrokerPlace(data), image))
        .orElseGet(() -> BrokerProcess.at(data));
  }

  /** Has it ask for logins and certificates, from the next start on. */
  public final Broker with(BrokerSecurity security) {
    place.settings(security.settings(this));
    show(security.directory());
    return this;
  }

  /** Where clients reach it: host and port. */
  public final String address() {
    return place.address();
  }

  /** Returns when clients can connect. */
  public final void start() {
    place.unready();
    begin();
    try {
      Patience.await(
          "The broker", START_TIMEOUT, () -> Files.exists(place.ready()), this::running, this::log);
    } catch (IllegalStateException e) {
      kill();
      throw e;
    }
  }

  /** Ends it at once, as a crash would. */
  public abstract void kill();

  /** Stops it as it stands, with all its connections open; it answers nobody until it goes on. */
  public abstract void suspend();

  /** Lets it go on where it was suspended. */
  public abstract void resume();

  /** What it has said, since it was started last at least. */
  public abstract String log();

  @Override
  public abstract void close();

  /** Where it speaks to itself. */
  final String controllerAddress() {
    return place.controllerAddress();
  }

  final BrokerPlace place() {
    return place;
  }

  /** Has it see a directory of this machine. */
  abstract void show(Path directory);

  abstract void begin();

  abstract boolean running();
}
