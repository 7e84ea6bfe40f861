package dev.caisson.cli;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Resource names of one tenant. */
record Names(String tenant) {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Bytes of a generated id: enough that two of one tenant do not meet. */
  private static final int ID_BYTES = 5;

  String parent() {
    return "tenants/" + tenant;
  }

  String sandbox(String sandbox) {
    return parent() + "/sandboxes/" + sandbox;
  }

  /** Of a container in whichever sandbox it is. */
  String container(String container) {
    return sandbox("-") + "/containers/" + container;
  }

  /** The last part of a resource name. */
  static String id(String name) {
    return name.substring(name.lastIndexOf('/') + 1);
  }

  /** The sandbox's id in a container's name. */
  static String sandboxOf(String name) {
    String[] parts = name.split("/", -1);
    return parts.length > 3 ? parts[3] : "";
  }

  static String newId() {
    byte[] id = new byte[ID_BYTES];
    RANDOM.nextBytes(id);
    return "c" + HexFormat.of().formatHex(id);
  }
}
