package dev.caisson.executor;

/** Something that a hostile image, container or caller really tries, against a real executor. */
interface Attack {
  /** Whether it gets what it is after. */
  boolean succeeds(TestNode node) throws Exception;
}
