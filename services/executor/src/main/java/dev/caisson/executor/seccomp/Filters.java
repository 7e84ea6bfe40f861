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
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Seccomp;
import java.security.MessageDigest;
import java.util.Map;

/**
 * Filters by the digest of what they were compiled from: most containers have the same one.
 *
 * <p>Thread-safe. Compiling depends on nothing but the profile, so that an entry is never wrong.
 */
public final class Filters {
  /** At most 32 KiB each. */
  static final int CAPACITY = 64;

  private static final System.Logger LOG = System.getLogger(Filters.class.getName());

  private final SeccompCompiler compiler;
  private final Recent<ByteString, Filter> entries = new Recent<>(CAPACITY);

  public Filters(SeccompCompiler compiler) {
    this.compiler = compiler;
  }

  /** Has the library at hand before somebody waits for it. */
  public void prepare() {
    try {
      var _ = of(Seccomp.newBuilder().setDefaultAction("SCMP_ACT_ALLOW").build());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "Containers with a filter will be refused", e);
    }
  }

  /**
   * The filter of a profile.
   *
   * @throws dev.caisson.executor.refusal.RefusedException when there is none; its metadata names
   *     the field
   */
  public Filter of(Seccomp seccomp) {
    return entries.get(sha256(seccomp.toByteString()), _ -> compile(seccomp));
  }

  private Filter compile(Seccomp seccomp) {
    FilterRules.check(seccomp);
    requireLibrary();
    SeccompFilter compiled = compiled(seccomp);
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
          throw new Refusal(Reason.HOST_UNSUPPORTED, sentence, Map.of("field", "seccomp"))
              .exception();
        });
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
