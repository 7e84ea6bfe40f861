package dev.caisson.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.TextFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plants a break of each kind. */
class BreaksTest {

  private static final String FILE =
      """
      name: "boats/v1/boats.proto" package: "boats.v1" syntax: "proto3"
      options { java_package: "org.boats.v1" }
      message_type {
        name: "Boat"
        field { name: "id" json_name: "id" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
        field { name: "masts" number: 2 label: LABEL_OPTIONAL type: TYPE_UINT32 }
        field { name: "oars" number: 3 label: LABEL_OPTIONAL type: TYPE_UINT32 oneof_index: 0 }
        field { name: "rig" number: 4 label: LABEL_OPTIONAL type: TYPE_ENUM type_name: ".boats.v1.Rig" }
        oneof_decl { name: "drive" }
        reserved_range { start: 7 end: 11 }
        reserved_name: "keel"
      }
      message_type { name: "Fleet" field { name: "boats" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".boats.v1.Boat" } }
      enum_type {
        name: "Rig"
        value { name: "RIG_UNSPECIFIED" number: 0 }
        value { name: "SLOOP" number: 1 }
        reserved_range { start: 5 end: 5 }
      }
      service {
        name: "Harbour"
        method { name: "Dock" input_type: ".boats.v1.Boat" output_type: ".boats.v1.Fleet" }
        method { name: "Watch" input_type: ".boats.v1.Fleet" output_type: ".boats.v1.Boat" server_streaming: true }
      }
      """;

  @ParameterizedTest(name = "{2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      textBlock =
          """
          field { name: "masts" number: 2 label: LABEL_OPTIONAL type: TYPE_UINT32 } | '' | field boats.v1.Boat 2 (masts) is gone.
          name: "masts" number: 2 | name: "masts" number: 6 | field boats.v1.Boat 2 (masts) is gone: its number is 6 now.
          name: "masts" | name: "poles" | The name of field boats.v1.Boat 2 (masts) was masts and is poles.
          name: "masts" number: 2 label: LABEL_OPTIONAL type: TYPE_UINT32 | name: "masts" number: 2 label: LABEL_OPTIONAL type: TYPE_SINT32 | The type of field boats.v1.Boat 2 (masts) was uint32 and is sint32.
          name: "masts" number: 2 label: LABEL_OPTIONAL | name: "masts" number: 2 label: LABEL_REPEATED | The cardinality of field boats.v1.Boat 2 (masts) was singular and is repeated.
          name: "masts" number: 2 label: LABEL_OPTIONAL type: TYPE_UINT32 | name: "masts" number: 2 label: LABEL_OPTIONAL type: TYPE_UINT32 oneof_index: 0 | The oneof of field boats.v1.Boat 2 (masts) was none and is drive.
          name: "id" json_name: "id" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING | name: "id" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING oneof_index: 1 proto3_optional: true } oneof_decl { name: "_id" | The cardinality of field boats.v1.Boat 1 (id) was singular and is optional.
          oneof_decl { name: "drive" } | oneof_decl { name: "engine" } | The oneof of field boats.v1.Boat 3 (oars) was drive and is engine.
          name: "masts" number: 2 | name: "masts" number: 8 | field boats.v1.Boat 8 (masts) uses the reserved number 8.
          name: "masts" | name: "keel" | field boats.v1.Boat 2 (keel) uses the reserved name keel.
          start: 7 end: 11 | start: 7 end: 10 | reserved boats.v1.Boat 7 is no longer reserved.
          reserved_name: "keel" | '' | reserved-name boats.v1.Boat keel is no longer reserved.
          value { name: "SLOOP" number: 1 } | '' | value boats.v1.Rig SLOOP is gone.
          name: "SLOOP" | name: "KETCH" | value boats.v1.Rig SLOOP is gone: its name is KETCH now.
          name: "SLOOP" number: 1 | name: "SLOOP" number: 2 | The number of value boats.v1.Rig SLOOP was 1 and is 2.
          name: "SLOOP" number: 1 } | name: "SLOOP" number: 1 } value { name: "YAWL" number: 5 } | value boats.v1.Rig YAWL uses the reserved number 5.
          method { name: "Dock" input_type: ".boats.v1.Boat" output_type: ".boats.v1.Fleet" } | '' | method boats.v1.Harbour Dock is gone.
          name: "Dock" | name: "Moor" | method boats.v1.Harbour Dock is gone.
          name: "Dock" | name: "Dock" client_streaming: true | The requests of method boats.v1.Harbour Dock was one and is stream.
          server_streaming: true | '' | The responses of method boats.v1.Harbour Watch was stream and is one.
          input_type: ".boats.v1.Boat" | input_type: ".boats.v1.Fleet" | The request of method boats.v1.Harbour Dock was boats.v1.Boat and is boats.v1.Fleet.
          output_type: ".boats.v1.Boat" | output_type: ".boats.v1.Fleet" | The response of method boats.v1.Harbour Watch was boats.v1.Boat and is boats.v1.Fleet.
          name: "Harbour" | name: "Port" | service boats.v1.Harbour is gone.
          boats/v1/boats.proto | boats/v1/ships.proto | The file of message boats.v1.Boat was boats/v1/boats.proto and is boats/v1/ships.proto.
          org.boats.v1 | org.boats | The java_package of file boats/v1/boats.proto was org.boats.v1 and is org.boats.
          """)
  void refuses(String planted, String replacement, String sentence) throws Exception {
    assertThat(breaks(FILE.replace(planted, replacement)))
        .anySatisfy(found -> assertThat(found).startsWith(sentence + " ").endsWith("."));
  }

