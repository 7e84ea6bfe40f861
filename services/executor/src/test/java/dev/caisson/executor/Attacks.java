package dev.caisson.executor;

import com.google.protobuf.UnknownFieldSet;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Mount;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The attacks, by name, and what each of them is after. */
final class Attacks {
  /** More than a container's first process ever has open. */
  private static final int DESCRIPTORS = 48;

  /** From where it stands, up and up. */
  private static final String LOOK = "ls -a . .. ../.. ../../..";

  private static final String MOUNTS_ON_EMPTY =
      "cut -d ' ' -f 5 /proc/self/mountinfo | grep -cx /empty";

  private static final String SECRET = "hunter2-8f1c";

  /** Where somebody was faster. */
  private static final int AGAIN = 4;

  private static final Map<String, Attack> ALL = all();

  private Attacks() {}

  /** What a weakened executor is made to run, by reflection. */
  static boolean succeeds(String name) throws Exception {
    Attack attack = ALL.get(name);
    if (attack == null) {
      throw new AssertionError("no such attack: " + name);
    }
    for (int again = AGAIN; ; again--) {
      try (TestNode node = TestNode.launch("limits.hook-timeout-seconds = 5")) {
        return attack.succeeds(node);
      } catch (HostAttacks.NumberTakenException e) {
        if (again == 0) {
          throw e;
        }
      }
    }
  }

  private static Map<String, Attack> all() {
    Map<String, Attack> attacks = new TreeMap<>();
    attacks.put("startOutsideOfTheRoot", Attacks::startOutsideOfTheRoot);
    attacks.put("executeOutsideOfTheRoot", Attacks::executeOutsideOfTheRoot);
    attacks.put("inheritDescriptors", Attacks::inheritDescriptors);
    attacks.put("moveAMountOutOfTheRoot", Attacks::moveAMountOutOfTheRoot);
    attacks.put("moveDevOutOfTheRoot", Attacks::moveDevOutOfTheRoot);
    attacks.put("coverAMaskWithAFileOfTheImage", Attacks::coverAMaskWithAFileOfTheImage);
    attacks.put("inheritCapabilities", Attacks::inheritCapabilities);
    attacks.put("readTheRuntimesBinary", Attacks::readTheRuntimesBinary);
    attacks.put("haveAForeignHookRun", Attacks::haveAForeignHookRun);
    attacks.put("swapAHookInItsDirectory", Attacks::swapAHookInItsDirectory);
    attacks.put("findASecretInTheRecord", Attacks::findASecretInTheRecord);
    attacks.put("bindTheHostByALink", Attacks::bindTheHostByALink);
    attacks.put("fillTheExecutorsMemory", Attacks::fillTheExecutorsMemory);
    attacks.put("writeLinesIntoAMessage", Attacks::writeLinesIntoAMessage);
    attacks.put("sayWhatNobodyReads", Attacks::sayWhatNobodyReads);
    attacks.put("useADeviceOfTheImage", Attacks::useADeviceOfTheImage);
    attacks.putAll(FilesystemAttacks.all());
    attacks.putAll(GatewayAttacks.all());
    attacks.putAll(HostAttacks.all());
    return attacks;
  }

  static Stream<String> names() {
    return ALL.keySet().stream();
  }

  /** CVE-2024-21626: a working directory by way of a descriptor, or of what the process was in. */
  private static boolean startOutsideOfTheRoot(TestNode node) {
    return candidates()
        .anyMatch(directory -> {
          ContainerSpec.Builder spec = node.shell(LOOK);
          spec.getProcessBuilder().setCwd(directory);
          return isOutside(() -> node.run(spec));
        });
  }

  private static boolean executeOutsideOfTheRoot(TestNode node) {
    node.started("c", node.spec("sleep", "60"));
    return candidates()
        .anyMatch(directory -> {
          var exec = TestNode.execRequest("c", "sh", "-c", LOOK);
          exec.getProcessBuilder().setCwd(directory);
          return isOutside(() -> node.exec(exec).ended());
        });
  }

