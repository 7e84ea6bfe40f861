package dev.caisson.bench;

/** What is timed of a container's life, in the order in which it comes. */
enum Operation {
  CREATE,
  GET,
  START,
  PS,
  EXEC,
  PAUSE,
  RESUME,
  SIGNAL_AND_WAIT,
  DELETE
}
