package dev.caisson.gateway.access;

import dev.caisson.gateway.config.GatewayConfiguration;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Schedulers;

/**
 * What the access file says. It is looked at every two seconds; one that cannot be used changes
 * nothing until it is mended, and its problems are in the log and in the health. Thread-safe.
 */
@Singleton
public final class AccessFile {
  private static final Logger LOG = LoggerFactory.getLogger(AccessFile.class);

  private static final Duration PERIOD = Duration.ofSeconds(2);

  private final Optional<Path> file;
  private final Permissions permissions;
  private byte[] seen = {};
  private volatile Optional<Access> access = Optional.empty();
  private volatile String problem = "";
  private Disposable looking = Disposables.disposed();

  /**
   * Reads it for the first time.
   *
   * @throws UncheckedIOException if it cannot be used
   */
  AccessFile(GatewayConfiguration configuration, MethodRules rules, MeterRegistry registry) {
    this.file = configuration.accessFile().map(Path::of);
    this.permissions = rules.permissions();
    try {
      read();
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    } catch (AccessException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    Gauge.builder("caisson.gateway.access.file.refused", this, one -> one.problem.isEmpty() ? 0 : 1)
        .description("1: the access file cannot be used as it is; what it said before holds")
        .register(registry);
  }

  /** Empty where there is none: then whoever may call may do everything. */
  Optional<Access> access() {
    return access;
  }

  /** What is wrong with the file as it is; empty: nothing. */
  String problem() {
    return problem;
  }

  @PostConstruct
  void start() {
    looking =
        Schedulers.boundedElastic()
            .schedulePeriodically(
                this::look, PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
  }

  @PreDestroy
  void stop() {
    looking.dispose();
  }

  /** Takes up what has changed. */
  private void look() {
    try {
      if (read()) {
        LOG.info("The access file was read again: {}", file.orElseThrow());
      }
      problem = "";
    } catch (IOException | AccessException e) {
      String now = String.valueOf(e.getMessage());
      if (!now.equals(problem)) {
        now.lines().forEach(LOG::error);
        LOG.error("Until then, what the access file said before holds");
      }
      problem = now;
    }
  }

  private synchronized boolean read() throws IOException, AccessException {
    if (file.isEmpty()) {
      return false;
    }
    byte[] content = content(file.get());
    if (Arrays.equals(content, seen) && access.isPresent()) {
      return false;
    }
    access =
        Optional.of(
            AccessDocument.read(file.get().toString(), text(file.get(), content), permissions));
    seen = content;
    return true;
  }

  private static byte[] content(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(AccessDocument.MAX_SIZE + 1);
    } catch (IOException e) {
      throw new IOException("The access file must be readable: " + file + " (" + e + ")", e);
    }
  }

  private static String text(Path file, byte[] content) throws AccessException {
    if (content.length > AccessDocument.MAX_SIZE) {
      throw new AccessException(file.toString(), List.of("it must be at most 1 MiB"));
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
    } catch (CharacterCodingException e) {
      throw new AccessException(file.toString(), List.of("it must be UTF-8"));
    }
  }
}
