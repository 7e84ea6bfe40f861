package dev.caisson.linux.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class LayoutTest {
  private static final String[] HEADERS = {
    "stddef.h",
    "fcntl.h",
    "dirent.h",
    "linux/openat2.h",
    "linux/stat.h",
    "sys/statfs.h",
    "sys/uio.h",
    "sys/socket.h",
    "sys/un.h",
    "netinet/in.h",
    "linux/mount.h",
    "sys/ioctl.h",
    "linux/loop.h",
    "poll.h",
    "time.h",
    "signal.h",
    "linux/sched.h",
    "sys/epoll.h",
    "spawn.h",
    "sys/resource.h",
    "linux/bpf.h"
  };

  @ParameterizedTest
  @EnumSource
  void structuresAreAsTheHeadersDeclareThem(Architecture architecture) throws Exception {
    HeaderFacts facts = new HeaderFacts(HEADERS);
    structures(architecture).forEach((name, layout) -> declare(facts, name, layout));
    facts.equal("sizeof(posix_spawn_file_actions_t)", SpawnLayouts.FILE_ACTIONS.byteSize());
    facts.equal("sizeof(posix_spawnattr_t)", SpawnLayouts.ATTRIBUTES.byteSize());
    facts.equal("sizeof(sigset_t)", SpawnLayouts.SIGNALS.byteSize());

    assertThat(facts.wrong(Compilers.of(architecture))).isEmpty();
  }

  @Test
  void aWrongOffsetWouldBeSeen() throws Exception {
    HeaderFacts facts = new HeaderFacts(HEADERS).equal("offsetof(struct open_how, mode)", 9);

    assertThat(facts.wrong(Compilers.of(Architecture.current())))
        .singleElement()
        .asString()
        .contains("offsetof(struct open_how, mode)");
  }

  /** Debian 12's headers do not have the structure; the size is part of the ioctl's number. */
  @Test
  void theSizeOfAPidfdsInfoIsInItsRequest() {
    assertThat((PidfdInfo.GET >> 16) & 0x3fff).isEqualTo((int) PidfdInfo.LAYOUT.byteSize());
  }

  /** The kernel takes any length of these, so theirs is no more than what is used. */
  @ParameterizedTest
  @EnumSource
  void membersOfBpfAreAsTheHeadersDeclareThem(Architecture architecture) throws Exception {
    HeaderFacts facts = new HeaderFacts(HEADERS);
    List.of(BpfAttr.PROGRAM, BpfAttr.ATTACH, BpfAttr.QUERY, BpfAttr.BY_ID, BpfAttr.OBJECT)
        .forEach(layout -> declareMembers(facts, "union bpf_attr", layout));
    declareMembers(facts, "struct bpf_prog_info", BpfAttr.INFO);

    assertThat(facts.wrong(Compilers.of(architecture))).isEmpty();
  }

  private static void declare(HeaderFacts facts, String name, StructLayout layout) {
    facts.equal("sizeof(" + name + ")", layout.byteSize());
    declareMembers(facts, name, layout);
  }

  private static void declareMembers(HeaderFacts facts, String name, StructLayout layout) {
    for (MemoryLayout member : layout.memberLayouts()) {
      member
          .name()
          .ifPresent(field -> {
            long offset = layout.byteOffset(PathElement.groupElement(field));
            facts.equal("offsetof(" + name + ", " + field + ")", offset);
            facts.equal("sizeof(((" + name + " *) 0)->" + field + ")", member.byteSize());
          });
    }
  }

  private static Map<String, StructLayout> structures(Architecture architecture) {
    Map<String, StructLayout> structures = new LinkedHashMap<>();
    structures.put("struct open_how", OpenHow.LAYOUT);
    structures.put("struct statx", Statx.LAYOUT);
    structures.put("struct statfs", Statfs.LAYOUT);
    structures.put("struct dirent64", Dirent.LAYOUT);
    structures.put("struct iovec", IoVec.LAYOUT);
    structures.put("struct msghdr", MsgHdr.LAYOUT);
    structures.put("struct cmsghdr", CmsgHdr.LAYOUT);
    structures.put("struct sockaddr_un", SockaddrUn.LAYOUT);
    structures.put("struct sockaddr_in", SockaddrIn.V4);
    structures.put("struct sockaddr_in6", SockaddrIn.V6);
    structures.put("struct mount_attr", MountAttr.LAYOUT);
    structures.put("struct loop_info64", LoopConfig.INFO);
    structures.put("struct loop_config", LoopConfig.LAYOUT);
    structures.put("struct pollfd", PollFd.LAYOUT);
    structures.put("struct winsize", WinSize.LAYOUT);
    structures.put("struct ucred", Ucred.LAYOUT);
    structures.put("struct timespec", Timespec.LAYOUT);
    structures.put("siginfo_t", SigInfo.LAYOUT);
    structures.put("struct rlimit", ResourceLimits.LAYOUT);
    structures.put("struct clone_args", CloneArgs.LAYOUT);
    structures.put("struct epoll_event", EpollEvent.layout(architecture));
    return structures;
  }
}
