package dev.caisson.client;

import dev.caisson.rpc.Channels;
import dev.caisson.rpc.ClientTls;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/**
 * A client of Caisson. Make one for each gateway, keep it, and close it at the end: it is one
 * connection, made with the first call and again whenever it must. Thread-safe.
 *
 * <p>Calls that may be made twice are, by gRPC itself, up to four times where the answer is
 * UNAVAILABLE: those that read, and those that change something and have one answer, which a {@code
 * request_id} makes safe. Whatever has that field gets one where the caller has set none: with the
 * {@code Mono}, so that who subscribes to it again asks for the same to be done once. Of streams
 * {@link Events#watch}, {@link Sandboxes#watch} and statistics go on by themselves; no other is
 * made again.
 */
public final class Caisson implements AutoCloseable {
  /** For a call of one answer, where nothing else is said. */
  public static final Duration DEADLINE = Duration.ofSeconds(60);

  /** For how long a watch tries to come back, where nothing else is said. */
  public static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final Path USUAL_DATA = Path.of("/var/lib/caisson");
  private static final Duration LEAVING = Duration.ofMillis(200);

  private final Link link;
  private final Optional<Duration> deadline;
  private final boolean waitForReady;

  private Caisson(Link link, Optional<Duration> deadline, boolean waitForReady) {
    this.link = link;
    this.deadline = deadline;
    this.waitForReady = waitForReady;
  }

  /**
   * The services of this machine, in the data directory that {@code CAISSON_DATA} names, or in
   * {@code /var/lib/caisson}.
   */
  public static Caisson local() {
    return local(
        Optional.ofNullable(System.getenv("CAISSON_DATA")).map(Path::of).orElse(USUAL_DATA));
  }

  /**
   * The services of this machine.
   *
   * @param data their data directory
   */
  public static Caisson local(Path data) {
    return unix(data.resolve("run/gateway/gateway.sock"));
  }

  /** A gateway of this machine, by its socket. */
  public static Caisson unix(Path socket) {
    return builder().socket(socket).build();
  }

  /** For anything else. */
  public static Builder builder() {
    return new Builder();
  }

  /** Sandboxes: pods of containers. */
  public Sandboxes sandboxes() {
    return new Sandboxes(calls(), resumption());
  }

  /** Containers and their processes. */
  public Containers containers() {
    return new Containers(calls(), resumption());
  }

  /** What happens. */
  public Events events() {
    return new Events(calls(), resumption());
  }

  /** What has happened, and what it cost. */
  public Audit audit() {
    return new Audit(calls());
  }

  /**
   * The connection to the gateway, for stubs of gRPC's own: with the same retries, request ids and
   * tokens. Deadlines are the stub's. Its failures are gRPC's: {@link CaissonException#of}.
   */
  public Channel channel() {
    return link.channel;
  }

  private Resumption resumption() {
    return new Resumption(link.patience, link.whenCutOff, link.closing, Schedulers.parallel());
  }

  private Calls calls() {
    return new Calls(channel(), deadline, waitForReady);
  }

  /**
   * The same client, whose calls end with DEADLINE_EXCEEDED if they have not ended by themselves: a
   * stream, too, and one that goes on again and again as a whole. Closing either closes both.
   *
   * @param limit more than zero; of a call from when its first answer is asked for, of a watch that
   *     goes on by itself from the subscription on
   */
  public Caisson withDeadline(Duration limit) {
    if (!limit.isPositive()) {
      throw new IllegalArgumentException("deadline must be more than zero: " + limit);
    }
    return new Caisson(link, Optional.of(limit), waitForReady);
  }

  /**
   * The same client, whose calls wait for the gateway until their deadline, where nothing listens
   * yet. A watch that was cut off does not wait so, but tries again with patience. Closing either
   * closes both.
   */
  public Caisson withWaitForReady() {
    return new Caisson(link, deadline, true);
  }

  /**
   * Ends the connection. Calls that run fail with UNAVAILABLE; what they have begun goes on. Takes
   * up to 0.2 s.
   */
  @Override
  public void close() {
    link.close();
  }

  /** What several clients share. */
  private static final class Link {
    private final ManagedChannel connection;
    private final Channel channel;
    private final Duration patience;
    private final Consumer<CaissonException> whenCutOff;
    private final Closing closing = new Closing();

