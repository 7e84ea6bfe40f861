package dev.caisson.executor;

import static dev.caisson.executor.OnNode.onHost;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;

/** Attacks by what an image, a volume or a container has put where something is expected. */
final class FilesystemAttacks {
  private static final int TRIES = 30;
  private static final int FEW_TRIES = 16;

  /** Descriptors that a program may have open by then. */
  private static final int NUMBERS = 24;

  private static final Volume SHARED =
      Volume.newBuilder()
          .setName("data")
          .setType(Volume.Type.TMPFS)
          .setShare(Volume.Share.POD)
          .build();

  private static final int USER = 1000;
  private static final String PARAMETER = "net/ipv4/ip_unprivileged_port_start";

  private FilesystemAttacks() {}

  static Map<String, Attack> all() {
    Map<String, Attack> attacks = new TreeMap<>();
    attacks.put("swapATargetWhileItIsMounted", FilesystemAttacks::swapATarget);
    attacks.put("keepOthersFromStarting", FilesystemAttacks::keepOthersFromStarting);
    attacks.put("moveTheConsoleOutOfTheRoot", FilesystemAttacks::moveTheConsole);
    attacks.put("haveTheRootGivenAway", FilesystemAttacks::haveTheRootGivenAway);
    attacks.put("setParametersInAFalseProc", FilesystemAttacks::setParameters);
    attacks.put("setALabelInAFalseProc", FilesystemAttacks::setALabel);
    attacks.put("haveTheHostsUsersRead", FilesystemAttacks::haveTheHostsUsersRead);
    attacks.put("haveALinkRemoved", FilesystemAttacks::haveALinkRemoved);
    attacks.put("leadOthersOutOfTheirPart", FilesystemAttacks::leadOthersOutOfTheirPart);
    attacks.put("openADeviceThatItHasMade", FilesystemAttacks::openADevice);
    return attacks;
  }

  /**
   * CVE-2021-30465, as a race: another container shares a volume, where the target of a mount and a
   * link that climbs change places all the time. A mount that has left the root cannot be seen any
   * more: that is how it shows.
   */
  private static boolean swapATarget(TestNode node) throws Exception {
    ContainerSpec.Builder swaps = swapping(node);
    for (int i = 0; i < TRIES; i++) {
      ContainerSpec.Builder spec = mountinfo(node);
      spec.addMounts(swaps.getMounts(0))
          .addMounts(Mount.newBuilder().setDestination("/shared/d").setType("tmpfs"));
      if (node.run(spec).out().lines().noneMatch(t -> t.matches("/empty|/shared/(d|link)"))) {
        return true;
      }
    }
    return false;
  }