  private static Stream<String> candidates() {
    return Stream.concat(
        Stream.of("/proc/self/cwd"),
        IntStream.range(3, DESCRIPTORS).mapToObj(number -> "/proc/self/fd/" + number));
  }

  private interface Run {
    Ended run();
  }

  /**
   * A directory which getcwd(2) cannot name lies outside; that it does not start is the defence.
   */
  private static boolean isOutside(Run run) {
    try {
      Ended ended = run.run();
      return ended.out().contains("rootfs");
    } catch (CompletionException | StatusRuntimeException refused) {
      return false;
    }
  }

  private static boolean inheritDescriptors(TestNode node) {
    String list = "cd /proc/self/fd; for f in *; do [ -e $f ] && echo $f; done";
    return node.run(node.shell(list)).out().lines().count() > 3;
  }

  /**
   * CVE-2021-30465: the target of a mount climbs out of the root. In the image's root the place is
   * there, so that the mount shows; in whatever is around it, it is there too.
   */
  private static boolean moveAMountOutOfTheRoot(TestNode node) throws IOException {
    Files.createDirectories(node.rootfs().resolve("empty"));
    Files.createSymbolicLink(node.rootfs().resolve("climbs"), Path.of("../../../../empty"));
    ContainerSpec.Builder spec = node.shell(MOUNTS_ON_EMPTY);
    spec.addMounts(Mount.newBuilder().setDestination("/climbs").setType("tmpfs"));
    return !node.run(spec).out().equals("1\n");
  }

  /** CVE-2026-41579: /dev is a link in the image, which climbs out of the root. */
  private static boolean moveDevOutOfTheRoot(TestNode node) throws IOException {
    Files.createDirectories(node.rootfs().resolve("empty"));
    Files.createSymbolicLink(node.rootfs().resolve("dev"), Path.of("../../../../empty"));
    return !node.run(node.shell(MOUNTS_ON_EMPTY)).out().equals("1\n");
  }

  /** CVE-2025-31133: what a masked path is covered with comes from the image. */
  private static boolean coverAMaskWithAFileOfTheImage(TestNode node) throws IOException {
    Files.writeString(node.rootfs().resolve("tmp/ours"), "ours");
    Files.writeString(node.rootfs().resolve("tmp/masked"), "");
    ContainerSpec.Builder spec = node.shell("cat /tmp/masked").addMaskedPaths("/tmp/masked");
    Path volume = node.share(spec);
    Files.createSymbolicLink(volume.resolve("null"), Path.of("/tmp/ours"));
    spec.setMounts(0, spec.getMounts(0).toBuilder().setDestination("/dev"));
    return node.run(spec).out().equals("ours");
  }

  /** CVE-2022-29162. */
  private static boolean inheritCapabilities(TestNode node) {
    ContainerSpec.Builder spec = node.shell("grep CapInh /proc/self/status");
    spec.getProcessBuilder()
        .getCapabilitiesBuilder()
        .addBounding("CAP_CHOWN")
        .addPermitted("CAP_CHOWN")
        .addEffective("CAP_CHOWN");
    return !node.run(spec).out().contains("\t0000000000000000\n");
  }

  /** CVE-2019-5736: the entrypoint is the program that starts it, which another process opens. */
  private static boolean readTheRuntimesBinary(TestNode node) throws IOException {
    Path entrypoint = node.rootfs().resolve("bin/entrypoint");
    Files.writeString(entrypoint, "#!/proc/self/exe\n");
    Files.setPosixFilePermissions(entrypoint, PosixFilePermissions.fromString("rwxr-xr-x"));
    node.started("c", node.spec("/bin/entrypoint"));
    String steal = "head -c 4 /proc/1/exe | tail -c 3";
    return node.exec("c", "sh", "-c", steal).ended().out().equals("ELF");
  }

  private static boolean haveAForeignHookRun(TestNode node) throws Exception {
    Path hook = hook(node, "hooks/hook", "rwxrwxrwx");
    return runs(node, hook);
  }

