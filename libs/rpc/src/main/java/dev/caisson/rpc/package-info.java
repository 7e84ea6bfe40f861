/**
 * gRPC as every service of Caisson speaks it: plain grpc-java over Unix domain sockets without
 * native code, who is at the other end, one mapping of errors, back-pressure.
 */
@NullMarked
package dev.caisson.rpc;

import org.jspecify.annotations.NullMarked;
