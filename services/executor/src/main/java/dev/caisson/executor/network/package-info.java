/** Joins sandboxes to networks of the host, by the CNI plugins that its operator has configured. */
@NullMarked
package dev.caisson.executor.network;

import org.jspecify.annotations.NullMarked;
