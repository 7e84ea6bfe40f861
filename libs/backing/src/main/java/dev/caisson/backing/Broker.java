package dev.caisson.backing;

import java.nio.file.Path;

/**
 * A real broker on free ports of loopback, which can be killed and started again: what it had
 * acknowledged is kept. Not thread-safe; the test that makes one closes it.
 */
public interface Broker extends AutoCloseable {

  /**
   * A broker that is not running yet.
   *
   * @param data a directory for it alone; the caller removes it
   * @throws IllegalStateException if there is none: neither an image of it nor a built {@code
   *     services/broker}
   */
  static Broker at(Path data) {
    return Engine.having(BrokerContainer.IMAGE)
        .<Broker>map(image -> new BrokerContainer(data, image))
        .orElseGet(() -> BrokerProcess.at(data));
  }

  /** Has it ask for logins and certificates, from the next start on. */
  Broker with(BrokerSecurity security);

  /** Where clients reach it: host and port. */
  String address();

  /** Where it speaks to itself. */
  String controllerAddress();

  /** Returns when clients can connect. */
  void start();

  /** Ends it at once, as a crash would. */
  void kill();

  /** Stops it as it stands, with all its connections open; it answers nobody until it goes on. */
  void suspend();

  /** Lets it go on where it was suspended. */
  void resume();

  /** What it has said since it was started last. */
  String log();

  @Override
  void close();
}
