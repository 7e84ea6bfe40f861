package dev.caisson.bench;

import java.util.Set;

/** Something that does one operation on a container after the other. */
interface LifeSubject {
  String name();

  /** Those that it has. In their order they are a whole life. */
  Set<Operation> operations();

  /** Does it to the container of that id; returns when all of it is done. */
  void perform(Operation operation, String id) throws Exception;
}
