package dev.caisson.events;

import java.util.List;
import org.apache.kafka.common.KafkaException;

/** Topics with which the record's promises do not hold. The message has every problem. */
public final class UnsuitableTopicException extends KafkaException {

  private static final long serialVersionUID = 1L;

  UnsuitableTopicException(List<String> problems) {
    super(String.join("; ", problems));
  }
}
