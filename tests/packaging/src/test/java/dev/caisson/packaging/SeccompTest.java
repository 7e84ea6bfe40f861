package dev.caisson.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The filter of those services that are not privileged: docker's form of a profile. */
class SeccompTest {
  /** Ways into the kernel that no such service has a use for. */
  private static final List<String> NEVER =
      List.of(
          "add_key",
          "bpf",
          "chroot",
          "clone3",
          "delete_module",
          "fsconfig",
          "fsmount",
          "fsopen",
          "init_module",
          "io_uring_setup",
          "kcmp",
          "kexec_load",
          "keyctl",
          "mknod",
          "mknodat",
          "mount",
          "mount_setattr",
          "move_mount",
          "name_to_handle_at",
          "open_by_handle_at",
          "open_tree",
          "perf_event_open",
          "personality",
          "pidfd_getfd",
          "pivot_root",
          "process_vm_readv",
          "process_vm_writev",
          "ptrace",
          "reboot",
          "request_key",
          "seccomp",
          "setns",
          "swapon",
          "umount2",
          "unshare",
          "userfaultfd",
          "vfork",
          "fork");

  /** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME: clone(2). */
  private static final long NAMESPACES =
      0x00020000L
          | 0x02000000L
          | 0x04000000L
          | 0x08000000L
          | 0x10000000L
          | 0x20000000L
          | 0x40000000L
          | 0x80L;

  /** CLONE_THREAD. */
  private static final long THREAD = 0x00010000L;

  private final JsonObject profile = read();

  private static JsonObject read() {
    try {
      return JsonParser.parseString(
              Files.readString(Documents.ROOT.resolve("packaging/images/seccomp.json")))
          .getAsJsonObject();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Stream<JsonObject> allowing(String name) {
    return profile.getAsJsonArray("syscalls").asList().stream()
        .map(JsonElement::getAsJsonObject)
        .filter(rule -> !rule.get("action").getAsString().equals("SCMP_ACT_ERRNO"))
        .filter(rule ->
            rule.getAsJsonArray("names").asList().stream()
                .anyMatch(one -> one.getAsString().equals(name)));
  }

  @Test
  void refusesWhatItDoesNotName() {
    assertThat(profile.get("defaultAction").getAsString()).isEqualTo("SCMP_ACT_ERRNO");
    NEVER.forEach(name -> assertThat(allowing(name)).as(name).isEmpty());
    assertThat(allowing("futex")).isNotEmpty();
  }

  @Test
  void allowsThreadsAndNoNamespaces() {
    assertThat(allowing("clone"))
        .singleElement()
        .satisfies(rule -> {
          JsonObject flags =
              Objects.requireNonNull(rule.getAsJsonArray("args")).get(0).getAsJsonObject();
          assertThat(flags.get("op").getAsString()).isEqualTo("SCMP_CMP_MASKED_EQ");
          assertThat(flags.get("value").getAsLong() & NAMESPACES).isEqualTo(NAMESPACES);
          assertThat(flags.get("value").getAsLong() & THREAD).isEqualTo(THREAD);
          assertThat(flags.get("valueTwo").getAsLong()).as("only threads").isEqualTo(THREAD);
        });
  }
}
