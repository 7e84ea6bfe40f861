package dev.caisson.scenarios;

/** What a program said, and its exit code. */
record Words(int code, String out, String err) {}