  /**
   * CVE-2017-1002101, within a volume: who has one of its directories puts a link to all of it
   * where another container is given a directory.
   */
  private static boolean leadOthersOutOfTheirPart(TestNode node) {
    var _ = node.stub().createSandbox(TestNode.sandboxRequest("box").addVolumes(SHARED).build());
    var _ = node.createIn("box", "whole", part(node.shell("echo > /v/secret; sleep 600"), ""));
    node.start("whole");
    TestNode.eventually(
        "it is there", () -> node.exec("whole", "ls", "/v/secret").ended().code() == 0);
    var _ = node.createIn("box", "has", part(node.shell("ln -s .. /v/b"), "a"));
    node.start("has");
    var _ = node.await("has");
    try {
      var _ = node.createIn("box", "other", part(node.spec("sleep", "600"), "a/b"));
      node.start("other");
      return node.exec("other", "ls", "/v").ended().out().contains("secret");
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  private static ContainerSpec.Builder part(ContainerSpec.Builder spec, String subpath) {
    return spec.addMounts(
        Mount.newBuilder()
            .setDestination("/v")
            .setType("volume")
            .setSource("data")
            .setSubpath(subpath));
  }

  /** A container that lets /shared/d and a link that climbs change places, all the time. */
  private static ContainerSpec.Builder swapping(TestNode node) throws IOException {
    String program = node.rootfs().resolve("bin/swap").toString();
    onHost("gcc", "-static", "-O1", "-o", program, "src/test/c/swap.c");
    Files.createDirectories(node.rootfs().resolve("empty"));
    ContainerSpec.Builder swaps = node.spec("swap", "/shared/d", "/shared/link");
    Path volume = node.share(swaps);
    Files.createDirectory(volume.resolve("d"));
    Files.createSymbolicLink(volume.resolve("link"), Path.of("../../../../empty"));
    node.started("swaps", swaps);
    return swaps;
  }

  /**
   * While anybody renames directories, the kernel cannot tell whether a path with {@code ..} in it
   * stays in its root: openat2(2) says EAGAIN, to all others on the host too.
   */
  private static boolean keepOthersFromStarting(TestNode node) throws Exception {
    swapping(node);
    Files.createDirectories(node.rootfs().resolve("a/b/c"));
    Files.createSymbolicLink(node.rootfs().resolve("long"), Path.of("a/b/c" + "/../c".repeat(24)));
    for (int i = 0; i < FEW_TRIES; i++) {
      ContainerSpec.Builder spec = node.spec("true");
      spec.addMounts(Mount.newBuilder().setDestination("/long").setType("tmpfs"));
      try {
        node.run(spec);
      } catch (CompletionException | StatusRuntimeException failed) {
        return true;
      }
    }
    return false;
  }

  /** Prints the places of the container's mounts. */
  private static ContainerSpec.Builder mountinfo(TestNode node) {
    return node.spec("cut", "-d", " ", "-f", "5", "/proc/self/mountinfo");
  }

  /** CVE-2025-52565: what the terminal is to be mounted on is a link that climbs. */
  private static boolean moveTheConsole(TestNode node) throws IOException {
    Files.createFile(node.rootfs().resolve("null"));
    ContainerSpec.Builder spec = mountinfo(node);
    spec.getProcessBuilder().setTerminal(true);
    Path volume = node.share(spec);
    Files.createSymbolicLink(volume.resolve("console"), Path.of("../../../../null"));
    spec.setMounts(0, spec.getMounts(0).toBuilder().setDestination("/dev"));
    return node.run(spec).out().lines().noneMatch("/null"::equals);
  }

  /**
   * What is at /dev/pts/ptmx answers every ioctl(2) as a terminal does, and says that the other
   * side is this or that descriptor: until it is the root file system's, which is given away as a
   * terminal is, to the process's user.
   */
  private static boolean haveTheRootGivenAway(TestNode node) throws Exception {
    node.allow("user-namespace.host = true"); // FUSE cannot be id-mapped everywhere
    node.restart();
    Path terminals = Files.createDirectory(node.base().resolve("volumes/pts"));
    Path program = node.base().resolve("false_terminal");
    onHost("gcc", "-O1", "-o", program.toString(), "src/test/c/false_terminal.c");
    Process server = new ProcessBuilder(program.toString(), terminals.toString()).start();
    try {
      if (!"ready".equals(server.inputReader().readLine())) {
        throw new AssertionError("a filesystem must be mounted: needs /dev/fuse");
      }
      return IntStream.range(0, NUMBERS).anyMatch(number -> isGivenAway(node, terminals));
    } finally {
      server.destroyForcibly().waitFor();
      onHost("umount", "--lazy", terminals.toString());
    }
  }

  private static boolean isGivenAway(TestNode node, Path terminals) {
    ContainerSpec.Builder spec = node.spec("true");
    spec.setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST));
    spec.getProcessBuilder().setTerminal(true).getUserBuilder().setUid(USER);
    spec.addMounts(
        Mount.newBuilder()
            .setDestination("/dev/pts")
            .setType("bind")
            .setSource(terminals.toString())
            .addOptions("rbind"));
    try {
      node.run(spec);
    } catch (CompletionException | StatusRuntimeException refused) {
      // What counts is whose the root file system is.
    }
    try {
      return Files.getAttribute(node.rootfs(), "unix:uid").equals(USER);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** CVE-2019-16884: a volume is the container's /proc. */
  private static ContainerSpec.Builder onAFalseProc(TestNode node, String file) throws IOException {
    ContainerSpec.Builder spec = node.spec("true");
    Path volume = node.share(spec);
    spec.setMounts(0, spec.getMounts(0).toBuilder().setDestination("/proc"));
    Files.createDirectories(volume.resolve(file).getParent());
    Files.createFile(volume.resolve(file));
    return spec;
  }

  private static boolean isWritten(TestNode node, ContainerSpec.Builder spec, String file)
      throws IOException {
    try {
      node.run(spec);
    } catch (CompletionException | StatusRuntimeException failed) {
      // What counts is what was written.
    }
    return Files.size(Path.of(spec.getMounts(0).getSource()).resolve(file)) > 0;
  }

  private static boolean setParameters(TestNode node) throws IOException {
    ContainerSpec.Builder spec = onAFalseProc(node, "sys/" + PARAMETER);
    spec.putSysctl(PARAMETER.replace('/', '.'), "1000");
    return isWritten(node, spec, "sys/" + PARAMETER);
  }

  /** CVE-2019-19921: the process is confined in words alone. */
  private static boolean setALabel(TestNode node) throws IOException {
    String file = "self/attr/apparmor/exec";
    ContainerSpec.Builder spec = onAFalseProc(node, file);
    spec.getProcessBuilder().setApparmorProfile("docker-default");
    return isWritten(node, spec, file);
  }

  /** The image's user database is a link to a file of the host. */
  private static boolean haveTheHostsUsersRead(TestNode node) throws IOException {
    Path outside =
        Files.writeString(node.base().resolve("outside"), "root:x:0:0::/of-the-host:/bin/sh\n");
    Path etc = Files.createDirectories(node.rootfs().resolve("etc"));
    Files.createSymbolicLink(etc.resolve("passwd"), outside);
    return node.run(node.shell("echo $HOME")).out().equals("/of-the-host\n");
  }

  /** A container's upper layer has links to what is not its own, and is removed with it. */
  private static boolean haveALinkRemoved(TestNode node) throws IOException {
    Path outside = Files.createDirectory(node.base().resolve("outside"));
    Path kept = Files.writeString(outside.resolve("kept"), "kept");
    ContainerSpec.Builder spec = node.spec("ln", "-s", outside.toString(), "/link");
    spec.getRootBuilder().setOverlay(Overlay.newBuilder().setMedium(Overlay.Medium.SELF));
    node.run(spec);
    return !Files.exists(kept);
  }

  /** 10:229, as the host's root: no namespace is in between, and the guard does not list it. */
  private static boolean openADevice(TestNode node) throws IOException {
    node.allow("user-namespace.host = true");
    node.restart();
    ContainerSpec.Builder spec =
        node.shell("mknod /dev/fuse c 10 229 && exec 3<> /dev/fuse && echo o");
    spec.setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST));
    List<String> make = List.of("CAP_MKNOD");
    spec.getProcessBuilder()
        .getCapabilitiesBuilder()
        .addAllBounding(make)
        .addAllPermitted(make)
        .addAllEffective(make);
    return node.run(spec).out().equals("o\n");
  }
}
