-- What is known of each node, and by whom it is changed: every writer of a node's records holds its row. So records are told
-- apart, and progress is counted, by one at a time.
CREATE TABLE trail_node (
  node                VARCHAR NOT NULL,
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
);

INSERT INTO trail_node (node, last_epoch, last_seq)
  SELECT node, epoch, MAX(seq) FROM trail t
  WHERE epoch = (SELECT MAX(epoch) FROM trail u WHERE u.node = t.node)
  GROUP BY node, epoch;

UPDATE trail_node n SET
  signed_epoch = COALESCE((SELECT MAX(epoch) FROM trail t WHERE t.node = n.node AND type = 'dev.caisson.journal.signed.v1'), 0);

UPDATE trail_node n SET
  signed_seq = COALESCE((SELECT MAX(seq) FROM trail t
    WHERE t.node = n.node AND t.epoch = n.signed_epoch AND type = 'dev.caisson.journal.signed.v1'), 0);

UPDATE trail_node SET waiting_since = CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)
  WHERE signed_epoch < last_epoch OR (signed_epoch = last_epoch AND signed_seq < last_seq);

UPDATE trail_node n SET
  settled_epoch = COALESCE((SELECT epoch FROM trail_settled s WHERE s.node = n.node), 0),
  settled_seq   = COALESCE((SELECT seq   FROM trail_settled s WHERE s.node = n.node), 0);

DROP TABLE trail_settled;

-- What took the place of Flyway's own table.
DROP TABLE IF EXISTS trail_schema;

-- Weeks since 1970-01-01, by the auditor's clock, in which the record came. Of records that are here already: now.
ALTER TABLE trail ADD COLUMN arrived_week INTEGER NOT NULL DEFAULT 0;

UPDATE trail SET arrived_week = FLOOR(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) / 604800);

CREATE INDEX trail_by_week ON trail (arrived_week, node, epoch, seq);

-- For searching by who and where, oldest first; types and outcomes are found by their time soon enough.
CREATE INDEX trail_by_sandbox_id ON trail (sandbox_id, time_nanos);
CREATE INDEX trail_by_container_id ON trail (container_id, time_nanos);
CREATE INDEX trail_by_container_uid ON trail (container_uid, time_nanos);
CREATE INDEX trail_by_principal ON trail (principal, time_nanos);

-- For verifying the order of each sandbox, and for searching it.
DROP INDEX trail_by_sandbox;
CREATE INDEX trail_by_sandbox ON trail (sandbox_uid, node, epoch, seq);
