-- For searching what is a tenant's, oldest first, past whatever others have.
CREATE INDEX trail_by_tenant ON trail (tenant, time_nanos, node, epoch, seq);
