package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.MountAttr;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Set;

/** {@link Mounts} by system calls. */
final class LinuxMounts implements Mounts {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private final Files files;

  LinuxMounts(Files files) {
    this.files = files;
  }

  @Override
  public Fd cloneTree(Fd at, boolean recursive) {
    int flags =
        Constants.AT_EMPTY_PATH
            | Constants.OPEN_TREE_CLONE
            | Constants.OPEN_TREE_CLOEXEC
            | recursive(recursive);
    try (Arena arena = Arena.ofConfined()) {
      long empty = CString.in(arena, "").address();
      long result = at.use(number -> Downcalls.syscall(CALLS.openTree(), number, empty, flags));
      return Fd.adopt((int) Outcome.require(result, "clone the mount at", at));
    }
  }

  @Override
  public void setAttributes(Fd mount, MountAttributes attributes, boolean recursive) {
    long result =
        attributes
            .userNamespace()
            .map(namespace ->
                namespace.use(number -> setAttributes(mount, attributes, number, recursive)))
            .orElseGet(() -> setAttributes(mount, attributes, 0, recursive));
    Outcome.require(result, "change the attributes of mount", mount);
  }

  private static long setAttributes(
      Fd mount, MountAttributes attributes, long userNamespace, boolean recursive) {
    try (Arena arena = Arena.ofConfined()) {
      long empty = CString.in(arena, "").address();
      MemorySegment change = change(arena, attributes, userNamespace);
      return mount.use(number ->
          Downcalls.syscall(
              CALLS.mountSetattr(),
              number,
              empty,
              Constants.AT_EMPTY_PATH | recursive(recursive),
              change.address(),
              change.byteSize()));
    }
  }

  private static MemorySegment change(Arena arena, MountAttributes attributes, long userNamespace) {
    long idMap = attributes.userNamespace().isPresent() ? Constants.MOUNT_ATTR_IDMAP : 0;
    long set = MountFlag.bits(attributes.set());
    long clear = MountFlag.bits(attributes.clear());
    long atime = (set | clear) & MountFlag.ATIME_MASK;
    return MountAttr.in(
        arena,
        set | idMap,
        atime == 0 ? clear : clear | MountFlag.ATIME_MASK,
        attributes.propagation().map(Propagation::bits).orElse(0),
        userNamespace);
  }

  private static int recursive(boolean recursive) {
    return recursive ? Constants.AT_RECURSIVE : 0;
  }

  @Override
  public Fd filesystem(String type, Map<String, String> options, Set<MountFlag> flags) {
    try (Fd context = open(type)) {
      options.forEach((name, value) -> set(context, type, name, value));
      require(configure(context, Constants.FSCONFIG_CMD_CREATE, 0, 0), context, type);
      long attributes = MountFlag.bits(flags);
      long result =
          context.use(number ->
              Downcalls.syscall(CALLS.fsmount(), number, Constants.FSMOUNT_CLOEXEC, attributes));
      return Fd.adopt((int) require(result, context, type));
    }
  }

  @Override
  public Fd sysfsOf(Fd networkNamespace, Set<MountFlag> flags) {
    return inside(networkNamespace, Constants.CLONE_NEWNET, "sysfs", flags);
  }

  @Override
  public Fd mqueueOf(Fd pidfd, Set<MountFlag> flags) {
    return inside(pidfd, Constants.CLONE_NEWIPC, "mqueue", flags);
  }

  private Fd inside(Fd namespace, int kind, String type, Set<MountFlag> flags) {
    return Inside.make(namespace, kind, type, () -> filesystem(type, Map.of(), flags));
  }

  private static Fd open(String type) {
    try (Arena arena = Arena.ofConfined()) {
      long name = CString.in(arena, type).address();
      long result = Downcalls.syscall(CALLS.fsopen(), name, Constants.FSOPEN_CLOEXEC);
      return Fd.adopt((int) Outcome.require(result, "make a filesystem of type", type));
    }
  }

  private void set(Fd context, String type, String name, String value) {
    try (Arena arena = Arena.ofConfined()) {
      long key = CString.in(arena, name).address();
      long result =
          value.isEmpty()
              ? configure(context, Constants.FSCONFIG_SET_FLAG, key, 0)
              : configure(
                  context, Constants.FSCONFIG_SET_STRING, key, CString.in(arena, value).address());
      require(result, context, type + " with option " + name);
    }
  }

  private static long configure(Fd context, int command, long key, long value) {
    return context.use(
        number -> Downcalls.syscall(CALLS.fsconfig(), number, command, key, value, 0));
  }

  private long require(long result, Fd context, String subject) {
    return result >= 0
        ? result
        : Outcome.require(
            result, "make a filesystem of type", subject + new MountMessages(files).read(context));
  }
}
