package dev.caisson.executor.seccomp;

import com.google.protobuf.ByteString;
import dev.caisson.executor.plan.Filter;
import dev.caisson.executor.plan.FilterRules;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.SeccompCompiler;
import dev.caisson.linux.SeccompFilter;
import dev.caisson.model.Recent;
import dev.caisson.model.Sha256;
import dev.caisson.proto.types.v1.Seccomp;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Filters by the digest of what they were compiled from: most containers have the same one.
 *
 * <p>Thread-safe. Compiling depends on nothing but the profile, so that an entry is never wrong.
 * Whoever asks for what is known waits for nobody; the others compile in the order of arrival.
 */
public final class Filters {
  /** At most 32 KiB each. */
  static final int CAPACITY = 64;

  /** For those before. The guard bounds each to a fraction of a second. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final System.Logger LOG = System.getLogger(Filters.class.getName());

  private final SeccompCompiler compiler;
  private final Duration patience;
  private final Recent<ByteString, Filter> entries = new Recent<>(CAPACITY);

  /** Never forgotten, whoever asks for how many others. */
  private final Map<ByteString, Filter> usual = new ConcurrentHashMap<>();

  private final ReentrantLock turn = new ReentrantLock(true);

  public Filters(SeccompCompiler compiler) {
    this(compiler, PATIENCE);
  }

  /**
   * @param patience how long somebody waits for his turn
   */
  Filters(SeccompCompiler compiler, Duration patience) {
    this.compiler = compiler;
    this.patience = patience;
  }

  /** Has the filters of most containers at hand before somebody waits for them. */
  public void prepare() {
    try {
      for (Seccomp seccomp : UsualProfiles.ofThisMachine()) {
        usual.put(sha256(seccomp.toByteString()), of(seccomp));
      }
    } catch (RuntimeException e) {
      if (!Thread.currentThread().isInterrupted()) { // else the executor ends already
        LOG.log(System.Logger.Level.WARNING, "Containers with a filter will be refused", e);
      }
    }
  }

  /**
   * The filter of a profile.
   *
   * @throws dev.caisson.executor.refusal.RefusedException when there is none; its metadata names
   *     the field
   */
  public Filter of(Seccomp seccomp) {
    ByteString key = sha256(seccomp.toByteString());
    @Nullable Filter known = usual.get(key);
    return known == null ? entries.get(key, _ -> compile(seccomp)) : known;
  }

  private Filter compile(Seccomp seccomp) {
    FilterRules.check(seccomp);
    requireLibrary();
    SeccompFilter compiled = inTurn(seccomp);
    ByteString instructions = ByteString.copyFrom(compiled.instructions().duplicate());
    Filter filter =
        new Filter(
            instructions, sha256(instructions), FilterRules.flags(seccomp), compiled.skipped());
    if (!filter.skipped().isEmpty()) {
      LOG.log(
          System.Logger.Level.INFO,
          "A filter names what this host''s libseccomp does not know: {0}",
          filter.skipped());
    }
    return filter;
  }

  private void requireLibrary() {
    compiler
        .missing()
        .ifPresent(sentence -> {
          throw Refusal.hostLacks("seccomp", sentence).exception();
        });
  }

  private SeccompFilter inTurn(Seccomp seccomp) {
    if (!taken()) {
      throw Refusal.limit(
              "seccomp.compiling", "Too many system call filters are being compiled; try again.")
          .exception();
    }
    try {
      return compiled(seccomp);
    } finally {
      turn.unlock();
    }
  }

  private boolean taken() {
    try {
      return turn.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private SeccompFilter compiled(Seccomp seccomp) {
    try {
      return compiler.compile(Profiles.of(seccomp));
    } catch (LinuxException e) {
      if (e.errno() == Errno.E2BIG) {
        throw Refusal.invalid(
                "seccomp",
                "compile to at most " + SeccompFilter.MAX_INSTRUCTIONS + " instructions",
                "more")
            .exception();
      }
      throw Refusal.invalid("seccomp", "be what libseccomp takes", String.valueOf(e.getMessage()))
          .exception();
    }
  }

  private static ByteString sha256(ByteString bytes) {
    MessageDigest digest = Sha256.start();
    bytes.asReadOnlyByteBufferList().forEach(digest::update);
    return ByteString.copyFrom(digest.digest());
  }
}
