package dev.caisson.cli;

import dev.caisson.model.CpuShares;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Resources.BlockIo.ThrottleDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Limits, by the names that docker gives them. */
final class LimitOptions {
  private static final String DEVICE = "DEVICE:RATE";

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = Quantity.Bytes.class,
      description = "Memory limit: 64m, 1g; -1: none.")
  private @Nullable Long memory;

  @Option(
      names = "--memory-swap",
      paramLabel = "SIZE",
      converter = Quantity.Bytes.class,
      description = "Limit of memory and swap together, not below that of memory; -1: none.")
  private @Nullable Long swap;

  @Option(
      names = "--memory-reservation",
      paramLabel = "SIZE",
      converter = Quantity.Bytes.class,
      description = "Memory that is kept from being reclaimed.")
  private @Nullable Long reservation;

  @Option(
      names = "--memory-swappiness",
      paramLabel = "N",
      description = "How readily it is swapped out, 0 to 100 (cgroup v1).")
  private @Nullable Integer swappiness;

  @Option(
      names = "--cpus",
      paramLabel = "N",
      converter = Quantity.Cpus.class,
      description = "CPU limit, in CPUs: 0.5; -1: none.")
  private @Nullable Long cpus;

  @Option(
      names = "--cpu-quota",
      paramLabel = "MICROSECONDS",
      description = "CPU time in each period, instead of --cpus; -1: no limit.")
  private @Nullable Long quota;

  @Option(
      names = "--cpu-period",
      paramLabel = "MICROSECONDS",
      description = "In which the quota is counted.")
  private @Nullable Long period;

  @Option(
      names = "--cpu-shares",
      paramLabel = "N",
      description = "Relative CPU weight (2 to 262144).")
  private @Nullable Long shares;

  @Option(
      names = "--cpu-weight",
      paramLabel = "N",
      description = "The same as cgroup v2 counts it (1 to 10000), instead of --cpu-shares.")
  private @Nullable Long weight;

  @Option(
      names = "--cpuset-cpus",
      paramLabel = "LIST",
      description = "CPUs that it may use: 0-3,7.")
  private String cpusetCpus = "";

  @Option(names = "--cpuset-mems", paramLabel = "LIST", description = "Memory nodes: 0.")
  private String cpusetMems = "";

  @Option(
      names = {"--pids", "--pids-limit"},
      paramLabel = "N",
      description = "Limit on processes and threads; -1: none.")
  private @Nullable Long pids;

  @Option(
      names = "--blkio-weight",
      paramLabel = "N",
      description = "Relative weight at disks (10 to 1000).")
  private @Nullable Integer blkioWeight;

  @Option(
      names = "--device-read-bps",
      paramLabel = DEVICE,
      description = "Bytes read in a second: /dev/sda:1m, 8:0:1m; repeatable.")
  private List<String> readBps = new ArrayList<>();

  @Option(
      names = "--device-write-bps",
      paramLabel = DEVICE,
      description = "Bytes written in a second; repeatable.")
  private List<String> writeBps = new ArrayList<>();

  @Option(
      names = "--device-read-iops",
      paramLabel = DEVICE,
      description = "Reads in a second: /dev/sda:100; repeatable.")
  private List<String> readIops = new ArrayList<>();

  @Option(
      names = "--device-write-iops",
      paramLabel = DEVICE,
      description = "Writes in a second; repeatable.")
  private List<String> writeIops = new ArrayList<>();

  /** Those that are given. */
  Resources limits() {
    if (cpus != null && (quota != null || period != null)) {
      throw CliException.usage(
          "--cpus must be given without --cpu-quota and --cpu-period, which it stands for",
          "leave one of them away");
    }
    Resources.Builder limits = Resources.newBuilder();
    memory(limits);
    cpu(limits);
    blockIo(limits);
    if (pids != null) {
      limits.getPidsBuilder().setLimit(pids);
    }
    return limits.build();
  }

  private void memory(Resources.Builder limits) {
    if (memory != null) {
      limits.getMemoryBuilder().setLimit(memory);
    }
    if (swap != null) {
      limits.getMemoryBuilder().setSwap(swap);
    }
    if (reservation != null) {
      limits.getMemoryBuilder().setReservation(reservation);
    }
    if (swappiness != null) {
      limits.getMemoryBuilder().setSwappiness(swappiness);
    }
  }

  private void cpu(Resources.Builder limits) {
    if (cpus != null) {
      limits.getCpuBuilder().setQuota(cpus).setPeriod(Quantity.CPU_PERIOD);
    }
    if (quota != null) {
      limits.getCpuBuilder().setQuota(quota);
    }
    if (period != null) {
      limits.getCpuBuilder().setPeriod(period);
    }
    if (shares != null) {
      limits.getCpuBuilder().setShares(shares);
    }
    if (weight != null) {
      limits.getCpuBuilder().setShares(sharesOf(weight));
    }
    if (!cpusetCpus.isEmpty()) {
      limits.getCpuBuilder().setCpus(cpusetCpus);
    }
    if (!cpusetMems.isEmpty()) {
      limits.getCpuBuilder().setMems(cpusetMems);
    }
  }

  private long sharesOf(long cpuWeight) {
    if (shares != null) {
      throw CliException.usage(
          "--cpu-weight must be given without --cpu-shares, which it stands for",
          "leave one of them away");
    }
    if (cpuWeight < CpuShares.MIN_WEIGHT || cpuWeight > CpuShares.MAX_WEIGHT) {
      throw CliException.usage("--cpu-weight must be from 1 to 10000: " + cpuWeight);
    }
    return CpuShares.ofWeight(cpuWeight);
  }

  private void blockIo(Resources.Builder limits) {
    Resources.BlockIo.Builder blockIo = Resources.BlockIo.newBuilder();
    if (blkioWeight != null) {
      blockIo.setWeight(blkioWeight);
    }
    readBps.forEach(one -> blockIo.addThrottleReadBpsDevice(rate("--device-read-bps", one)));
    writeBps.forEach(one -> blockIo.addThrottleWriteBpsDevice(rate("--device-write-bps", one)));
    readIops.forEach(one -> blockIo.addThrottleReadIopsDevice(rate("--device-read-iops", one)));
    writeIops.forEach(one -> blockIo.addThrottleWriteIopsDevice(rate("--device-write-iops", one)));
    if (!blockIo.build().equals(Resources.BlockIo.getDefaultInstance())) {
      limits.setBlockIo(blockIo);
    }
  }

  private static ThrottleDevice rate(String option, String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw CliException.usage(option + " must be DEVICE:RATE: " + text, option + " /dev/sda:1m");
    }
    String[] numbers = numbers(option, text.substring(0, colon)).split(":", -1);
    return ThrottleDevice.newBuilder()
        .setMajor(Long.parseLong(numbers[0]))
        .setMinor(Long.parseLong(numbers[1]))
        .setRate(bytes(option, text.substring(colon + 1)))
        .build();
  }

  private static long bytes(String option, String text) {
    try {
      return Quantity.bytes(option, text);
    } catch (TypeConversionException e) {
      throw CliException.usage(String.valueOf(e.getMessage()));
    }
  }

  /** Its numbers, or those of the device that is at a path here. */
  private static String numbers(String option, String device) {
    if (device.matches("[0-9]{1,4}:[0-9]{1,7}")) {
      return device;
    }
    try {
      long rdev = ((Number) Files.getAttribute(Path.of(device), "unix:rdev")).longValue();
      if (rdev != 0) {
        return major(rdev) + ":" + minor(rdev);
      }
    } catch (IOException | java.nio.file.InvalidPathException notThere) {
      // Said below.
    }
    throw CliException.usage(option + " must name a device: " + device, option + " /dev/sda:1m");
  }

  /** As makedev(3) has it in the C library. */
  private static long major(long rdev) {
    return (rdev >>> 8) & 0xfff;
  }

  private static long minor(long rdev) {
    return (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  }
}
