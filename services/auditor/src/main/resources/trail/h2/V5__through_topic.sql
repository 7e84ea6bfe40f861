-- The topic, by its id, that the node's last record came through, and the furthest record that came through it: in the topic of another
-- Kafka the relay begins again, and what is missing before this may still come. Empty: none since this is kept.
ALTER TABLE trail_node ADD COLUMN through_topic VARCHAR NOT NULL DEFAULT '';
ALTER TABLE trail_node ADD COLUMN through_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE trail_node ADD COLUMN through_seq BIGINT NOT NULL DEFAULT 0;
