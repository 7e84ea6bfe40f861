package dev.caisson.executor.plan;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An argument of a system call, as it is shown and as it is encoded. */
sealed interface Argument {
  String text();

  /** Fits into a register, or a field of a structure. */
  sealed interface Scalar extends Argument {
    long value(Machine machine);
  }

  /** What stands for an open file. */
  sealed interface Descriptor extends Argument {}

  /** Something at an address. */
  sealed interface Pointer extends Argument {}

  record Decimal(long value) implements Scalar {
    @Override
    public String text() {
      return Long.toUnsignedString(value);
    }

    @Override
    public long value(Machine machine) {
      return value;
    }
  }

  /** A constant that is no set of bits. */
  record Named(String name, long value) implements Scalar {
    @Override
    public String text() {
      return name;
    }

    @Override
    public long value(Machine machine) {
      return value;
    }
  }

  record Octal(int mode) implements Scalar {
    @Override
    public String text() {
      return mode == 0 ? "0" : "0" + Integer.toOctalString(mode);
    }

    @Override
    public long value(Machine machine) {
      return mode;
    }
  }

  record Bits(List<Flag> flags) implements Scalar {
    public Bits {
      flags = List.copyOf(flags);
    }

    static Bits of(Flag... flags) {
      return new Bits(List.of(flags));
    }

    @Override
    public String text() {
      return flags.isEmpty()
          ? "0"
          : flags.stream().map(Flag::name).collect(Collectors.joining("|"));
    }

    @Override
    public long value(Machine machine) {
      return Flag.bits(flags, machine);
    }
  }

  /** A descriptor that the executor sends along. */
  record Donated(int index, String name) implements Descriptor {
    @Override
    public String text() {
      return name;
    }
  }

  /** The result of an earlier step. */
  record Slot(int index) implements Descriptor {
    @Override
    public String text() {
      return "s" + index;
    }
  }

  /**
   * Stands behind the arguments that a call reads.
   *
   * @param open whether the call is made if the slot holds a descriptor, or if it holds an error
   */
  record Condition(Slot slot, boolean open) implements Argument {
    @Override
    public String text() {
      return (open ? "if " : "unless ") + slot.text();
    }
  }

  /** {@code AT_FDCWD}: paths are resolved where the process stands. */
  record Here() implements Descriptor, Scalar {
    @Override
    public String text() {
      return "AT_FDCWD";
    }

    @Override
    public long value(Machine machine) {
      return -100;
    }
  }

  /** A string, with the NUL that ends it. */
  record Text(String value) implements Pointer {
    @Override
    public String text() {
      return Quoted.of(value);
    }
  }

  /** A string in the room that the longest name of a host takes: it can be replaced in place. */
  record HostnameText(String value) implements Pointer {
    /** {@code __NEW_UTS_LEN} and a null: linux/utsname.h. */
    static final int BYTES = 65;

    @Override
    public String text() {
      return Quoted.of(value);
    }
  }

  /**
   * A string of which the program itself adds the rest, a null behind it.
   *
   * @param room for the rest, in bytes
   */
  record OpenText(String head, int room) implements Pointer {
    int headBytes() {
      return head.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
    }

    @Override
    public String text() {
      return Quoted.of(head) + "...";
    }
  }

  /** Where the rest of a string goes. */
  record Rest(OpenText of) implements Pointer {
    @Override
    public String text() {
      return "[" + of.room() + " bytes behind " + Quoted.of(of.head()) + "]";
    }
  }

  /**
   * A vector of strings, with the null pointer that ends it: argv, envp.
   *
   * @param last comes behind the values
   */
  record Texts(List<String> values, Optional<OpenText> last) implements Pointer {
    public Texts {
      values = List.copyOf(values);
    }

    Texts(List<String> values) {
      this(values, Optional.empty());
    }

    @Override
    public String text() {
      return Stream.concat(values.stream().map(Quoted::of), last.stream().map(OpenText::text))
          .collect(Collectors.joining(", ", "[", "]"));
    }
  }

  /** A structure. Fields follow each other without padding. */
  record Struct(List<Field> fields) implements Pointer {
    public Struct {
      fields = List.copyOf(fields);
    }

    @Override
    public String text() {
      return fields.stream()
          .filter(field -> !field.hidden())
          .map(Field::text)
          .collect(Collectors.joining(", ", "{", "}"));
    }

    int bytes() {
      return fields.stream().mapToInt(Field::bytes).sum();
    }
  }

  /** An array of 32-bit numbers. */
  record Numbers(List<Integer> values) implements Pointer {
    public Numbers {
      values = List.copyOf(values);
    }

    @Override
    public String text() {
      return values.stream()
          .map(Integer::toUnsignedString)
          .collect(Collectors.joining(", ", "[", "]"));
    }
  }

  /** Bytes that are shown by what they are: a filter's instructions. */
  record Bytes(ByteString value, String text) implements Pointer {}

  /**
   * A number in a structure that an earlier call's result becomes: see {@link
   * Instruction.Call#storing}.
   */
  record Cell(String text) implements Scalar {
    /** Of a descriptor. */
    static final int BYTES = 4;

    @Override
    public long value(Machine machine) {
      return -1;
    }
  }

  /** Room that the kernel writes to, in bytes. */
  record Room(int bytes) implements Pointer {
    @Override
    public String text() {
      return "[" + bytes + " bytes]";
    }
  }

  /**
   * One field of a structure.
   *
   * @param name empty: the field is not shown
   * @param bytes 2, 4 or 8; 8 of a pointer
   * @param value a scalar or a pointer
   */
  record Field(String name, int bytes, Argument value) {
    public Field {
      boolean known = value instanceof Scalar || value instanceof Pointer;
      boolean wide = value instanceof Pointer && bytes != Long.BYTES;
      if (!known || wide) {
        throw new IllegalArgumentException(
            "a field must be known when the program is made: " + name);
      }
    }

    String text() {
      return name + "=" + value.text();
    }

    boolean hidden() {
      return name.isEmpty();
    }
  }
}
