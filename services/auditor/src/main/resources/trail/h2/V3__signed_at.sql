-- What signed_epoch and signed_seq are: the last record for which a checkpoint vouches.

-- Milliseconds since 1970, by the auditor's clock: when the last checkpoint came. 0: none did yet.
ALTER TABLE trail_node ADD COLUMN signed_at BIGINT NOT NULL DEFAULT 0;

-- Whether the last record is a checkpoint that says that the executor ended in order.
ALTER TABLE trail_node ADD COLUMN ended BOOLEAN NOT NULL DEFAULT FALSE;
