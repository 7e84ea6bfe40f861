package dev.caisson.executor.cgroup;

/**
 * What an update did to one control file, in the kernel's own words.
 *
 * @param file as in {@code pids.max}
 */
public record SettingChange(String file, String before, String after) {}
