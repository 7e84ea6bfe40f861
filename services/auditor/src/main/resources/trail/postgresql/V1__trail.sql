-- Names of columns as in caisson.events.v1. Text is compared by its bytes, as pages and prefixes need it: COLLATE "C".

CREATE TABLE trail (
  node          VARCHAR COLLATE "C" NOT NULL,
  epoch         BIGINT  NOT NULL,
  seq           BIGINT  NOT NULL,
  sandbox_seq   BIGINT  NOT NULL,
  -- Nanoseconds since 1970-01-01T00:00:00Z.
  time_nanos    BIGINT  NOT NULL,
  type          VARCHAR COLLATE "C" NOT NULL,
  -- INTENT, OUTCOME, OBSERVATION.
  phase         VARCHAR COLLATE "C" NOT NULL,
  -- SUCCEEDED, FAILED, DENIED; empty where nothing was asked for.
  outcome       VARCHAR COLLATE "C" NOT NULL,
  tenant        VARCHAR COLLATE "C" NOT NULL,
  sandbox_id    VARCHAR COLLATE "C" NOT NULL,
  sandbox_uid   VARCHAR COLLATE "C" NOT NULL,
  container_id  VARCHAR COLLATE "C" NOT NULL,
  container_uid VARCHAR COLLATE "C" NOT NULL,
  principal     VARCHAR COLLATE "C" NOT NULL,
  -- The bytes as journalled, and the chain value up to them.
  event         BYTEA   NOT NULL,
  chain         BYTEA   NOT NULL,
  -- Weeks since 1970-01-01, by the auditor's clock, in which the record came: whoever writes a record chooses its time, and
  -- must not choose when it is dropped.
  arrived_week  INTEGER NOT NULL,
  -- That a number comes once, in whatever week, is the writer's to see to, who holds the node's row.
  PRIMARY KEY (node, epoch, seq, arrived_week)
) PARTITION BY RANGE (arrived_week);

-- For searching, oldest first.
CREATE INDEX trail_by_time ON trail (time_nanos, node, epoch, seq);

-- For verifying the order of each sandbox, one after the other, and for searching it.
CREATE INDEX trail_by_sandbox ON trail (sandbox_uid, node, epoch, seq);

-- For searching by who, what and where, oldest first.
CREATE INDEX trail_by_sandbox_id ON trail (sandbox_id, time_nanos);
CREATE INDEX trail_by_container_id ON trail (container_id, time_nanos);
CREATE INDEX trail_by_container_uid ON trail (container_uid, time_nanos);
CREATE INDEX trail_by_principal ON trail (principal, time_nanos);
CREATE INDEX trail_by_type ON trail (type, time_nanos);
-- What succeeded is found by its time soon enough.
CREATE INDEX trail_by_outcome ON trail (outcome, time_nanos) WHERE outcome IN ('FAILED', 'DENIED');

-- What is known of each node, and by whom it is changed: every writer of a node's records holds its row. So records are told
-- apart, and progress is counted, by one at a time.
CREATE TABLE trail_node (
  node                VARCHAR COLLATE "C" NOT NULL,
  -- The last record that came, and the last checkpoint.
  last_epoch          BIGINT  NOT NULL DEFAULT 0,
  last_seq            BIGINT  NOT NULL DEFAULT 0,
  signed_epoch        BIGINT  NOT NULL DEFAULT 0,
  signed_seq          BIGINT  NOT NULL DEFAULT 0,
  -- Milliseconds since 1970, by the auditor's clock: since when records wait for a checkpoint. 0: none does.
  waiting_since       BIGINT  NOT NULL DEFAULT 0,
  -- Up to where every record is known to have arrived.
  settled_epoch       BIGINT  NOT NULL DEFAULT 0,
  settled_seq         BIGINT  NOT NULL DEFAULT 0,
  -- The last record that retention has dropped, and the chain value before it. NULL: none was dropped.
  anchor_event        BYTEA,
  anchor_chain_before BYTEA,
  PRIMARY KEY (node)
) WITH (fillfactor = 50); -- updated with each batch, and never in an index

-- The next record to read of each partition: written in the same transaction as the records before it.
CREATE TABLE trail_offset (
  topic        VARCHAR COLLATE "C" NOT NULL,
  partition_id INTEGER NOT NULL,
  next_offset  BIGINT  NOT NULL,
  PRIMARY KEY (topic, partition_id)
) WITH (fillfactor = 50);

-- What is in the topic and cannot be in the trail: undecodable, or another record than the one under the same number.
CREATE TABLE trail_aside (
  topic         VARCHAR COLLATE "C" NOT NULL,
  partition_id  INTEGER NOT NULL,
  record_offset BIGINT  NOT NULL,
  -- UNREADABLE, CONFLICT.
  reason        VARCHAR NOT NULL,
  message       VARCHAR NOT NULL,
  record_value  BYTEA   NOT NULL,
  PRIMARY KEY (topic, partition_id, record_offset)
);
