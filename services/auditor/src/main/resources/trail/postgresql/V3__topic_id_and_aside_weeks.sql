-- The id that Kafka gave the topic: offsets mean nothing in another one of the same name. Empty: not kept then.
ALTER TABLE trail_offset ADD COLUMN topic_id VARCHAR COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE trail_offset DROP CONSTRAINT trail_offset_pkey;
ALTER TABLE trail_offset ADD PRIMARY KEY (topic, topic_id, partition_id);
ALTER TABLE trail_aside ADD COLUMN topic_id VARCHAR COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE trail_aside DROP CONSTRAINT trail_aside_pkey;
ALTER TABLE trail_aside ADD PRIMARY KEY (topic, topic_id, partition_id, record_offset);

-- As of the trail: retention drops it. What is there now counts from now on.
ALTER TABLE trail_aside ADD COLUMN arrived_week INTEGER NOT NULL DEFAULT 0;
UPDATE trail_aside SET arrived_week = FLOOR(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) / 604800);
CREATE INDEX trail_aside_by_week ON trail_aside (arrived_week);
