package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.IdMapping;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * How the ids of a bind mount are mapped, mount_setattr(2) with {@code MOUNT_ATTR_IDMAP}.
 *
 * @param uids owners on disk ({@code container_id}) to owners in the container ({@code host_id});
 *     empty, with {@code gids}: as the sandbox's own
 */
public record IdMap(Extent extent, List<IdMapping> uids, List<IdMapping> gids) {
  private static final long IDS = 1L << 32;

  /** user_namespaces(7): lines of a map. */
  private static final int MAX_MAPPINGS = 340;

  /** What of a recursive bind is mapped. */
  public enum Extent {
    TOP,
    TREE
  }

  public IdMap {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }

  /**
   * @param field of the mount, for words
   * @throws dev.caisson.executor.refusal.RefusedException if the kernel would not take it
   */
  static IdMap of(String field, Extent extent, List<IdMapping> uids, List<IdMapping> gids) {
    if (uids.isEmpty() != gids.isEmpty()) {
      String missing = uids.isEmpty() ? ".uid_mappings" : ".gid_mappings";
      throw Refusal.invalid(field + missing, "be given with the other", "none").exception();
    }
    check(field + ".uid_mappings", uids);
    check(field + ".gid_mappings", gids);
    return new IdMap(extent, uids, gids);
  }

  private static void check(String field, List<IdMapping> mappings) {
    if (mappings.size() > MAX_MAPPINGS) {
      throw Refusal.invalid(field, "have at most " + MAX_MAPPINGS + " lines", mappings.size())
          .exception();
    }
    for (IdMapping mapping : mappings) {
      long size = Integer.toUnsignedLong(mapping.getSize());
      if (size == 0
          || Integer.toUnsignedLong(mapping.getContainerId()) + size >= IDS
          || Integer.toUnsignedLong(mapping.getHostId()) + size >= IDS) {
        throw Refusal.invalid(field, "have sizes from 1, and end below 4294967295", shown(mapping))
            .exception();
      }
    }
    checkOverlap(field, mappings, IdMapping::getContainerId);
    checkOverlap(field, mappings, IdMapping::getHostId);
  }

  private static void checkOverlap(
      String field, List<IdMapping> mappings, ToIntFunction<IdMapping> first) {
    long end = 0;
    for (IdMapping mapping : sorted(mappings, first)) {
      long begin = Integer.toUnsignedLong(first.applyAsInt(mapping));
      if (begin < end) {
        throw Refusal.invalid(field, "not overlap", shown(mapping)).exception();
      }
      end = begin + Integer.toUnsignedLong(mapping.getSize());
    }
  }

  private static List<IdMapping> sorted(List<IdMapping> mappings, ToIntFunction<IdMapping> first) {
    return mappings.stream()
        .sorted(
            Comparator.comparingLong(mapping -> Integer.toUnsignedLong(first.applyAsInt(mapping))))
        .toList();
  }

  /** Whether it is a map of its own. */
  public boolean isExplicit() {
    return !uids.isEmpty();
  }

  String text() {
    String which = isExplicit() ? " uids " + shown(uids) + " gids " + shown(gids) : " as sandbox";
    return "idmap(" + extent.name().toLowerCase(Locale.ROOT) + which + ")";
  }

  private static String shown(List<IdMapping> mappings) {
    return mappings.stream().map(IdMap::shown).collect(Collectors.joining(","));
  }

  private static String shown(IdMapping mapping) {
    return Integer.toUnsignedString(mapping.getContainerId())
        + "-"
        + Integer.toUnsignedString(mapping.getHostId())
        + "-"
        + Integer.toUnsignedString(mapping.getSize());
  }
}
