package dev.caisson.linux;

/**
 * Who made a connection, as the kernel knew it then: {@code SO_PEERCRED}, unix(7). Ids are those of
 * this process's namespaces.
 *
 * @param uid unsigned
 * @param gid unsigned
 */
public record Peer(int pid, int uid, int gid) {}
