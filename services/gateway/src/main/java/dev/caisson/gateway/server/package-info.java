/** What listens: the gRPC server, its metrics, the health of what is behind it. */
@NullMarked
package dev.caisson.gateway.server;

import org.jspecify.annotations.NullMarked;
