-- Names of columns as in caisson.events.v1.

CREATE TABLE trail (
  node          VARCHAR NOT NULL,
  epoch         BIGINT  NOT NULL,
  seq           BIGINT  NOT NULL,
  sandbox_seq   BIGINT  NOT NULL,
  -- Nanoseconds since 1970-01-01T00:00:00Z.
  time_nanos    BIGINT  NOT NULL,
  type          VARCHAR NOT NULL,
  -- INTENT, OUTCOME, OBSERVATION.
  phase         VARCHAR NOT NULL,
  -- SUCCEEDED, FAILED, DENIED; empty where nothing was asked for.
  outcome       VARCHAR NOT NULL,
  tenant        VARCHAR NOT NULL,
  sandbox_id    VARCHAR NOT NULL,
  sandbox_uid   VARCHAR NOT NULL,
  container_id  VARCHAR NOT NULL,
  container_uid VARCHAR NOT NULL,
  principal     VARCHAR NOT NULL,
  -- The bytes as journalled, and the chain value up to them.
  event         BYTEA   NOT NULL,
  chain         BYTEA   NOT NULL,
  PRIMARY KEY (node, epoch, seq)
);

-- For searching, oldest first.
CREATE INDEX trail_by_time ON trail (time_nanos, node, epoch, seq);

-- For verifying the order of each sandbox, one after the other.
CREATE INDEX trail_by_sandbox ON trail (node, sandbox_uid, epoch, seq);

-- The next record to read of each partition: written in the same transaction as the records before it.
CREATE TABLE trail_offset (
  topic        VARCHAR NOT NULL,
  partition_id INTEGER NOT NULL,
  next_offset  BIGINT  NOT NULL,
  PRIMARY KEY (topic, partition_id)
);

-- What is in the topic and cannot be in the trail: undecodable, or another record than the one under the same number.
CREATE TABLE trail_aside (
  topic         VARCHAR NOT NULL,
  partition_id  INTEGER NOT NULL,
  record_offset BIGINT  NOT NULL,
  -- UNREADABLE, CONFLICT.
  reason        VARCHAR NOT NULL,
  message       VARCHAR NOT NULL,
  record_value  BYTEA   NOT NULL,
  PRIMARY KEY (topic, partition_id, record_offset)
);

-- Up to where every record of a node is known to have arrived.
CREATE TABLE trail_settled (
  node  VARCHAR NOT NULL,
  epoch BIGINT  NOT NULL,
  seq   BIGINT  NOT NULL,
  PRIMARY KEY (node)
);