  @Test
  void refusesAMessageThatIsGone() throws Exception {
    String renamed =
        FILE.replace("name: \"Fleet\"", "name: \"Navy\"").replace(".v1.Fleet", ".v1.Navy");
    assertThat(breaks(renamed))
        .contains(
            "message boats.v1.Fleet is gone. Put it back; what cannot stay compatible goes into a"
                + " new package beside it, `….v2`.")
        .noneMatch(found -> found.startsWith("field boats.v1.Fleet"));
  }

  @Test
  void refusesAnotherPackage() throws Exception {
    assertThat(
            breaks(
                FILE.replace("package: \"boats.v1\"", "package: \"boats.v2\"")
                    .replace(".boats.v1.", ".boats.v2.")))
        .anyMatch(
            found -> found.startsWith("The package of file boats/v1/boats.proto was boats.v1"))
        .anyMatch(found -> found.startsWith("message boats.v1.Boat is gone"));
  }

  @Test
  void allowsWhatIsNew() throws Exception {
    String more =
        FILE.replace(
                    "field { name: \"masts\"",
                    "field { name: \"keels\" number: 20 label: LABEL_REPEATED type: TYPE_BYTES }"
                        + " field { name: \"sails\" number: 21 label: LABEL_OPTIONAL type: TYPE_BOOL oneof_index: 0 }"
                        + " field { name: \"masts\"")
                .replace(
                    "value { name: \"SLOOP\"",
                    "value { name: \"KETCH\" number: 9 } value { name: \"SLOOP\"")
                .replace(
                    "method { name: \"Dock\"",
                    "method { name: \"Sink\" input_type: \".boats.v1.Boat\" output_type: \".boats.v1.Boat\" } method { name: \"Dock\"")
                .replace(
                    "start: 7 end: 11", "start: 7 end: 10 } reserved_range { start: 10 end: 12")
            + "message_type { name: \"Crew\" }";
    assertThat(more).isNotEqualTo(FILE);
    assertThat(breaks(more)).isEmpty();
    assertThat(read(more).elements()).hasSizeGreaterThan(read(FILE).elements().size() + 4);
  }

  @Test
  void readsWhatItHasWritten() throws Exception {
    Contract contract = read(FILE);
    assertThat(Contract.parse(contract.text())).isEqualTo(contract);
    assertThat(contract.text())
        .contains(
            "field boats.v1.Fleet 1 name=boats type=boats.v1.Boat cardinality=repeated oneof=none\n");
  }

  private static List<String> breaks(String now) throws Exception {
    assertThat(now).as("something is planted").isNotEqualTo(FILE);
    return Breaks.between(read(FILE), read(now));
  }

  private static Contract read(String text)
      throws TextFormat.ParseException, DescriptorValidationException {
    FileDescriptorProto.Builder file = FileDescriptorProto.newBuilder();
    TextFormat.merge(text, file);
    return ContractReader.read(
        List.of(FileDescriptor.buildFrom(file.build(), new FileDescriptor[0])));
  }
}