  /** Between the look at it and its start somebody else could put another in its place. */
  private static boolean swapAHookInItsDirectory(TestNode node) throws Exception {
    Path open = Files.createDirectories(node.base().resolve("hooks/open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    return runs(node, hook(node, "hooks/open/hook", "rwxr-xr-x"));
  }

  private static Path hook(TestNode node, String name, String permissions) throws IOException {
    Path hook = node.base().resolve(name);
    Files.writeString(hook, "#!/bin/sh\ntouch " + node.base() + "/ran\n");
    Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString(permissions));
    node.allow("hook = " + hook);
    node.restart();
    return hook;
  }

  private static boolean runs(TestNode node, Path hook) {
    ContainerSpec.Builder spec = node.spec("true");
    spec.getHooksBuilder().addCreateRuntime(Hook.newBuilder().setPath(hook.toString()));
    try {
      var _ = node.create("c", spec);
    } catch (StatusRuntimeException refused) {
      // What counts is whether it has run.
    }
    return Files.exists(node.base().resolve("ran"));
  }

  private static boolean findASecretInTheRecord(TestNode node) throws IOException {
    ContainerSpec.Builder spec = node.spec("true", "--password=" + SECRET);
    spec.getProcessBuilder().addEnv("API_TOKEN=" + SECRET);
    node.run(spec);
    try (Stream<Path> files = Files.walk(node.data().resolve("journal"))) {
      return files.filter(Files::isRegularFile).anyMatch(Attacks::holdsTheSecret);
    }
  }

  private static boolean holdsTheSecret(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).contains(SECRET);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** A source below an allowed directory, which is a link that leads elsewhere. */
  private static boolean bindTheHostByALink(TestNode node) throws IOException {
    Path outside = Files.createDirectories(node.base().resolve("outside"));
    Files.writeString(outside.resolve("secret"), SECRET);
    Path link = Files.createSymbolicLink(node.base().resolve("volumes/link"), outside);
    ContainerSpec.Builder spec = node.shell("cat /stolen/secret");
    spec.addMounts(
        Mount.newBuilder().setDestination("/stolen").setType("bind").setSource(link.toString()));
    try {
      return node.run(spec).out().equals(SECRET);
    } catch (CompletionException | StatusRuntimeException refused) {
      return false;
    }
  }

  /** A node in the image: the whole memory of the host, if it could be opened. */
  private static boolean useADeviceOfTheImage(TestNode node) throws Exception {
    String device = node.rootfs().resolve("tmp/zero").toString();
    Process mknod = new ProcessBuilder("mknod", "-m", "666", device, "c", "1", "5").start();
    if (mknod.waitFor() != 0) {
      throw new AssertionError("mknod must succeed for root");
    }
    return node.run(node.shell("head -c 1 /tmp/zero > /dev/null && echo opened"))
        .out()
        .contains("opened");
  }

  /** CVE-2022-1708: output that nobody takes. */
  private static boolean fillTheExecutorsMemory(TestNode node) {
    ContainerSpec.Builder spec =
        node.shell("dd if=/dev/zero bs=64k count=128 2> /dev/null; echo > /shared/end");
    Path end = node.share(spec).resolve("end");
    var call = AttachedClient.run().slowly();
    call.begin(
        node.async()::run,
        RunRequest.newBuilder().setRun(node.request(node.newId("run"), spec)).build());
    call.take(6);
    long deadline = System.nanoTime() + 2_000_000_000L;
    while (!Files.exists(end) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    boolean written = Files.exists(end);
    call.cancel();
    return written;
  }

  private static boolean writeLinesIntoAMessage(TestNode node) {
    try {
      node.run(node.spec("no\n2026-01-01 such \u001b[31mprogram"));
      return false;
    } catch (CompletionException | StatusRuntimeException refused) {
      return refused.getMessage().chars().anyMatch(Character::isISOControl);
    }
  }

  /** A policy that does not know a field must not pass what the effect might know. */
  private static boolean sayWhatNobodyReads(TestNode node) {
    ContainerSpec.Builder spec = node.spec("true");
    spec.setUnknownFields(
        UnknownFieldSet.newBuilder()
            .addField(9999, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .build());
    try {
      return node.run(spec).code() == 0;
    } catch (CompletionException | StatusRuntimeException refused) {
      return false;
    }
  }
}
