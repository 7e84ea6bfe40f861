package dev.caisson.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.TextFormat;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Resources;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What `linux.resources` becomes. */
class ResourceReaderTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "memory | {'swappiness':0} | swappiness: 0",
        "memory | {'swappiness':100} | swappiness: 100",
        "memory | {'disableOOMKiller':true} | disable_oom_killer: true",
        "memory | {'checkBeforeUpdate':true} | check_before_update: true",
        "cpu | {'burst':10000} | burst: 10000",
        "cpu | {'realtimeRuntime':95000,'realtimePeriod':1000000} | realtime_runtime: 95000 realtime_period: 1000000",
        "cpu | {'idle':1} | idle: 1",
      })
  void readsALimitOfAKind(String kind, String json, String fields) throws Exception {
    assertThat(read("{'" + kind + "':" + json + "}"))
        .isEqualTo(parsed(kind + " { " + fields + " }"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'weight':500,'leafWeight':10} | weight: 500 leaf_weight: 10",
        "{'weightDevice':[{'major':8,'minor':0,'weight':20,'leafWeight':30}]} | weight_device { major: 8 weight: 20 leaf_weight: 30 }",
        "{'throttleReadBpsDevice':[{'major':8,'minor':16,'rate':1048576}]} | throttle_read_bps_device { major: 8 minor: 16 rate: 1048576 }",
        "{'throttleWriteBpsDevice':[{'major':8,'minor':16,'rate':1}]} | throttle_write_bps_device { major: 8 minor: 16 rate: 1 }",
        "{'throttleReadIOPSDevice':[{'major':8,'minor':16,'rate':2}]} | throttle_read_iops_device { major: 8 minor: 16 rate: 2 }",
        "{'throttleWriteIOPSDevice':[{'major':8,'minor':16,'rate':3}]} | throttle_write_iops_device { major: 8 minor: 16 rate: 3 }",
      })
  void readsLimitsOfDisks(String json, String fields) throws Exception {
    assertThat(read("{'blockIO':" + json + "}")).isEqualTo(parsed("block_io { " + fields + " }"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'hugepageLimits':[{'pageSize':'2MB','limit':0}]} | hugepage_limits { page_size: '2MB' }",
        "{'hugepageLimits':[{'pageSize':'1GB','limit':18446744073709551615}]} | hugepage_limits { page_size: '1GB' limit: 18446744073709551615 }",
        "{'network':{'classID':4294967295}} | network { class_id: 4294967295 }",
        "{'network':{'priorities':[{'name':'eth0','priority':5}]}} | network { priorities { name: 'eth0' priority: 5 } }",
        "{'rdma':{'mlx5_0':{'hcaHandles':3,'hcaObjects':0}}} | rdma { key: 'mlx5_0' value { hca_handles: 3 hca_objects: 0 } }",
        "{'rdma':{'mlx5_0':{}}} | rdma { key: 'mlx5_0' value { } }",
        "{'unified':{'memory.high':'64M'}} | unified { key: 'memory.high' value: '64M' }",
      })
  void readsTheOthers(String json, String fields) throws Exception {
    assertThat(read(json)).isEqualTo(parsed(fields));
  }

  /** As engines that are written in Go say nothing. */
  @Test
  void takesZeroForNoneWhereItHasNoOtherMeaning() throws Exception {
    String json =
        "{'memory':{'disableOOMKiller':false,'checkBeforeUpdate':false},"
            + "'cpu':{'burst':0,'idle':0,'realtimeRuntime':0,'realtimePeriod':0},"
            + "'blockIO':{'weight':0,'leafWeight':0,'weightDevice':null},"
            + "'network':{'classID':0,'priorities':[]},'hugepageLimits':[],'rdma':{},'unified':{}}";
    assertThat(read(json)).isEqualTo(parsed("memory {} cpu {}"));
  }

  @Test
  void reportsWhatIsNotKnown() throws Exception {
    IgnoredFields ignored = new IgnoredFields();
    var _ = ResourceReader.read(object("{'blockIO':{'weigth':1},'rdma':{'x':{'y':1}}}", ignored));
    assertThat(ignored.list())
        .extracting(IgnoredField::getField)
        .isEqualTo(List.of("blockIO.weigth", "rdma.x.y"));
  }

  private static Resources read(String json) throws Exception {
    return ResourceReader.read(object(json, new IgnoredFields()));
  }

  private static JsonObject object(String json, IgnoredFields ignored) throws Exception {
    return JsonObject.root(new ObjectMapper().readTree(json.replace('\'', '"')), ignored);
  }

  private static Resources parsed(String text) throws Exception {
    return TextFormat.parse(text, Resources.class);
  }
}
