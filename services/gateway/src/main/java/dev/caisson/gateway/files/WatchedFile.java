package dev.caisson.gateway.files;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
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
 * What a file says. It is looked at every two seconds; one that cannot be used changes nothing
 * until it is mended, and its problems are in the log and in the health. Thread-safe.
 *
 * @param <T> immutable
 */
public abstract class WatchedFile<T> {
  private static final Logger LOG = LoggerFactory.getLogger(WatchedFile.class);

  private static final Duration PERIOD = Duration.ofSeconds(2);

  private final String name;
  private final Optional<Path> file;
  private final Reader<T> reader;
  private byte[] seen = {};
  private byte[] changing = {};
  private volatile Optional<T> content = Optional.empty();
  private volatile String problem = "";
  private Disposable looking = Disposables.disposed();

  private enum Seen {
    AS_BEFORE,
    CHANGING,
    TAKEN_UP
  }

  /** Makes a value of a text. */
  @FunctionalInterface
  public interface Reader<T> {
    /**
     * Reads the whole of it.
     *
     * @param file its path, for what is wrong
     */
    T read(String file, String text) throws DocumentException;
  }

  /**
   * Reads it for the first time.
   *
   * @param name as in {@code access}, for the metric and the health
   * @param file none: there is nothing to say
   * @throws UncheckedIOException if it cannot be read
   * @throws IllegalArgumentException if it cannot be used
   */
  protected WatchedFile(
      String name, Optional<String> file, MeterRegistry registry, Reader<T> reader) {
    this.name = name;
    this.file = file.map(Path::of);
    this.reader = reader;
    try {
      read();
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    } catch (DocumentException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    Gauge.builder(
            "caisson.gateway." + name + ".file.refused", this, one -> one.problem.isEmpty() ? 0 : 1)
        .description("1: the " + name + " file cannot be used as it is; what it said before holds")
        .register(registry);
  }

  /** Empty where there is no such file. */
  public final Optional<T> content() {
    return content;
  }

  final String name() {
    return name;
  }

  /** What is wrong with the file as it is; empty: nothing. */
  final String problem() {
    return problem;
  }

  final String path() {
    return file.map(Path::toString).orElse("none");
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
      Seen now = read();
      if (now == Seen.TAKEN_UP) {
        LOG.info("The {} file was read again: {}", name, file.orElseThrow());
      }
      if (now != Seen.CHANGING) {
        problem = "";
      }
    } catch (IOException | DocumentException | RuntimeException e) {
      String found = String.valueOf(e.getMessage());
      if (!found.equals(problem)) {
        found.lines().forEach(LOG::error);
        LOG.error("Until then, what the {} file said before holds", name);
      }
      problem = found;
    }
  }

  /**
   * Of a change it is sure when it has seen it twice: a file that is being written in its place may
   * be sound half-way, with less in it.
   */
  private synchronized Seen read() throws IOException, DocumentException {
    if (file.isEmpty()) {
      return Seen.AS_BEFORE;
    }
    byte[] bytes = bytes(file.get());
    if (Arrays.equals(bytes, seen) && content.isPresent()) {
      return Seen.AS_BEFORE;
    }
    if (content.isPresent() && !Arrays.equals(bytes, changing)) {
      changing = bytes;
      return Seen.CHANGING;
    }
    content = Optional.of(reader.read(file.get().toString(), text(bytes)));
    seen = bytes;
    return Seen.TAKEN_UP;
  }

  private byte[] bytes(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(YamlDocument.MAX_SIZE + 1);
    } catch (IOException e) {
      throw new IOException("The " + name + " file must be readable: " + path + " (" + e + ")", e);
    }
  }

  private String text(byte[] bytes) throws DocumentException {
    if (bytes.length > YamlDocument.MAX_SIZE) {
      throw wrong("it must be at most 1 MiB");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw wrong("it must be UTF-8");
    }
  }

  private DocumentException wrong(String what) {
    return new DocumentException(name + " file", path(), List.of(what));
  }
}
