package dev.caisson.executor.plan;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.executor.plan.Argument.Bytes;
import dev.caisson.executor.plan.Argument.Cell;
import dev.caisson.executor.plan.Argument.Field;
import dev.caisson.executor.plan.Argument.HostnameText;
import dev.caisson.executor.plan.Argument.Numbers;
import dev.caisson.executor.plan.Argument.OpenText;
import dev.caisson.executor.plan.Argument.Pointer;
import dev.caisson.executor.plan.Argument.Rest;
import dev.caisson.executor.plan.Argument.Room;
import dev.caisson.executor.plan.Argument.Scalar;
import dev.caisson.executor.plan.Argument.Struct;
import dev.caisson.executor.plan.Argument.Text;
import dev.caisson.executor.plan.Argument.Texts;
import dev.caisson.executor.plan.Instruction.Call;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The data of a program: each value once, at an address that suits any structure. What is equal
 * shares its place.
 */
final class ProgramData {
  private static final int ALIGNMENT = 8;

  private record Relocation(int at, int target) {}

  private final Machine machine;
  private final List<byte[]> parts = new ArrayList<>();
  private final Map<Pointer, Integer> offsets = new HashMap<>();
  private final Map<Cell, Integer> cells = new HashMap<>();
  private final List<Relocation> relocations = new ArrayList<>();
  private int size;

  private ProgramData(Machine machine) {
    this.machine = machine;
  }

  static ProgramData of(Plan plan, Machine machine) {
    ProgramData data = new ProgramData(machine);
    for (Step step : plan.steps()) {
      if (step.instruction() instanceof Call call) {
        call.arguments().forEach(data::place);
      }
    }
    return data;
  }

  int offset(Pointer pointer) {
    Integer offset = offsets.get(pointer);
    if (offset == null) {
      throw new AssertionError("every pointer is placed before it is used: " + pointer.text());
    }
    return offset;
  }

  int place(Cell cell) {
    Integer place = cells.get(cell);
    if (place == null) {
      throw new AssertionError("every cell is in a structure: " + cell.text());
    }
    return place;
  }

  int size() {
    return size;
  }

  int relocations() {
    return relocations.size();
  }

  void putRelocations(ByteBuffer out) {
    relocations.forEach(relocation -> out.putInt(relocation.at()).putInt(relocation.target()));
  }

  void putBytes(ByteBuffer out) {
    parts.forEach(out::put);
  }

  private void place(Argument argument) {
    if (argument instanceof Pointer pointer && !offsets.containsKey(pointer)) {
      // What a vector or a structure points to comes before it, so that its own place is known
      // last.
      switch (pointer) {
        case Texts texts -> {
          texts.values().stream().map(Text::new).forEach(this::place);
          texts.last().ifPresent(this::place);
        }
        case Rest rest -> place(rest.of());
        case Struct struct -> struct.fields().forEach(field -> place(field.value()));
        case Text _, HostnameText _, OpenText _, Numbers _, Bytes _, Room _ -> {}
      }
      offsets.put(pointer, pointer instanceof Rest(OpenText of) ? behind(of) : append(pointer));
    }
  }

  private int behind(OpenText text) {
    return offset(text) + text.headBytes();
  }

  private void append(byte[] part) {
    parts.add(part);
    size += part.length;
  }

  private int append(Pointer pointer) {
    append(new byte[-size & (ALIGNMENT - 1)]);
    int offset = size;
    switch (pointer) {
      case Text text -> appendText(text);
      case HostnameText name -> append(padded(name.value()));
      case OpenText text -> appendOpen(text);
      case Rest rest -> throw new AssertionError("it is a part of another: " + rest.text());
      case Texts texts -> appendVector(texts, offset);
      case Struct struct -> appendStruct(struct, offset);
      case Numbers numbers -> appendNumbers(numbers);
      case Bytes bytes -> append(bytes.value().toByteArray());
      case Room room -> append(new byte[room.bytes()]);
    }
    return offset;
  }

  private void appendText(Text text) {
    append(text.value().getBytes(UTF_8));
    append(new byte[1]);
  }

  static byte[] padded(String hostname) {
    return Arrays.copyOf(hostname.getBytes(UTF_8), HostnameText.BYTES);
  }

  private void appendOpen(OpenText text) {
    append(text.head().getBytes(UTF_8));
    append(new byte[text.room() + 1]);
  }

  private void appendVector(Texts texts, int offset) {
    List<Pointer> elements = new ArrayList<>();
    texts.values().forEach(value -> elements.add(new Text(value)));
    texts.last().ifPresent(elements::add);
    for (int i = 0; i < elements.size(); i++) {
      relocations.add(new Relocation(offset + i * Long.BYTES, offset(elements.get(i))));
    }
    // The elements are filled in by relocation; the null that ends the vector is not.
    append(new byte[(elements.size() + 1) * Long.BYTES]);
  }

  private void appendStruct(Struct struct, int offset) {
    ByteBuffer out = ByteBuffer.allocate(struct.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (Field field : struct.fields()) {
      if (field.value() instanceof Pointer pointer) {
        relocations.add(new Relocation(offset + out.position(), offset(pointer)));
      }
      if (field.value() instanceof Cell cell) {
        cells.put(cell, offset + out.position());
      }
      put(out, field);
    }
    append(out.array());
  }

  private void put(ByteBuffer out, Field field) {
    long value = field.value() instanceof Scalar scalar ? scalar.value(machine) : 0;
    switch (field.bytes()) {
      case Short.BYTES -> out.putShort((short) value);
      case Integer.BYTES -> out.putInt((int) value);
      case Long.BYTES -> out.putLong(value);
      default -> throw new AssertionError("a field has 2, 4 or 8 bytes: " + field.text());
    }
  }

  private void appendNumbers(Numbers numbers) {
    ByteBuffer out =
        ByteBuffer.allocate(numbers.values().size() * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    numbers.values().forEach(out::putInt);
    append(out.array());
  }
}
