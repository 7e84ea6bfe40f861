/** The executor's way to systemd: one connection to the system bus, with a library that is kept. */
@NullMarked
package dev.caisson.executor.systemd;

import org.jspecify.annotations.NullMarked;
