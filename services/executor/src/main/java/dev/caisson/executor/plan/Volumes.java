package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Volume;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What the containers of a sandbox share. A volume that is kept is mounted once, in the sandbox's
 * own root, where each container that is born finds it and copies the mount.
 */
public final class Volumes {
  /** Of a mount that names a volume. */
  static final String TYPE = "volume";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  /** What a mount must have where its volume has it. */
  private static final Set<Flag> RESTRICTIONS =
      EnumSet.of(
          Flag.MOUNT_ATTR_RDONLY,
          Flag.MOUNT_ATTR_NOEXEC,
          Flag.MOUNT_ATTR_NOATIME,
          Flag.MOUNT_ATTR_NOSUID);

  private Volumes() {}

  /**
   * Checks the volumes of a sandbox that is to be made.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if one is not possible
   */
  public static void check(List<Volume> volumes) {
    Set<String> names = new HashSet<>();
    Set<String> sources = new HashSet<>();
    for (int i = 0; i < volumes.size(); i++) {
      String field = "volumes[" + i + "]";
      Volume volume = volumes.get(i);
      check(field, volume);
      requireNew(field + ".name", volume.getName(), names);
      requireNew(field + ".source", volume.getSource(), sources);
    }
  }

  private static void requireNew(String field, String value, Set<String> seen) {
    if (!value.isEmpty() && !seen.add(value)) {
      throw Refusal.invalid(field, "be another one than that of each volume before", value)
          .exception();
    }
  }

  private static void check(String field, Volume volume) {
    checkName(field + ".name", volume.getName());
    switch (volume.getType()) {
      case TMPFS, BIND -> {}
      case TYPE_UNSPECIFIED, UNRECOGNIZED ->
          throw Refusal.invalid(field + ".type", "be TMPFS or BIND", volume.getType()).exception();
    }
    switch (volume.getShare()) {
      case CONTAINER, POD, SHARED -> {}
      case SHARE_UNSPECIFIED, UNRECOGNIZED ->
          throw Refusal.invalid(field + ".share", "be CONTAINER, POD or SHARED", volume.getShare())
              .exception();
    }
    checkSource(field + ".source", volume);
    checkOptions(field + ".options", volume);
  }

  private static void checkName(String field, String name) {
    if (!NAME.matcher(name).matches()) {
      throw Refusal.invalid(field, "be 1 to 64 of A-Z a-z 0-9 _ -", name).exception();
    }
  }

  private static void checkSource(String field, Volume volume) {
    String source = volume.getSource();
    if (source.isEmpty() && isKept(volume)) {
      return;
    }
    if (!Paths.clean(field, source).equals(source)) {
      throw Refusal.invalid(field, "be lexically clean", source).exception();
    }
  }

  private static void checkOptions(String field, Volume volume) {
    MountOptions options = MountOptions.parse(field, volume.getOptionsList());
    refuseForeign(field, options);
    if (!isKept(volume) && !options.data().isEmpty()) {
      throw Refusal.invalid(
              field,
              "leave what is of a whole filesystem to the host",
              options.data().getFirst().text())
          .exception();
    }
  }

  /** What neither a volume nor a mount of one can have. */
  private static void refuseForeign(String field, MountOptions options) {
    refuse(field, "be of a bind", options.idMap().isPresent(), "idmap");
    refuse(field, "be of a tmpfs that one container has for itself", options.copyUp(), "tmpcopyup");
    refuse(field, "not let device files work", options.deviceFiles(), "dev");
    boolean slave = options.propagation().equals(Optional.of(Donation.Propagation.SLAVE));
    refuse(field, "be private, as nothing is mounted below", slave, "slave");
  }

  private static void refuse(String field, String rule, boolean broken, String option) {
    if (broken) {
      throw Refusal.invalid(field, rule, option).exception();
    }
  }

  /** Whether it is the sandbox's own, and no part of the host. */
  private static boolean isKept(Volume volume) {
    return volume.getType() == Volume.Type.TMPFS && volume.getShare() != Volume.Share.SHARED;
  }

  /**
   * The same with what their options do not say.
   *
   * @param sandbox whose memory limit bounds a volume that has no size
   * @param label of SELinux, empty: what the host's policy gives
   */
  public static List<Volume> completed(List<Volume> volumes, Resources sandbox, String label) {
    long limit = sandbox.getMemory().getLimit();
    return volumes.stream()
        .map(volume -> isKept(volume) ? completed(volume, limit, label) : volume)
        .toList();
  }

  private static Volume completed(Volume volume, long limit, String label) {
    Volume.Builder completed = volume.toBuilder();
    if (limit > 0 && !says(volume, "size") && !says(volume, "nr_blocks")) {
      completed.addOptions("size=" + limit);
    }
    if (!label.isEmpty() && !says(volume, "context")) {
      completed.addOptions("context=" + label);
    }
    return completed.build();
  }

  private static boolean says(Volume volume, String key) {
    return volume.getOptionsList().stream().anyMatch(option -> option.startsWith(key + "="));
  }

  /**
   * A volume in the sandbox's root.
   *
   * @param field of the specification, for words
   * @param filesystem what it is, and where
   */
  record Kept(String field, NewFilesystem filesystem) {}

