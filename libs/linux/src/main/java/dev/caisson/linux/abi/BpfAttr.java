package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.nio.charset.StandardCharsets;

/**
 * Members of {@code union bpf_attr}, linux/bpf.h, each up to the last that is used here: bpf(2)
 * takes any length. Later members are 0.
 */
public final class BpfAttr {
  /** {@code BPF_OBJ_NAME_LEN}, the null included. */
  public static final int NAME_BYTES = 16;

  /** {@code struct bpf_prog_info}, up to its name. */
  static final StructLayout INFO =
      MemoryLayout.structLayout(
          JAVA_INT.withName("type"),
          JAVA_INT.withName("id"),
          paddingLayout(56),
          MemoryLayout.sequenceLayout(NAME_BYTES, java.lang.foreign.ValueLayout.JAVA_BYTE)
              .withName("name"));

  static final StructLayout PROGRAM =
      MemoryLayout.structLayout(
          JAVA_INT.withName("prog_type"),
          JAVA_INT.withName("insn_cnt"),
          JAVA_LONG.withName("insns"),
          JAVA_LONG.withName("license"),
          JAVA_INT.withName("log_level"),
          JAVA_INT.withName("log_size"),
          JAVA_LONG.withName("log_buf"),
          JAVA_INT.withName("kern_version"),
          JAVA_INT.withName("prog_flags"),
          MemoryLayout.sequenceLayout(NAME_BYTES, java.lang.foreign.ValueLayout.JAVA_BYTE)
              .withName("prog_name"),
          JAVA_INT.withName("prog_ifindex"),
          JAVA_INT.withName("expected_attach_type"));

  static final StructLayout ATTACH =
      MemoryLayout.structLayout(
          JAVA_INT.withName("target_fd"),
          JAVA_INT.withName("attach_bpf_fd"),
          JAVA_INT.withName("attach_type"),
          JAVA_INT.withName("attach_flags"));

  static final StructLayout QUERY =
      MemoryLayout.structLayout(
          JAVA_INT.withName("query.target_fd"),
          JAVA_INT.withName("query.attach_type"),
          JAVA_INT.withName("query.query_flags"),
          JAVA_INT.withName("query.attach_flags"),
          JAVA_LONG.withName("query.prog_ids"),
          JAVA_INT.withName("query.prog_cnt"),
          paddingLayout(4));

  static final StructLayout BY_ID =
      MemoryLayout.structLayout(
          JAVA_INT.withName("prog_id"),
          JAVA_INT.withName("next_id"),
          JAVA_INT.withName("open_flags"));

  static final StructLayout OBJECT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("info.bpf_fd"),
          JAVA_INT.withName("info.info_len"),
          JAVA_LONG.withName("info.info"));

  private BpfAttr() {}

  /**
   * BPF_PROG_LOAD.
   *
   * @param instructions 8 bytes each
   * @param name shorter than {@link #NAME_BYTES}
   */
  public static MemorySegment program(
      Arena arena, int type, MemorySegment instructions, int attachType, String name) {
    MemorySegment attr = arena.allocate(PROGRAM);
    setInt(attr, PROGRAM, "prog_type", type);
    setInt(attr, PROGRAM, "insn_cnt", (int) (instructions.byteSize() / Long.BYTES));
    setLong(attr, PROGRAM, "insns", instructions.address());
    setLong(attr, PROGRAM, "license", arena.allocateFrom("Apache-2.0").address());
    attr.setString(offset(PROGRAM, "prog_name"), name, StandardCharsets.US_ASCII);
    setInt(attr, PROGRAM, "expected_attach_type", attachType);
    return attr;
  }

  /** BPF_PROG_ATTACH, BPF_PROG_DETACH. */
  public static MemorySegment attach(
      Arena arena, int target, int program, int attachType, int flags) {
    MemorySegment attr = arena.allocate(ATTACH);
    setInt(attr, ATTACH, "target_fd", target);
    setInt(attr, ATTACH, "attach_bpf_fd", program);
    setInt(attr, ATTACH, "attach_type", attachType);
    setInt(attr, ATTACH, "attach_flags", flags);
    return attr;
  }

  /** BPF_PROG_QUERY, which writes to {@code ids}. */
  public static MemorySegment query(Arena arena, int target, int attachType, MemorySegment ids) {
    MemorySegment attr = arena.allocate(QUERY);
    setInt(attr, QUERY, "query.target_fd", target);
    setInt(attr, QUERY, "query.attach_type", attachType);
    setLong(attr, QUERY, "query.prog_ids", ids.address());
    setInt(attr, QUERY, "query.prog_cnt", (int) (ids.byteSize() / Integer.BYTES));
    return attr;
  }

  /** How many BPF_PROG_QUERY has found. */
  public static int count(MemorySegment query) {
    return query.get(JAVA_INT, offset(QUERY, "query.prog_cnt"));
  }

  /** BPF_PROG_GET_FD_BY_ID. */
  public static MemorySegment byId(Arena arena, int id) {
    MemorySegment attr = arena.allocate(BY_ID);
    setInt(attr, BY_ID, "prog_id", id);
    return attr;
  }

  /** Room for what {@link #info} tells. */
  public static MemorySegment infoRoom(Arena arena) {
    return arena.allocate(INFO);
  }

  /** BPF_OBJ_GET_INFO_BY_FD, which writes to {@code room}. */
  public static MemorySegment info(Arena arena, int program, MemorySegment room) {
    MemorySegment attr = arena.allocate(OBJECT);
    setInt(attr, OBJECT, "info.bpf_fd", program);
    setInt(attr, OBJECT, "info.info_len", (int) room.byteSize());
    setLong(attr, OBJECT, "info.info", room.address());
    return attr;
  }

  public static String name(MemorySegment info) {
    return info.getString(offset(INFO, "name"), StandardCharsets.US_ASCII);
  }

  private static long offset(StructLayout layout, String member) {
    return layout.byteOffset(groupElement(member));
  }

  private static void setInt(MemorySegment attr, StructLayout layout, String member, int value) {
    attr.set(JAVA_INT, offset(layout, member), value);
  }

  private static void setLong(MemorySegment attr, StructLayout layout, String member, long value) {
    attr.set(JAVA_LONG, offset(layout, member), value);
  }
}
