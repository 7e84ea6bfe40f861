package dev.caisson.contract;

import static dev.caisson.contract.AsyncApi.ordered;

import dev.caisson.events.EventHeaders;
import java.util.List;
import java.util.Map;

/** The headers of an event, as a JSON schema. */
final class HeadersSchema {

  private static final String NUMBER = "^[0-9]{1,20}$";

  private HeadersSchema() {}

  static Map<String, Object> schema() {
    return ordered(
        "type",
        "object",
        "description",
        "The CloudEvents Kafka protocol binding 1.0.2, binary mode; and plain headers of Caisson's own.",
        "required",
        List.of(
            EventHeaders.SPEC_VERSION,
            EventHeaders.ID,
            EventHeaders.TYPE,
            EventHeaders.SOURCE,
            EventHeaders.CONTENT_TYPE,
            EventHeaders.CHAIN,
            EventHeaders.EPOCH,
            EventHeaders.SEQ),
        "properties",
        properties());
  }

  private static Map<String, Object> properties() {
    return ordered(
        EventHeaders.SPEC_VERSION, Map.of("const", "1.0"),
        EventHeaders.ID,
            text(
                "The event's UUID: unique, and the same whenever it is read.", "^[0-9a-f-]{3,41}$"),
        EventHeaders.TYPE, text("What has happened.", "^dev\\.caisson(\\.[a-z]+){2,3}\\.v1$"),
        EventHeaders.SOURCE, text("The node.", "^/nodes/.+$"),
        EventHeaders.SUBJECT,
            text("What it is about.", "^sandboxes/[0-9A-Za-z-]+(/containers/[0-9A-Za-z-]+)?$"),
        EventHeaders.TIME, ordered("type", "string", "format", "date-time"),
        EventHeaders.SEQUENCE,
            text("Position among the sandbox's events, from 1, without gaps.", "^[0-9]{20}$"),
        EventHeaders.PARTITION_KEY, text("The record's key.", "^.+$"),
        EventHeaders.TRACE_PARENT,
            text(
                "W3C Trace Context of the request.",
                "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"),
        EventHeaders.TRACE_STATE, text("The other half of it.", "^[ -~]{1,512}$"),
        EventHeaders.CONTENT_TYPE, Map.of("const", EventHeaders.PROTOBUF),
        EventHeaders.CHAIN,
            ordered(
                "type",
                "string",
                "description",
                "SHA-256 of the chain value before and the value: 32 bytes, no text."),
        EventHeaders.EPOCH, text("The life of the node's journal.", NUMBER),
        EventHeaders.SEQ, text("Position in it, from 1, without gaps.", NUMBER));
  }

  private static Map<String, Object> text(String description, String pattern) {
    return ordered("type", "string", "pattern", pattern, "description", description);
  }
}
