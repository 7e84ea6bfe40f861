package dev.caisson.oci;

import static dev.caisson.oci.Documents.convert;
import static dev.caisson.oci.Documents.refused;
import static dev.caisson.oci.Documents.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Volume;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeReaderTest {
  private static final String OURS = "dev.caisson.mount.";
  private static final String FOREIGN = "dev.gvisor.spec.mount.";

  private static String annotated(String... pairs) {
    String fields =
        Stream.of(pairs)
            .map(pair -> pair.split("=", 2))
            .map(pair -> "\"" + pair[0] + "\":\"" + pair[1] + "\"")
            .collect(Collectors.joining(","));
    return with(",\"annotations\":{" + fields + "}");
  }

  private static List<Volume> volumes(String... pairs) {
    return convert(annotated(pairs)).spec().getVolumesList();
  }

  private static Volume.Builder volume(String name, String source) {
    return Volume.newBuilder()
        .setName(name)
        .setSource(source)
        .setType(Volume.Type.TMPFS)
        .setShare(Volume.Share.POD);
  }

  @Test
  void readsWhatAPodShares() {
    for (String prefix : List.of(OURS, FOREIGN)) {
      assertThat(
              volumes(
                  prefix + "b.source=/b",
                  prefix + "b.type=tmpfs",
                  prefix + "b.share=pod",
                  prefix + "a.source=/a",
                  prefix + "a.type=bind",
                  prefix + "a.share=shared",
                  prefix + "a.options=ro,noexec"))
          .containsExactly(
              volume("a", "/a")
                  .setType(Volume.Type.BIND)
                  .setShare(Volume.Share.SHARED)
                  .addOptions("ro")
                  .addOptions("noexec")
                  .build(),
              volume("b", "/b").build());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Volume.Share.class,
      names = {"CONTAINER", "POD", "SHARED"})
  void readsEachShare(Volume.Share share) {
    String word = share.name().toLowerCase(java.util.Locale.ROOT);
    assertThat(volumes(OURS + "a.source=/a", OURS + "a.type=tmpfs", OURS + "a.share=" + word))
        .containsExactly(volume("a", "/a").setShare(share).build());
  }

  @Test
  void takesBothPrefixesWhereTheyAgree() {
    assertThat(
            volumes(
                OURS + "a.source=/a",
                FOREIGN + "a.source=/a",
                FOREIGN + "a.type=tmpfs",
                OURS + "a.share=pod",
                OURS + "a.options="))
        .containsExactly(volume("a", "/a").build());
  }

  @Test
  void refusesPrefixesThatContradictEachOther() {
    OciException refusal =
        refused(
            annotated(
                OURS + "a.source=/a",
                OURS + "a.type=tmpfs",
                OURS + "a.share=pod",
                FOREIGN + "a.share=container"));
    assertThat(refusal)
        .hasMessage(
            "annotations[dev.gvisor.spec.mount.a.share] must say the same as"
                + " dev.caisson.mount.a.share: container");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dev.caisson.mount.",
        "dev.caisson.mount.a",
        "dev.caisson.mount..source",
        "dev.caisson.mount.a.b.source",
        "dev.caisson.mount.a.sauce",
        "dev.gvisor.spec.mount.a.b.c"
      })
  void refusesAKeyThatIsNone(String key) {
    assertThat(refused(annotated(key + "=/a")))
        .hasMessageContaining(
            "must end with a name without dots, a dot, and source, type, share, options");
  }

  @ParameterizedTest
  @CsvSource({
    "source,'',be an absolute path",
    "source,a,be an absolute path",
    "source,/a/../b,be an absolute path",
    "source,/a/,be an absolute path",
    "type,ext4,be tmpfs or bind",
    "type,'',be tmpfs or bind",
    "share,all,'be container, pod or shared'"
  })
  void refusesAFieldThatSaysNothing(String field, String value, String rule) {
    String[] pairs =
        Stream.of("source=/a", "type=tmpfs", "share=pod")
            .map(pair -> pair.startsWith(field + "=") ? field + "=" + value : pair)
            .map(pair -> FOREIGN + "a." + pair)
            .toArray(String[]::new);
    assertThat(refused(annotated(pairs)))
        .hasMessageContaining("annotations[dev.gvisor.spec.mount.a." + field + "] must " + rule);
  }

  @Test
  void refusesOneThatIsHalfGiven() {
    assertThat(refused(annotated(OURS + "a.source=/a", OURS + "a.type=tmpfs")))
        .hasMessage("annotations[dev.caisson.mount.a.source] must have a share beside it: /a");
    assertThat(refused(annotated(OURS + "a.source=/a", OURS + "a.share=pod")))
        .hasMessageContaining("must have a type beside it");
  }

  /** An engine was to fill it in, and has not. */
  @Test
  void ignoresOneWithoutASourceAndSaysSo() {
    Converted converted = convert(annotated(FOREIGN + "a.type=tmpfs", FOREIGN + "a.share=pod"));
    assertThat(converted.spec().getVolumesList()).isEmpty();
    assertThat(converted.ignored())
        .extracting(IgnoredField::getField)
        .containsExactlyInAnyOrder(
            "annotations.dev.gvisor.spec.mount.a.share",
            "annotations.dev.gvisor.spec.mount.a.type");
  }

  /** What a pod shares, the container that makes it says. */
  @Test
  void leavesThoseOfAMemberToItsSandbox() {
    assertThat(
            volumes(
                "io.kubernetes.cri.container-type=container",
                "io.kubernetes.cri.sandbox-id=pod",
                OURS + "a.sauce=/a"))
        .isEmpty();
  }
}
