package dev.caisson.oci;

import dev.caisson.proto.types.v1.IdMapping;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Maps of ids that a mount has in an option, {@code idmap=uids=0-1-10#10-11-10;gids=0-100-10}.
 * Source: crun(1), "idmap mount options".
 */
record IdMapOption(String keyword, List<Range> uids, List<Range> gids) {
  private static final String RULE = "have maps as idmap=uids=DISK-HOST-COUNT;gids=DISK-HOST-COUNT";
  private static final Pattern OPTION = Pattern.compile("(r?idmap)=(.*)", Pattern.DOTALL);
  private static final Pattern RANGE = Pattern.compile("(@?)(\\d{1,10})-(\\d{1,10})-(\\d{1,10})");
  private static final Set<String> KEYS = Set.of("uids", "gids");
  private static final long IDS = 1L << 32;

  /**
   * @param inside whether it leads to ids of the container already: with {@code @}
   */
  record Range(boolean inside, IdMapping mapping) {}

  IdMapOption {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }

  /**
   * The one that a mount's options have.
   *
   * @throws OciException if it is not understood, is given twice, or there are maps beside it
   */
  static Optional<IdMapOption> of(JsonObject mount, List<String> options) {
    List<Matcher> found = options.stream().map(OPTION::matcher).filter(Matcher::matches).toList();
    if (found.isEmpty()) {
      return Optional.empty();
    }
    if (found.size() > 1) {
      throw mount.invalid("options", "have one idmap= only", found.get(1).group());
    }
    for (String name : List.of("uidMappings", "gidMappings")) {
      if (!mount.objects(name).isEmpty()) {
        throw mount.invalid(name, "be left out where an option has maps", found.getFirst().group());
      }
    }
    return Optional.of(read(mount, found.getFirst()));
  }

  private static IdMapOption read(JsonObject mount, Matcher option) {
    Map<String, List<Range>> maps = new HashMap<>();
    for (String part : option.group(2).split(";", -1)) {
      int equals = part.indexOf('=');
      String name = part.substring(0, Math.max(equals, 0));
      if (!KEYS.contains(name) || maps.containsKey(name)) {
        throw mount.invalid("options", RULE, option.group());
      }
      maps.put(name, ranges(mount, part.substring(equals + 1), option));
    }
    List<Range> uids = maps.getOrDefault("uids", List.of());
    List<Range> gids = maps.getOrDefault("gids", List.of());
    if (uids.isEmpty() || gids.isEmpty()) {
      throw mount.invalid("options", RULE, option.group());
    }
    return new IdMapOption(option.group(1), uids, gids);
  }

  private static List<Range> ranges(JsonObject mount, String text, Matcher option) {
    List<Range> ranges = new ArrayList<>();
    for (String one : text.split("#", -1)) {
      Matcher range = RANGE.matcher(one);
      if (!range.matches()) {
        throw mount.invalid("options", RULE, option.group());
      }
      IdMapping mapping =
          IdMapping.newBuilder()
              .setContainerId(number(mount, range, 2))
              .setHostId(number(mount, range, 3))
              .setSize(number(mount, range, 4))
              .build();
      if (mapping.getSize() == 0) {
        throw mount.invalid("options", "have a count of at least 1 in each range", one);
      }
      ranges.add(new Range(!range.group(1).isEmpty(), mapping));
    }
    if (ranges.size() > UserNamespaceReader.MAX_MAPPINGS) {
      throw mount.invalid(
          "options",
          "have at most " + UserNamespaceReader.MAX_MAPPINGS + " ranges of ids",
          ranges.size());
    }
    return ranges;
  }

  private static int number(JsonObject mount, Matcher range, int group) {
    long number = Long.parseLong(range.group(group));
    if (number >= IDS) {
      throw mount.invalid("options", "have ids below 4294967296", range.group());
    }
    return (int) number;
  }

  /** Options with the word alone, where the maps were. */
  List<String> without(List<String> options) {
    return options.stream()
        .map(option -> OPTION.matcher(option).matches() ? keyword : option)
        .toList();
  }

  List<Range> ranges(String name) {
    return name.equals("uidMappings") ? uids : gids;
  }
}
