package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The options of a mount, sorted by what they are about. Source: mount(8), and the tables of
 * runtime-spec config.md, "Linux mount options".
 *
 * @param attributes of {@code MOUNT_ATTR_…}; of contradicting options the last one holds
 * @param deviceFiles whether {@code dev} was asked for by name
 * @param propagation absent: not said
 * @param idMap absent: the ids are mapped as the sandbox's are
 * @param copyUp whether the filesystem begins with what is at its destination
 * @param data what the filesystem itself is told, {@link #SUPERBLOCK} among it
 */
record MountOptions(
    Set<Flag> attributes,
    boolean bind,
    boolean recursive,
    boolean deviceFiles,
    Optional<Donation.Propagation> propagation,
    Optional<IdMap.Extent> idMap,
    boolean copyUp,
    List<MountOption> data) {

  /** Of a whole filesystem, wherever it is mounted. */
  static final Set<String> SUPERBLOCK = Set.of("sync", "dirsync", "lazytime");

  private static final List<Flag> ATIME_MODES =
      List.of(Flag.MOUNT_ATTR_NOATIME, Flag.MOUNT_ATTR_STRICTATIME);

  /**
   * Options that add an attribute. All attributes hold for the whole of a recursive bind, with a
   * leading {@code r} and without: a mount below that can be written, or executes, would surprise.
   */
  private static final Map<String, Flag> ADDS =
      Map.of(
          "ro", Flag.MOUNT_ATTR_RDONLY,
          "nosuid", Flag.MOUNT_ATTR_NOSUID,
          "nodev", Flag.MOUNT_ATTR_NODEV,
          "noexec", Flag.MOUNT_ATTR_NOEXEC,
          "noatime", Flag.MOUNT_ATTR_NOATIME,
          "strictatime", Flag.MOUNT_ATTR_STRICTATIME,
          "nodiratime", Flag.MOUNT_ATTR_NODIRATIME,
          "nosymfollow", Flag.MOUNT_ATTR_NOSYMFOLLOW);

  /** Options that take back an attribute which an earlier option has added. */
  private static final Map<String, List<Flag>> REMOVES =
      Map.of(
          "rw", List.of(Flag.MOUNT_ATTR_RDONLY),
          "suid", List.of(Flag.MOUNT_ATTR_NOSUID),
          "dev", List.of(Flag.MOUNT_ATTR_NODEV),
          "exec", List.of(Flag.MOUNT_ATTR_NOEXEC),
          "atime", List.of(Flag.MOUNT_ATTR_NOATIME),
          "nostrictatime", List.of(Flag.MOUNT_ATTR_STRICTATIME),
          "diratime", List.of(Flag.MOUNT_ATTR_NODIRATIME),
          "symfollow", List.of(Flag.MOUNT_ATTR_NOSYMFOLLOW),
          "relatime", ATIME_MODES);

  /** Options that take back an option of the filesystem. */
  private static final Map<String, String> WITHDRAWS =
      Map.of("async", "sync", "nosync", "sync", "nolazytime", "lazytime");

  /** What the kernel does by itself. */
  private static final Set<String> DEFAULTS =
      Set.of("defaults", "norelatime", "nomand", "noiversion", "silent", "loud", "acl");

  /**
   * Further options that may be written with a leading {@code r}: of a whole filesystem, they hold
   * for all of it anyhow. Source: crun(1), "r$FLAG mount options".
   */
  private static final Set<String> RECURSIVE =
      Set.of("sync", "async", "dirsync", "mand", "nomand", "norelatime");

  private static final Map<String, Donation.Propagation> PROPAGATIONS =
      Map.of(
          "private", Donation.Propagation.PRIVATE,
          "rprivate", Donation.Propagation.PRIVATE,
          "slave", Donation.Propagation.SLAVE,
          "rslave", Donation.Propagation.SLAVE);

  private static final Set<String> SHARED = Set.of("shared", "rshared");

  private static final Map<String, IdMap.Extent> ID_MAPS =
      Map.of("idmap", IdMap.Extent.TOP, "ridmap", IdMap.Extent.TREE);

  private static final String LINKS =
      "links of a source are followed inside the allowed directory, those of a destination inside"
          + " the container";

  private static final Map<String, String> UNSUPPORTED =
      Map.ofEntries(
          Map.entry("remount", "each mount is made once, with all of its options"),
          Map.entry("move", "use bind"),
          Map.entry("unbindable", "mounts of a container are private; use private"),
          Map.entry("runbindable", "mounts of a container are private; use rprivate"),
          Map.entry("mand", "kernels since 5.15 have no mandatory locks"),
          Map.entry("iversion", "no filesystem that a container can mount counts versions"),
          Map.entry("noacl", "a filesystem that keeps access control lists always does"),
          Map.entry("copy-symlink", LINKS),
          Map.entry("src-nofollow", LINKS),
          Map.entry("dest-nofollow", LINKS));

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
    private boolean copyUp;
    private Optional<Donation.Propagation> propagation = Optional.empty();
    private Optional<IdMap.Extent> idMap = Optional.empty();

    Reading(String field) {
      this.field = field;
    }

    void read(String option) {
      String plain = plain(option);
      if (ADDS.containsKey(plain)) {
        add(ADDS.get(plain));
      } else if (REMOVES.containsKey(plain)) {
        REMOVES.get(plain).forEach(attributes::remove);
        deviceFiles |= plain.equals("dev");
      } else if (option.equals("bind") || option.equals("rbind")) {
        bind = true;
        recursive |= option.equals("rbind");
      } else {
        readFurther(plain);
      }
    }

    /** {@code ro} of {@code rro}. */
    private static String plain(String option) {
      String rest = option.startsWith("r") ? option.substring(1) : option;
      boolean known =
          ADDS.containsKey(rest) || REMOVES.containsKey(rest) || RECURSIVE.contains(rest);
      return known ? rest : option;
    }

    private void add(Flag attribute) {
      if (ATIME_MODES.contains(attribute)) {
        ATIME_MODES.forEach(attributes::remove); // not bits, but one small number
      }
      attributes.add(attribute);
      deviceFiles &= attribute != Flag.MOUNT_ATTR_NODEV;
    }

    private void readFurther(String option) {
      if (PROPAGATIONS.containsKey(option)) {
        propagation = Optional.of(PROPAGATIONS.get(option));
      } else if (ID_MAPS.containsKey(option)) {
        idMap = Optional.of(ID_MAPS.get(option));
      } else if (option.equals("tmpcopyup")) {
        copyUp = true;
      } else if (WITHDRAWS.containsKey(option)) {
        data.removeIf(given -> given.key().equals(WITHDRAWS.get(option)));
      } else if (!DEFAULTS.contains(option)) {
        readData(option);
      }
    }

    private void readData(String option) {
      if (SHARED.contains(option)) {
        throw Refusal.invalid(field, "not let mounts reach the host", option).exception();
      }
      if (UNSUPPORTED.containsKey(option)) {
        throw unsupported(option, UNSUPPORTED.get(option));
      }
      if (option.startsWith("idmap=") || option.startsWith("ridmap=")) {
        throw unsupported("idmap=", "give the maps in uid_mappings and gid_mappings");
      }
      if (option.isEmpty() || option.startsWith("=") || option.indexOf('\0') >= 0) {
        throw Refusal.invalid(field, "be an option as mount(8) writes it", option).exception();
      }
      data.add(MountOption.parse(option));
    }

    private RuntimeException unsupported(String option, String why) {
      String sentence = "The mount option " + option + " is not supported: " + why + ".";
      return Refusal.unsupported(field, sentence).exception();
    }

    MountOptions result() {
      return new MountOptions(
          attributes, bind, recursive, deviceFiles, propagation, idMap, copyUp, data);
    }
  }
}