    Link(
        ManagedChannel connection,
        List<ClientInterceptor> interceptors,
        Duration patience,
        Consumer<CaissonException> whenCutOff) {
      this.connection = connection;
      this.channel = ClientInterceptors.intercept(connection, interceptors);
      this.patience = patience;
      this.whenCutOff = whenCutOff;
    }

    void close() {
      closing.begin();
      connection.shutdownNow();
      closing.wake();
      try {
        var _ = connection.awaitTermination(LEAVING.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Where a gateway is, and who one is to it. Not thread-safe. */
  public static final class Builder {
    private @Nullable Path socket;
    private @Nullable Address address;
    private @Nullable Path authorities;
    private @Nullable Path certificate;
    private @Nullable Path key;
    private @Nullable Supplier<String> token;
    private @Nullable Consumer<String> whenWarned;
    private Consumer<CaissonException> whenCutOff = _ -> {};
    private Duration patience = PATIENCE;

    private Builder() {}

    /** The gateway's Unix socket. */
    public Builder socket(Path path) {
      this.socket = path;
      return this;
    }

    /** Its address on another machine, by TLS. */
    public Builder address(Address where) {
      this.address = where;
      return this;
    }

    /**
     * Its address on another machine, by TLS.
     *
     * @param hostAndPort {@code host:port}
     * @throws IllegalArgumentException if it is not that
     */
    public Builder address(String hostAndPort) {
      return address(Address.parse(hostAndPort));
    }

    /** Who may have signed the gateway's certificate: PEM. Without: those that the JDK trusts. */
    public Builder authorities(Path pem) {
      this.authorities = pem;
      return this;
    }

    /**
     * Who one is: both PEM, the key PKCS #8 without a password.
     *
     * @param chain one's own certificate first
     */
    public Builder certificate(Path chain, Path privateKey) {
      this.certificate = chain;
      this.key = privateKey;
      return this;
    }

    /**
     * Who one is, by a token that is asked for with each attempt of a call: who has to renew it
     * does so there. It may block, and is asked by several threads at once; what it throws ends the
     * call with UNAUTHENTICATED and is the cause, and so does what is no token by RFC 6750.
     */
    public Builder token(Supplier<String> current) {
      this.token = current;
      return this;
    }

    /**
     * Told what the operator's policies warn of, as {@code ‹policy›: ‹message›}, by a thread of
     * gRPC.
     */
    public Builder whenWarned(Consumer<String> listener) {
      this.whenWarned = listener;
      return this;
    }

    /** Told when a watch is cut off that then tries to go on. It must not block, or throw. */
    public Builder whenCutOff(Consumer<CaissonException> listener) {
      this.whenCutOff = listener;
      return this;
    }

    /**
     * For how long a watch that was cut off tries to go on, before it fails with the last error.
     *
     * @param limit from the failure on; zero: it never tries
     */
    public Builder patience(Duration limit) {
      this.patience = limit;
      return this;
    }

    /**
     * The client; it has no connection yet.
     *
     * @throws IllegalStateException unless there is either a socket or an address
     * @throws UncheckedIOException that names the files, if one for TLS cannot be used
     */
    public Caisson build() {
      return new Caisson(
          new Link(channel(), interceptors(), patience, whenCutOff), Optional.empty(), false);
    }

    private ManagedChannel channel() {
      if (socket != null && address == null) {
        return Channels.unix(socket, ServiceConfig.read());
      }
      if (address != null && socket == null) {
        return tls(address);
      }
      throw new IllegalStateException("A client must have a socket or an address, one of both");
    }

    private ManagedChannel tls(Address where) {
      ClientTls files =
          new ClientTls(
              Optional.ofNullable(authorities),
              Optional.ofNullable(certificate),
              Optional.ofNullable(key));
      try {
        return Channels.tls(where.host(), where.port(), files, ServiceConfig.read());
      } catch (IOException e) {
        throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
      }
    }

    private List<ClientInterceptor> interceptors() {
      List<ClientInterceptor> all = new ArrayList<>(List.of(RequestIds.random(), new SentCalls()));
      Optional.ofNullable(whenWarned).map(Warnings::new).ifPresent(all::add);
      Optional.ofNullable(token).map(TokenCredentials::new).ifPresent(all::add);
      return all;
    }
  }
}
