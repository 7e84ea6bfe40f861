package dev.caisson.oci;

import static dev.caisson.oci.Documents.convert;
import static dev.caisson.oci.Documents.refused;
import static dev.caisson.oci.Documents.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RootHintTest {
  private static final String OURS = "dev.caisson.spec.rootfs.";
  private static final String FOREIGN = "dev.gvisor.spec.rootfs.";

  private static String annotated(String... pairs) {
    String fields =
        Stream.of(pairs)
            .map(pair -> pair.split("=", 2))
            .map(pair -> "\"" + pair[0] + "\":\"" + pair[1] + "\"")
            .collect(Collectors.joining(","));
    return with(",\"annotations\":{" + fields + "}");
  }

  private static RootFilesystem root(String... pairs) {
    return convert(annotated(pairs)).spec().getRoot();
  }

  @Test
  void saysWhatTheRootFilesystemIs() {
    for (String prefix : List.of(OURS, FOREIGN)) {
      RootFilesystem root =
          root(prefix + "source=/img", prefix + "type=erofs", prefix + "overlay=memory");
      assertThat(root.getPath()).isEqualTo("/img");
      assertThat(root.getType()).isEqualTo(RootFilesystem.Type.EROFS);
      assertThat(root.getOverlay().getMedium()).isEqualTo(Overlay.Medium.MEMORY);
    }
  }

  @Test
  void leavesTheRootAloneWithoutAWord() {
    assertThat(root("a=b")).isEqualTo(RootFilesystem.newBuilder().setPath("/r").build());
  }

  @ParameterizedTest
  @CsvSource({"memory,MEMORY,''", "self,SELF,''", "dir=/scratch,DIR,/scratch"})
  void readsEachMedium(String overlay, Overlay.Medium medium, String directory) {
    RootFilesystem root = root(OURS + "source=/d", OURS + "type=bind", OURS + "overlay=" + overlay);
    assertThat(root.getType()).isEqualTo(RootFilesystem.Type.DIRECTORY);
    assertThat(root.getOverlay().getMedium()).isEqualTo(medium);
    assertThat(root.getOverlay().getDirectory()).isEqualTo(directory);
  }

  @Test
  void needsNoOverlay() {
    assertThat(root(OURS + "source=/d", OURS + "type=bind").hasOverlay()).isFalse();
    assertThat(root(OURS + "source=/d", OURS + "type=bind", OURS + "overlay=none").hasOverlay())
        .isFalse();
  }

  @Test
  void oursWins() {
    RootFilesystem root = root(FOREIGN + "source=/a", OURS + "source=/b", FOREIGN + "type=bind");
    assertThat(root.getPath()).isEqualTo("/b");
  }

  @ParameterizedTest
  @CsvSource({
    "source, source=d, type=bind",
    "source, source=/d/../e, type=bind",
    "source, overlay=self, type=bind",
    "type, source=/d, overlay=self",
    "type, source=/d, type=tmpfs",
  })
  void refusesWhatIsHalfOrWrong(String field, String first, String second) {
    OciException error = refused(annotated(OURS + first, FOREIGN + second));
    assertThat(error.field()).isEqualTo("annotations[" + OURS + field + "]");
  }

  @ParameterizedTest
  @CsvSource({"all", "dir=", "dir=scratch", "memory:1", "''"})
  void refusesAMediumThatThereIsNot(String overlay) {
    OciException error =
        refused(annotated(OURS + "source=/d", OURS + "type=bind", OURS + "overlay=" + overlay));
    assertThat(error.field()).isEqualTo("annotations[" + OURS + "overlay]");
  }

  @Test
  void refusesANameThatThereIsNot() {
    assertThat(refused(annotated(FOREIGN + "sorce=/d")).field())
        .isEqualTo("annotations[" + FOREIGN + "sorce]");
  }
}
