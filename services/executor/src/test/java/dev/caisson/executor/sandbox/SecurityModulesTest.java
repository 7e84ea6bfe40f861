package dev.caisson.executor.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Process;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecurityModulesTest {
  private static final Process CONFINED =
      Process.newBuilder().setApparmorProfile("p").setSelinuxLabel("l").build();
  private static final ContainerSpec LABELLED =
      ContainerSpec.newBuilder().setMountLabel("m").build();

  @TempDir Path root;

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  void areAbsentWhereNothingSaysThatTheyAreThere() {
    assertThat(SecurityModules.of(root)).isEqualTo(new SecurityModules(false, false));
  }

  @Test
  void areThereWhereTheyAreInForce() throws IOException {
    write("sys/module/apparmor/parameters/enabled", "Y\n");
    write("proc/self/mounts", "sysfs /sys sysfs rw 0 0\nselinuxfs /s selinuxfs rw 0 0\n");
    write("proc/self/attr/current", "system_u:system_r:kernel_t:s0\0");
    assertThat(SecurityModules.of(root)).isEqualTo(new SecurityModules(true, true));
  }

  @Test
  void areNotInForceBeforeThereIsAPolicy() throws IOException {
    write("proc/self/mounts", "selinuxfs /sys/fs/selinux selinuxfs rw 0 0\n");
    write("proc/self/attr/current", "kernel\0");
    assertThat(SecurityModules.of(root)).isEqualTo(new SecurityModules(false, false));
  }

  @Test
  void areAbsentWhereTheyAreSwitchedOff() throws IOException {
    write("sys/module/apparmor/parameters/enabled", "N\n");
    write("proc/self/mounts", "selinuxfs /selinuxfs tmpfs rw 0 0\n");
    assertThat(SecurityModules.of(root)).isEqualTo(new SecurityModules(false, false));
  }

  @Test
  void takeTheLabelsOfThoseThatAreInForce() {
    assertThatCode(() -> new SecurityModules(true, true).require(CONFINED, LABELLED))
        .doesNotThrowAnyException();
    assertThatCode(() ->
            new SecurityModules(false, false)
                .require(Process.getDefaultInstance(), ContainerSpec.getDefaultInstance()))
        .doesNotThrowAnyException();
  }

  @Test
  void nameTheFieldThatAsksForMore() {
    refuses(new SecurityModules(false, true), "process.apparmor_profile needs AppArmor");
    refuses(new SecurityModules(true, false), "process.selinux_label needs SELinux");
    assertThatThrownBy(
            () -> new SecurityModules(true, false).require(Process.getDefaultInstance(), LABELLED))
        .isInstanceOf(RefusedException.class)
        .hasMessageStartingWith("mount_label needs SELinux");
  }

  private static void refuses(SecurityModules modules, String words) {
    assertThatThrownBy(() -> modules.require(CONFINED, LABELLED))
        .isInstanceOf(RefusedException.class)
        .hasMessageStartingWith(words);
  }
}
