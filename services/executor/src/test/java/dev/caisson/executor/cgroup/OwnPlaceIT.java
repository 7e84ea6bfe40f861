package dev.caisson.executor.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.linux.Kernel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With a hierarchy of this machine's that no sandbox is in, where there is one. */
class OwnPlaceIT {
  private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");
  private static final Path OWN = Path.of("/proc/self/cgroup");

  private final String parent = "/caisson-own-" + ProcessHandle.current().pid();
  private Path unused = Path.of("/");
  private String controller = "";
  private String before = "";

  @BeforeEach
  void findOne() throws IOException {
    List<Mountinfo.Entry> mounts = Mountinfo.read(MOUNTINFO);
    Optional<Mountinfo.Entry> freezer =
        mounts.stream()
            .filter(mount -> mount.type().equals("cgroup") && mount.root().equals("/"))
            .filter(mount -> mount.superOptions().contains("freezer"))
            .filter(mount -> mounts.stream().anyMatch(one -> one.type().equals("cgroup2")))
            .findFirst();
    Assumptions.assumeTrue(freezer.isPresent(), "only cgroups of version 2 here, or only 1");
    unused = freezer.get().mountPoint();
    controller = "freezer";
    before = place();
  }

  @AfterEach
  void moveBack() throws IOException {
    if (!before.isEmpty()) {
      Files.writeString(Path.of(unused + before).resolve("cgroup.procs"), "0");
      Files.deleteIfExists(Path.of(unused + parent + "/below-executor"));
      Files.deleteIfExists(Path.of(unused + parent));
      Files.deleteIfExists(Path.of(unused + parent + "-engine"));
    }
  }

  private String place() throws IOException {
    return Membership.parse(Files.readString(OWN)).paths().getOrDefault(controller, "");
  }

  private void leave() throws IOException {
    OwnPlace.of(Kernel.open().files(), MOUNTINFO).leave(Files.readString(OWN), parent + "/below");
  }

  private void startIn(String path) throws IOException {
    Path directory = Files.createDirectories(Path.of(unused + path));
    Files.writeString(directory.resolve("cgroup.procs"), "0");
    assertThat(place()).isEqualTo(path);
  }

  @Test
  void leavesTheCgroupOfAnEngine() throws IOException {
    startIn(parent + "-engine");
    leave();
    assertThat(place()).isEqualTo(parent + "/below-executor");
    leave();
    assertThat(place()).as("it is there already").isEqualTo(parent + "/below-executor");
  }

  @Test
  void staysWhereNobodyEndsIt() throws IOException {
    Assumptions.assumeTrue(before.equals("/"), "this very process is in a cgroup of somebody's");
    leave();
    assertThat(place()).isEqualTo("/");
    assertThat(Path.of(unused + parent)).doesNotExist();
  }
}
