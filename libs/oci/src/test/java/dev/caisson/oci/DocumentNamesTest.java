package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentNamesTest {
  @ParameterizedTest
  @CsvSource({
    "spec.user_namespace.uid_mappings[0],linux.uidMappings[0]",
    "user_namespace.gid_mappings[1].host_id,linux.gidMappings[1].hostID",
    "seccomp.rules.conditions.op,linux.seccomp.syscalls.args.op",
    "masked_paths,linux.maskedPaths",
    "process.oom_score_adj,process.oomScoreAdj",
    "process.umask,process.user.umask",
    "spec.resources.memory.limit,linux.resources.memory.limit",
    "resources.memory.disable_oom_killer,linux.resources.memory.disableOOMKiller",
    "resources.cpu.realtime_runtime,linux.resources.cpu.realtimeRuntime",
    "resources.block_io.weight_device[1],linux.resources.blockIO.weightDevice[1]",
    "resources.block_io.throttle_read_bps_device[0].rate,linux.resources.blockIO.throttleReadBpsDevice[0].rate",
    "resources.block_io.throttle_write_iops_device[0].rate,linux.resources.blockIO.throttleWriteIOPSDevice[0].rate",
    "resources.hugepage_limits[0].page_size,linux.resources.hugepageLimits[0].pageSize",
    "resources.network.class_id,linux.resources.network.classID",
    "devices[2].file_mode,linux.devices[2].fileMode",
    "mounts[3].options,mounts[3].options",
    "mounts[3].subpath,mounts[3].options",
    "sysctl.net.some_thing,linux.sysctl.net.some_thing",
    "container_id,container_id",
  })
  void namesAFieldAsTheDocumentDoes(String field, String name) {
    assertThat(DocumentNames.of(field)).isEqualTo(name);
  }

  @Test
  void namesItInSentencesToo() {
    assertThat(DocumentNames.in("sysctl must name each parameter once: x", "sysctl"))
        .isEqualTo("linux.sysctl must name each parameter once: x");
    assertThat(
            DocumentNames.in(
                "seccomp.listener_path is not below a directory that this host allows.", ""))
        .isEqualTo("linux.seccomp.listenerPath is not below a directory that this host allows.");
    assertThat(DocumentNames.in("This host has no devices; see /proc/devices.d", ""))
        .isEqualTo("This host has no devices; see /proc/devices.d");
  }

  @Test
  void isCompleteForEverythingInASpecification() {
    List<String> fields = new ArrayList<>();
    collect("", ContainerSpec.getDescriptor(), fields);
    assertThat(fields).hasSizeGreaterThan(80);
    assertThat(fields)
        .allSatisfy(field -> {
          assertThat(DocumentNames.knows(field.split("\\.", 2)[0])).as(field).isTrue();
          assertThat(DocumentNames.of(field)).as(field).doesNotContain("_");
        });
  }

  private static void collect(String above, Descriptor message, List<String> fields) {
    for (FieldDescriptor field : message.getFields()) {
      String path = above.isEmpty() ? field.getName() : above + "." + field.getName();
      fields.add(path);
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && !field.isMapField()) {
        collect(path, field.getMessageType(), fields);
      }
    }
  }
}