  /** Those that are made with their sandbox. */
  static List<Kept> kept(List<Volume> volumes) {
    List<Kept> kept = new ArrayList<>();
    for (int i = 0; i < volumes.size(); i++) {
      if (isKept(volumes.get(i))) {
        kept.add(kept("volumes[" + i + "].options", volumes.get(i)));
      }
    }
    return List.copyOf(kept);
  }

  private static Kept kept(String field, Volume volume) {
    MountOptions options = MountOptions.parse(field, volume.getOptionsList());
    return new Kept(
        field,
        new NewFilesystem("tmpfs", options.data(), attributes(options), path(volume.getName())));
  }

  /** In the sandbox's root. */
  static String path(String name) {
    return SandboxPlan.VOLUMES + "/" + name;
  }

  private static List<Flag> attributes(MountOptions options) {
    EnumSet<Flag> attributes = EnumSet.of(Flag.MOUNT_ATTR_NODEV);
    attributes.addAll(options.attributes());
    return List.copyOf(attributes);
  }

  /**
   * The specification with each mount of a kept volume naming it.
   *
   * @param volumes of the container's sandbox
   * @throws dev.caisson.executor.refusal.RefusedException if a mount allows more than its volume
   */
  public static ContainerSpec mounted(ContainerSpec spec, List<Volume> volumes) {
    ContainerSpec.Builder mounted = spec.toBuilder();
    boolean changed = false;
    for (int i = 0; i < spec.getMountsCount(); i++) {
      Optional<Volume> volume = volume("mounts[" + i + "]", spec.getMounts(i), volumes);
      if (volume.isPresent()) {
        mounted.getMountsBuilder(i).setType(TYPE).setSource(volume.get().getName());
        changed = true;
      }
    }
    return changed ? mounted.build() : spec;
  }

  /** The kept one that it is a mount of. */
  private static Optional<Volume> volume(String field, Mount mount, List<Volume> volumes) {
    Predicate<Volume> wanted =
        mount.getType().equals(TYPE) ? named(mount.getSource()) : ofSource(field, mount);
    Optional<Volume> found = volumes.stream().filter(wanted).findFirst();
    if (found.isEmpty() && mount.getType().equals(TYPE)) {
      throw Refusal.invalid(
              field + ".source", "name a volume that its sandbox keeps", mount.getSource())
          .exception();
    }
    found.ifPresent(volume -> requireRestricted(field + ".options", mount, volume));
    return found.filter(Volumes::isKept);
  }

  private static Predicate<Volume> named(String name) {
    return volume -> isKept(volume) && volume.getName().equals(name);
  }

  private static Predicate<Volume> ofSource(String field, Mount mount) {
    String source = mount.getSource();
    boolean bind = isBind(mount);
    if (source.isEmpty() || (!bind && !mount.getType().equals("tmpfs"))) {
      return volume -> false;
    }
    String clean = bind ? Paths.clean(field + ".source", source) : source;
    return volume -> volume.getSource().equals(clean);
  }

  private static boolean isBind(Mount mount) {
    return mount.getType().equals("bind")
        || mount.getOptionsList().contains("bind")
        || mount.getOptionsList().contains("rbind");
  }

  private static void requireRestricted(String field, Mount mount, Volume volume) {
    Set<Flag> has = MountOptions.parse(field, mount.getOptionsList()).attributes();
    MountOptions.parse("volumes", volume.getOptionsList()).orderedAttributes().stream()
        .filter(RESTRICTIONS::contains)
        .filter(attribute -> !has.contains(attribute))
        .findFirst()
        .ifPresent(attribute -> {
          throw Refusal.invalid(
                  field,
                  "have " + word(attribute) + ", as its volume " + volume.getName() + " has",
                  String.join(",", mount.getOptionsList()))
              .exception();
        });
  }

  private static String word(Flag attribute) {
    return attribute == Flag.MOUNT_ATTR_RDONLY
        ? "ro"
        : attribute.name().replace("MOUNT_ATTR_", "").toLowerCase(java.util.Locale.ROOT);
  }

  /** A mount that names its volume, read. */
  static PlannedMount.Volume read(
      String field, Mount mount, String destination, MountOptions options) {
    checkName(field + ".source", mount.getSource());
    refuseForeign(field + ".options", options);
    refuse(
        field,
        "be of a bind",
        mount.getUidMappingsCount() + mount.getGidMappingsCount() > 0,
        "uid_mappings and gid_mappings");
    if (!options.data().isEmpty()) {
      throw Refusal.invalid(
              field + ".options",
              "leave what is of the whole volume to the sandbox",
              options.data().getFirst().text())
          .exception();
    }
    return new PlannedMount.Volume(
        destination, mount.getSource(), directory(field + ".subpath", mount), attributes(options));
  }

  private static String directory(String field, Mount mount) {
    String subpath = mount.getSubpath();
    refuse(field, "be relative to its volume", subpath.startsWith("/"), subpath);
    return Paths.clean(field, "/" + subpath);
  }

  /** Only a directory of the sandbox's own can be opened beneath a volume by its root. */
  static void refuseSubpath(String field, Mount mount) {
    if (!mount.getSubpath().isEmpty()) {
      throw Refusal.invalid(
              field + ".subpath", "be of a volume that its sandbox keeps", mount.getSubpath())
          .exception();
    }
  }
}
