package dev.caisson.executor.sandbox;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.caisson.executor.cgroup.Limits;
import dev.caisson.proto.types.v1.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Limits with others put over them: what is absent there stays, at any depth and whatever fields
 * there are. Entries of a list are added, or replace those for the same thing.
 *
 * @param all as they are to hold
 * @param touched the groups of them ({@code memory}, {@code cpu}) of which something changes, each
 *     complete: what belongs together, like memory and swap, is checked and written together
 */
record Merged(Resources all, Resources touched) {
  /** Which say what an entry of a list is for, a map's among them; the others are its limits. */
  private static final Set<String> KEYS =
      Set.of("key", "major", "minor", "page_size", "name", "type");

  private static final String CPU_MAX = "cpu.max";
  private static final long UNLIMITED = -1;
  private static final long IDLE = 1;

  static Merged of(Resources before, Resources asked) {
    Resources.Builder all = before.toBuilder();
    putOver(all, asked);
    takeAway(all, asked);
    Resources.Builder touched = Resources.newBuilder();
    asked.getAllFields().keySet().forEach(group -> touched.setField(group, all.getField(group)));
    if (all.hasMemory()) { // a word about this one change, and not one that holds from now on
      all.getMemoryBuilder().setCheckBeforeUpdate(before.getMemory().getCheckBeforeUpdate());
    }
    return new Merged(all.build(), touched.build());
  }

  /** What holds no more with a limit that is asked for, unless both are. */
  private static void takeAway(Resources.Builder all, Resources asked) {
    if (asked.getMemory().getLimit() == UNLIMITED && !asked.getMemory().hasSwap()) {
      all.getMemoryBuilder().clearSwap();
    }
    if (asked.getCpu().getIdle() == IDLE && !asked.getCpu().hasShares()) {
      all.getCpuBuilder().clearShares();
    }
    asked
        .getUnifiedMap()
        .forEach((file, value) ->
            instead(file, value).stream()
                .filter(other -> !asked.containsUnified(other))
                .forEach(all::removeUnified));
    Limits.saidByFields(all.build()).stream()
        .filter(file -> all.containsUnified(file) && !asked.containsUnified(file))
        .forEach(file -> bySetField(all, file));
  }

  /** What was set by its file's own name is set by a field now. */
  private static void bySetField(Resources.Builder all, String file) {
    if (file.equals(CPU_MAX)) {
      keepOther(all.getCpuBuilder(), all.getUnifiedOrThrow(file).strip().split(" ", -1));
    }
    all.removeUnified(file);
  }

  /** One of the two that the file has was not asked for. */
  private static void keepOther(Resources.Cpu.Builder cpu, String[] quotaAndPeriod) {
    if (!cpu.hasQuota()) {
      String quota = quotaAndPeriod[0];
      cpu.setQuota(quota.equals("max") ? UNLIMITED : Long.parseLong(quota));
    }
    if (!cpu.hasPeriod() && quotaAndPeriod.length > 1) {
      cpu.setPeriod(Long.parseLong(quotaAndPeriod[1]));
    }
  }

  /** Files of version 2 that do not go with one: cgroup-v2.rst, "CPU Interface Files". */
  private static Set<String> instead(String file, String value) {
    return switch (file) {
      case "cpu.idle" -> value.startsWith("1") ? Set.of("cpu.weight", "cpu.weight.nice") : Set.of();
      case "cpu.weight" -> Set.of("cpu.weight.nice");
      case "cpu.weight.nice" -> Set.of("cpu.weight");
      default -> Set.of();
    };
  }

  private static void putOver(Message.Builder before, Message asked) {
    asked
        .getAllFields()
        .forEach((field, value) -> before.setField(field, merged(before, field, value)));
  }

  private static Object merged(Message.Builder before, FieldDescriptor field, Object asked) {
    if (field.isRepeated()) {
      return entries(field, (List<?>) before.getField(field), (List<?>) asked);
    }
    if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
      return asked;
    }
    Message.Builder inner = ((Message) before.getField(field)).toBuilder();
    putOver(inner, (Message) asked);
    return inner.build();
  }

  private static List<Object> entries(FieldDescriptor field, List<?> before, List<?> asked) {
    Set<Object> replaced = asked.stream().map(one -> key(field, one)).collect(Collectors.toSet());
    List<Object> all = new ArrayList<>(before);
    all.removeIf(one -> replaced.contains(key(field, one)));
    all.addAll(asked);
    return all;
  }

  private static Object key(FieldDescriptor list, Object entry) {
    if (list.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
      return entry;
    }
    Map<FieldDescriptor, Object> keys =
        list.getMessageType().getFields().stream()
            .filter(field -> KEYS.contains(field.getName()))
            .collect(Collectors.toMap(field -> field, ((Message) entry)::getField));
    return keys.isEmpty() ? entry : keys;
  }
}
