package dev.caisson.executor.journal;

import dev.caisson.executor.disk.Disk;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What journal and usage log have in common.
 *
 * @param chained whether records have chain values
 * @param cutCorrupt whether to go on after a corrupt record as after a torn one; otherwise opening
 *     is refused
 * @param bootId of the host, /proc/sys/kernel/random/boot_id
 */
record LogSettings(
    Path directory,
    boolean chained,
    boolean cutCorrupt,
    long segmentBytes,
    Duration syncInterval,
    String bootId,
    Disk disk) {}
