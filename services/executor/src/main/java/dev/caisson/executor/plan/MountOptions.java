package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The options of a mount, sorted by what they are about.
 *
 * @param attributes of {@code MOUNT_ATTR_…}; of contradicting options the last one holds
 * @param deviceFiles whether {@code dev} was asked for by name
 * @param data what the filesystem itself is told
 */
record MountOptions(
    Set<Flag> attributes,
    boolean bind,
    boolean recursive,
    boolean deviceFiles,
    Donation.Propagation propagation,
    List<MountOption> data) {

  /**
   * mount(8) options that add an attribute. With a leading {@code r} they say what is done anyway.
   */
  private static final Map<String, Flag> ADDS =
      Map.ofEntries(
          Map.entry("ro", Flag.MOUNT_ATTR_RDONLY),
          Map.entry("nosuid", Flag.MOUNT_ATTR_NOSUID),
          Map.entry("nodev", Flag.MOUNT_ATTR_NODEV),
          Map.entry("noexec", Flag.MOUNT_ATTR_NOEXEC),
          Map.entry("noatime", Flag.MOUNT_ATTR_NOATIME),
          Map.entry("strictatime", Flag.MOUNT_ATTR_STRICTATIME),
          Map.entry("nodiratime", Flag.MOUNT_ATTR_NODIRATIME),
          Map.entry("nosymfollow", Flag.MOUNT_ATTR_NOSYMFOLLOW),
          Map.entry("rro", Flag.MOUNT_ATTR_RDONLY),
          Map.entry("rnosuid", Flag.MOUNT_ATTR_NOSUID),
          Map.entry("rnodev", Flag.MOUNT_ATTR_NODEV),
          Map.entry("rnoexec", Flag.MOUNT_ATTR_NOEXEC));

  /** mount(8) options that take back an attribute which an earlier option has added. */
  private static final Map<String, Flag> REMOVES =
      Map.ofEntries(
          Map.entry("rw", Flag.MOUNT_ATTR_RDONLY),
          Map.entry("suid", Flag.MOUNT_ATTR_NOSUID),
          Map.entry("dev", Flag.MOUNT_ATTR_NODEV),
          Map.entry("exec", Flag.MOUNT_ATTR_NOEXEC),
          Map.entry("atime", Flag.MOUNT_ATTR_NOATIME),
          Map.entry("nostrictatime", Flag.MOUNT_ATTR_STRICTATIME),
          Map.entry("diratime", Flag.MOUNT_ATTR_NODIRATIME),
          Map.entry("symfollow", Flag.MOUNT_ATTR_NOSYMFOLLOW));

  /** What the kernel does by itself. */
  private static final Set<String> DEFAULTS = Set.of("defaults", "relatime", "async");

  private static final Set<String> PRIVATE = Set.of("private", "rprivate");
  private static final Set<String> SLAVE = Set.of("slave", "rslave");
  private static final Set<String> SHARED = Set.of("shared", "rshared");
  private static final Set<String> UNSUPPORTED =
      Set.of("idmap", "ridmap", "tmpcopyup", "remount", "unbindable", "runbindable", "move");

  MountOptions {
    attributes = Set.copyOf(attributes);
    data = List.copyOf(data);
  }

  /**
   * Sorts options.
   *
   * @param field of the specification, for words
   */
  static MountOptions parse(String field, List<String> options) {
    Reading reading = new Reading(field);
    options.forEach(reading::read);
    return reading.result();
  }

  /** In the order of the header. */
  List<Flag> orderedAttributes() {
    return attributes.isEmpty() ? List.of() : List.copyOf(EnumSet.copyOf(attributes));
  }

  private static final class Reading {
    private final String field;
    private final EnumSet<Flag> attributes = EnumSet.noneOf(Flag.class);
    private final List<MountOption> data = new ArrayList<>();
    private boolean bind;
    private boolean recursive;
    private boolean deviceFiles;
    private Donation.Propagation propagation = Donation.Propagation.PRIVATE;

    Reading(String field) {
      this.field = field;
    }

    void read(String option) {
      if (ADDS.containsKey(option)) {
        attributes.add(ADDS.get(option));
        deviceFiles &= !option.endsWith("nodev");
      } else if (REMOVES.containsKey(option)) {
        attributes.remove(REMOVES.get(option));
        deviceFiles |= option.equals("dev");
      } else if (option.equals("bind") || option.equals("rbind")) {
        bind = true;
        recursive |= option.equals("rbind");
      } else if (PRIVATE.contains(option) || SLAVE.contains(option)) {
        propagation =
            SLAVE.contains(option) ? Donation.Propagation.SLAVE : Donation.Propagation.PRIVATE;
      } else if (!DEFAULTS.contains(option)) {
        readData(option);
      }
    }

    private void readData(String option) {
      if (SHARED.contains(option)) {
        throw Refusal.invalid(field, "not let mounts reach the host", option).exception();
      }
      if (UNSUPPORTED.contains(option)) {
        throw Refusal.unsupported(field, "The mount option " + option + " is not supported.")
            .exception();
      }
      if (option.isEmpty() || option.startsWith("=") || option.indexOf('\0') >= 0) {
        throw Refusal.invalid(field, "be an option as mount(8) writes it", option).exception();
      }
      data.add(MountOption.parse(option));
    }

    MountOptions result() {
      return new MountOptions(attributes, bind, recursive, deviceFiles, propagation, data);
    }
  }
}
