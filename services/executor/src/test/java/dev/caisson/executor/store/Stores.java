package dev.caisson.executor.store;

import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** What the store's tests have in common: records, what is loaded of them, and damage. */
final class Stores {
  private Stores() {}

  static SandboxRecord sandbox(String uid, int value) {
    return SandboxRecord.newBuilder().setUid(uid).setTenant("t").setUsageSeq(value).build();
  }

  static ContainerRecord container(String uid, int value) {
    return ContainerRecord.newBuilder().setUid(uid).setTenant("t").setPid(value).build();
  }

  static Path log(Path directory) {
    return directory.resolve(RecordLog.NAME);
  }

  static Path temporary(Path directory) {
    return directory.resolve(RecordLog.TEMPORARY);
  }

  /** Each record's value, by its key. */
  static Map<String, Integer> values(Loaded loaded) {
    Map<String, Integer> values = new TreeMap<>();
    loaded.sandboxes().forEach(s -> values.put("sandbox " + s.getUid(), (int) s.getUsageSeq()));
    loaded.containers().forEach(c -> values.put("container " + c.getUid(), c.getPid()));
    return values;
  }

  static Map<String, Integer> values(Path directory) {
    return values(load(directory));
  }

  /** By a life that does nothing else. */
  static Loaded load(Path directory) {
    try (Store store = Store.open(directory)) {
      return store.load();
    }
  }

  static void append(Path directory, byte[] bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log(directory).toFile(), "rw")) {
      file.seek(file.length());
      file.write(bytes);
    }
  }

  static void truncate(Path directory, long size) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log(directory).toFile(), "rw")) {
      file.setLength(size);
    }
  }

  /** With one byte changed, and a checksum that says that it was always so. */
  static byte[] forged(byte[] frame, int offset, int value) {
    byte[] forged = frame.clone();
    forged[offset] = (byte) value;
    CRC32C crc = new CRC32C();
    crc.update(forged, Magic.BYTES + 4, forged.length - Magic.BYTES - 4);
    ByteBuffer.wrap(forged).putInt(Magic.BYTES, (int) crc.getValue());
    return forged;
  }

  static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
