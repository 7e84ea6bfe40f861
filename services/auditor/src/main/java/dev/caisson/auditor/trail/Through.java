package dev.caisson.auditor.trail;

/**
 * How far a node's records have come through a topic, those included that the trail had already.
 *
 * @param topic the id of the topic that they came through last
 * @param furthest of its records that came through it
 */
record Through(String topic, Position furthest) {

  static final Through NONE = new Through("", Position.START);

  Through after(SourceTopic source, Position position) {
    return new Through(source.id(), Position.later(in(source), position));
  }

  /** How far they have come through that topic; from the start, if none has. */
  Position in(SourceTopic source) {
    return topic.equals(source.id()) ? furthest : Position.START;
  }
}
