/**
 * The API for those without gRPC: HTTP/1.1 with JSON, server-sent events and WebSockets, by the
 * {@code google.api.http} options of the protos. One small bridge for all methods: a request
 * becomes a call that passes the same interceptors as one over gRPC.
 */
@NullMarked
package dev.caisson.gateway.http;

import org.jspecify.annotations.NullMarked;
