package dev.caisson.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.abi.Architecture;
import dev.caisson.linux.abi.Compilers;
import dev.caisson.linux.abi.HeaderFacts;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class FlagsTest {
  @ParameterizedTest
  @EnumSource
  void openFlagsAreTheHeaders(Architecture architecture) throws Exception {
    HeaderFacts facts = new HeaderFacts("fcntl.h");
    for (OpenFlag flag : OpenFlag.values()) {
      facts.equal(macro(flag), flag.bits(architecture));
    }

    assertThat(facts.wrong(Compilers.of(architecture))).isEmpty();
  }

  @Test
  void seccompActionsAreTheHeaders() throws Exception {
    HeaderFacts facts = new HeaderFacts("linux/seccomp.h", "linux/filter.h");
    for (SeccompAction.Kind kind : SeccompAction.Kind.values()) {
      String name = kind == SeccompAction.Kind.NOTIFY ? "USER_NOTIF" : kind.name();
      facts.equal("SECCOMP_RET_" + name, Integer.toUnsignedLong(kind.bits()));
    }
    facts.equal("SECCOMP_RET_DATA", SeccompAction.MAX_DATA);
    facts.equal("BPF_MAXINSNS", SeccompFilter.MAX_INSTRUCTIONS);
    facts.equal("sizeof(struct sock_filter)", SeccompFilter.INSTRUCTION_BYTES);

    assertThat(facts.wrong(Compilers.of(Architecture.current()))).isEmpty();
  }

  private static String macro(OpenFlag flag) {
    return switch (flag) {
      case READ_ONLY -> "O_RDONLY";
      case WRITE_ONLY -> "O_WRONLY";
      case READ_WRITE -> "O_RDWR";
      case CREATE -> "O_CREAT";
      case EXCLUSIVE -> "O_EXCL";
      case NO_CONTROLLING_TERMINAL -> "O_NOCTTY";
      case TRUNCATE -> "O_TRUNC";
      case APPEND -> "O_APPEND";
      case NON_BLOCKING -> "O_NONBLOCK";
      case DIRECTORY -> "O_DIRECTORY";
      case NO_FOLLOW -> "O_NOFOLLOW";
      case PATH -> "O_PATH";
    };
  }

  @Test
  void resolveFlagsAreTheHeaders() throws Exception {
    HeaderFacts facts = new HeaderFacts("linux/openat2.h");
    for (Resolve resolve : Resolve.values()) {
      facts.equal(macro(resolve), Resolve.bits(Set.of(resolve)));
    }

    assertThat(facts.wrong(Compilers.of(Architecture.current()))).isEmpty();
  }

  private static String macro(Resolve resolve) {
    return switch (resolve) {
      case NO_MOUNT_CROSSING -> "RESOLVE_NO_XDEV";
      case NO_MAGIC_LINKS -> "RESOLVE_NO_MAGICLINKS";
      case NO_SYMLINKS -> "RESOLVE_NO_SYMLINKS";
      case BENEATH -> "RESOLVE_BENEATH";
      case IN_ROOT -> "RESOLVE_IN_ROOT";
    };
  }

  @Test
  void mountFlagsAreTheHeaders() throws Exception {
    HeaderFacts facts = new HeaderFacts("linux/mount.h");
    for (MountFlag flag : MountFlag.values()) {
      facts.equal(macro(flag), MountFlag.bits(Set.of(flag)));
    }
    for (Propagation propagation : Propagation.values()) {
      facts.equal("MS_" + propagation.name(), propagation.bits());
    }
    facts.equal("MOUNT_ATTR__ATIME", MountFlag.ATIME_MASK);

    assertThat(facts.wrong(Compilers.of(Architecture.current()))).isEmpty();
  }

  private static String macro(MountFlag flag) {
    return switch (flag) {
      case READ_ONLY -> "MOUNT_ATTR_RDONLY";
      case NO_SUID -> "MOUNT_ATTR_NOSUID";
      case NO_DEVICES -> "MOUNT_ATTR_NODEV";
      case NO_EXEC -> "MOUNT_ATTR_NOEXEC";
      case NO_ATIME -> "MOUNT_ATTR_NOATIME";
      case STRICT_ATIME -> "MOUNT_ATTR_STRICTATIME";
      case NO_DIRECTORY_ATIME -> "MOUNT_ATTR_NODIRATIME";
      case NO_SYMLINK_FOLLOWING -> "MOUNT_ATTR_NOSYMFOLLOW";
    };
  }

  @Test
  void fileTypesAreTheHeaders() throws Exception {
    HeaderFacts facts = new HeaderFacts("sys/stat.h");
    for (FileType type : FileType.values()) {
      facts.equal(macro(type), type.bits());
    }

    assertThat(facts.wrong(Compilers.of(Architecture.current()))).isEmpty();
  }

  private static String macro(FileType type) {
    return switch (type) {
      case SOCKET -> "S_IFSOCK";
      case SYMBOLIC_LINK -> "S_IFLNK";
      case REGULAR -> "S_IFREG";
      case BLOCK_DEVICE -> "S_IFBLK";
      case DIRECTORY -> "S_IFDIR";
      case CHARACTER_DEVICE -> "S_IFCHR";
      case FIFO -> "S_IFIFO";
      case ANONYMOUS -> "0";
    };
  }
}
