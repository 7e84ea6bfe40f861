package dev.caisson.executor.cgroup;

/** A value for a control file, and the field that it comes from. */
record Setting(Controller controller, String file, String value, String field) {}
