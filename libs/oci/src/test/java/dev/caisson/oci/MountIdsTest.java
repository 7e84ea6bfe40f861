package dev.caisson.oci;

import static dev.caisson.oci.Documents.convert;
import static dev.caisson.oci.Documents.refused;
import static dev.caisson.oci.Documents.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MountIdsTest {
  private static final String USERS =
      """
      ,"linux":{"namespaces":[{"type":"user"}],
      "uidMappings":[{"containerID":0,"hostID":100000,"size":10},
      {"containerID":10,"hostID":300000,"size":10}],
      "gidMappings":[{"containerID":0,"hostID":100000,"size":20}]}\
      """;

  private static String mount(String uids, String gids) {
    return """
    ,"mounts":[{"destination":"/d","type":"bind","source":"/s","options":["idmap"],
    "uidMappings":[%s],"gidMappings":[%s]}]\
    """
        .formatted(uids, gids);
  }

  private static String line(int disk, int host, int size) {
    return "{\"containerID\":%d,\"hostID\":%d,\"size\":%d}".formatted(disk, host, size);
  }

  private static IdMapping map(int disk, int container, int size) {
    return IdMapping.newBuilder().setContainerId(disk).setHostId(container).setSize(size).build();
  }

  @Test
  void idsOfTheHostAreLedBackIntoTheContainer() {
    Mount read =
        convert(with(mount(line(7, 100_005, 2), line(0, 100_000, 20)) + USERS)).spec().getMounts(0);
    assertThat(read.getUidMappingsList()).containsExactly(map(7, 5, 2));
    assertThat(read.getGidMappingsList()).containsExactly(map(0, 0, 20));
    assertThat(read.getOptionsList()).containsExactly("idmap");
  }

  @Test
  void idsAreTheContainersWhereTheDocumentMapsNone() {
    Mount read = convert(with(mount(line(7, 5, 2), line(0, 0, 1)))).spec().getMounts(0);
    assertThat(read.getUidMappingsList()).containsExactly(map(7, 5, 2));
  }

  @Test
  void refusesIdsThatTheContainerLacks() {
    assertThat(refused(with(mount(line(0, 100_005, 10), line(0, 100_000, 1)) + USERS)))
        .hasMessage("mounts[0].uidMappings must lead to ids that linux.uidMappings has: 100010");
  }

  /** Each line is looked for in each line of the container's map. */
  @Test
  void refusesMoreLinesThanTheKernelTakes() {
    String most = lines(340);
    String more = lines(341);
    assertThat(convert(with(mount(most, most))).spec().getMounts(0).getUidMappingsCount())
        .isEqualTo(340);
    assertThat(refused(with(mount(most, more))))
        .hasMessage("mounts[0].gidMappings must have at most 340 entries: 341");
    assertThat(refused(with(users(more))))
        .hasMessage("linux.uidMappings must have at most 340 entries: 341");
  }

  private static String lines(int count) {
    return IntStream.range(0, count).mapToObj(i -> line(i, i, 1)).collect(Collectors.joining(","));
  }

  private static String users(String uids) {
    return ",\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[%s],\"gidMappings\":[%s]}"
        .formatted(uids, line(0, 0, 1));
  }

  @Test
  void refusesOneMapWithoutTheOther() {
    assertThat(refused(with(mount("", line(0, 0, 1)))).field()).isEqualTo("mounts[0].uidMappings");
    assertThat(refused(with(mount(line(0, 0, 1), ""))).field()).isEqualTo("mounts[0].gidMappings");
  }

  private static String option(String option) {
    return ",\"mounts\":[{\"destination\":\"/d\",\"source\":\"/s\",\"options\":[\"bind\",\"%s\"]}]"
        .formatted(option);
  }

  @Test
  void readsMapsInAnOption() {
    Mount read =
        convert(with(option("idmap=uids=7-100005-2#@9-1-1;gids=0-100000-20") + USERS))
            .spec()
            .getMounts(0);
    assertThat(read.getUidMappingsList()).containsExactly(map(7, 5, 2), map(9, 1, 1));
    assertThat(read.getGidMappingsList()).containsExactly(map(0, 0, 20));
    assertThat(read.getOptionsList()).containsExactly("bind", "idmap");
  }

  @Test
  void readsMapsInAnOptionWhereTheDocumentMapsNone() {
    Mount read = convert(with(option("ridmap=gids=0-0-1;uids=7-5-2"))).spec().getMounts(0);
    assertThat(read.getUidMappingsList()).containsExactly(map(7, 5, 2));
    assertThat(read.getGidMappingsList()).containsExactly(map(0, 0, 1));
    assertThat(read.getOptionsList()).containsExactly("bind", "ridmap");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "idmap=",
        "idmap=uids=0-0-1",
        "idmap=uids=0-0-1;uids=0-0-1",
        "idmap=uids=0-0-1;gids=",
        "idmap=uids=0-0-1;gids=0-0",
        "idmap=uids=0-0-1;gids=0-0-1#",
        "idmap=uids=0-0-1;gids=0-0--1",
        "idmap=uids=0-0-1;gids=0-0-0",
        "idmap=uids=0-0-1;gids=0-4294967296-1",
        "idmap=uids=0-0-1;gids=0-99999999999999999999-1",
        "idmap=uids=0-0-1;gids=0-0-1;pids=0-0-1",
        "ridmap=maps"
      })
  void refusesAnOptionWithoutMaps(String option) {
    assertThat(refused(with(option(option)))).hasMessageStartingWith("mounts[0].options must have");
  }

  @Test
  void refusesMapsInTwoPlaces() {
    String once = "idmap=uids=0-0-1;gids=0-0-1";
    assertThat(refused(with(option(once + "\",\"" + once))))
        .hasMessage("mounts[0].options must have one idmap= only: " + once);
    assertThat(refused(with(mount(line(0, 0, 1), line(0, 0, 1)).replace("idmap", once))))
        .hasMessage("mounts[0].uidMappings must be left out where an option has maps: " + once);
    assertThat(refused(with(option("idmap=uids=0-5-1;gids=0-100000-1") + USERS)))
        .hasMessage("mounts[0].uidMappings must lead to ids that linux.uidMappings has: 5");
    assertThat(refused(with(option("idmap=gids=0-0-1;uids=0-0-1" + "#0-0-1".repeat(340)))))
        .hasMessage("mounts[0].options must have at most 340 ranges of ids: 341");
  }
}
