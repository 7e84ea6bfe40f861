package dev.caisson.contract;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.util.JsonFormat;
import dev.caisson.events.EventHeaders;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.events.Records;
import dev.caisson.proto.events.v1.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * One record of the events' topic, whole. The chain is that of a node's first record.
 *
 * @param key as text
 * @param headers as text; the chain as hexadecimal digits
 * @param event in protobuf's JSON
 * @param value the record's, in hexadecimal digits
 */
record Vector(String key, SortedMap<String, String> headers, JsonObject event, String value) {

  private static final Gson JSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  static Vector of(Event event) throws IOException {
    ProducerRecord<byte[], byte[]> produced = produced(event.toByteString());
    SortedMap<String, String> headers = new TreeMap<>();
    produced
        .headers()
        .forEach(header ->
            headers.put(
                header.key(),
                header.key().equals(EventHeaders.CHAIN)
                    ? HexFormat.of().formatHex(header.value())
                    : new String(header.value(), StandardCharsets.UTF_8)));
    return new Vector(
        new String(produced.key(), StandardCharsets.UTF_8),
        headers,
        JsonParser.parseString(JsonFormat.printer().print(event)).getAsJsonObject(),
        HexFormat.of().formatHex(produced.value()));
  }

  static Vector parse(String text) {
    return JSON.fromJson(text, Vector.class);
  }

  String text() {
    return JSON.toJson(this) + "\n";
  }

  ByteString bytes() {
    return ByteString.copyFrom(HexFormat.of().parseHex(value));
  }

  /** What the JSON says, encoded today. */
  Event parsedEvent() throws IOException {
    Event.Builder parsed = Event.newBuilder();
    JsonFormat.parser().merge(event.toString(), parsed);
    return parsed.build();
  }

  /** The record that production makes of the bytes. */
  static ProducerRecord<byte[], byte[]> produced(ByteString bytes) throws IOException {
    Event event = Event.parseFrom(bytes);
    return Records.event(
        new JournalRecord(
            event.getNode(),
            event.getEpoch(),
            event.getSeq(),
            bytes,
            HashChain.next(HashChain.GENESIS, bytes)));
  }
}
