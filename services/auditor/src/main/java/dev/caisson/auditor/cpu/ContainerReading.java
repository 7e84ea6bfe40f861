package dev.caisson.auditor.cpu;

/**
 * A container in a sample.
 *
 * @param nanos its own cumulative CPU time, from 0
 * @param running whether it still ran when the sample was taken
 */
record ContainerReading(String id, String uid, long nanos, boolean running) {

  /** Characters of an id or uid: four times what the executor allows. */
  static final int MAX_ID = 256;

  ContainerReading {
    if (id.length() > MAX_ID || uid.length() > MAX_ID) {
      throw new IllegalArgumentException("ids must have at most 256 characters: " + id.length());
    }
    if (uid.isEmpty()) {
      throw new IllegalArgumentException("container_uid must not be empty");
    }
    if (nanos < 0) {
      throw new IllegalArgumentException("cpu_nanos must be below 2^63: container " + uid);
    }
  }
}
