package dev.caisson.linux;

/**
 * What a socket is: socket(7), unix(7).
 *
 * @param isUnix whether it is one of this host's alone, {@code AF_UNIX}
 * @param isListening whether connections are made to it
 * @param isConnected whether it has another end
 * @param isPeerNamed whether that has a name, as that of a connection to a listener has
 */
public record SocketStatus(
    boolean isUnix, boolean isListening, boolean isConnected, boolean isPeerNamed) {}
