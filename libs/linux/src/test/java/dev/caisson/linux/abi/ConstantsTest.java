package dev.caisson.linux.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ConstantsTest {
  /**
   * Not in Debian 12's headers, which are 6.1's; or libseccomp's own, of which LibseccompTest tells
   * whether they are right.
   */
  private static final Set<String> NEWER =
      Set.of(
          "SCMP_FLTATR_CTL_OPTIMIZE",
          "SCMP_OPTIMIZE_BINARY_TREE",
          "NR_SCMP_ERROR",
          "MFD_EXEC",
          "MFD_NOEXEC_SEAL",
          "PIDFD_SIGNAL_PROCESS_GROUP",
          "PIDFD_INFO_PID");

  @ParameterizedTest
  @EnumSource
  void constantsAreTheHeaders(Architecture architecture) throws Exception {
    HeaderFacts facts =
        new HeaderFacts(
            "fcntl.h",
            "stdio.h",
            "dirent.h",
            "linux/memfd.h",
            "sys/pidfd.h",
            "linux/stat.h",
            "linux/mount.h",
            "linux/close_range.h",
            "linux/loop.h",
            "sys/wait.h",
            "signal.h",
            "spawn.h",
            "linux/sched.h",
            "linux/nsfs.h",
            "sys/socket.h",
            "netinet/in.h",
            "netinet/tcp.h",
            "linux/sockios.h",
            "linux/if.h",
            "sys/ioctl.h",
            "poll.h",
            "sys/epoll.h",
            "sys/eventfd.h",
            "linux/bpf.h");
    int count = 0;
    for (Field field : Constants.class.getFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        declare(facts, field.getName(), ((Number) field.get(null)).longValue());
        count++;
      }
    }

    assertThat(count).isGreaterThanOrEqualTo(50);
    assertThat(facts.wrong(Compilers.of(architecture))).isEmpty();
  }

  private static void declare(HeaderFacts facts, String name, long value) {
    if (NEWER.contains(name)) {
      facts.equalIfDefined(name, value);
    } else {
      facts.equal(name, value);
    }
  }

  @Test
  void systemCallNumbersOfX86AreTheHeaders() throws Exception {
    // Only an x86 compiler has these headers.
    HeaderFacts facts = numbers(SystemCallNumbers.X86_64, "asm/unistd.h");

    assertThat(facts.wrong(Compilers.of(Architecture.X86_64))).isEmpty();
  }

  @Test
  void systemCallNumbersOfAarch64AreTheHeaders() throws Exception {
    HeaderFacts facts = numbers(SystemCallNumbers.AARCH64, "asm-generic/unistd.h");

    assertThat(facts.wrong(Compilers.of(Architecture.current()))).isEmpty();
  }

  private static HeaderFacts numbers(SystemCallNumbers numbers, String header) throws Exception {
    HeaderFacts facts = new HeaderFacts(header);
    for (RecordComponent component : SystemCallNumbers.class.getRecordComponents()) {
      String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
      facts.equal("__NR_" + name, (int) component.getAccessor().invoke(numbers));
    }
    return facts;
  }
}
