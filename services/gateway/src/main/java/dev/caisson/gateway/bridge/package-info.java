/** Between gRPC's calls and Reactor's streams, with back-pressure both ways. */
@NullMarked
package dev.caisson.gateway.bridge;

import org.jspecify.annotations.NullMarked;
