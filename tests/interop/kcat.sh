#!/usr/bin/env bash
# kcat, a client that was not written here, reads the topic of events, and the headers are those of CloudEvents.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

kafka() { sed -n 's/^KAFKA=//p' "$CAISSON_DATA/run/ports.conf"; }

# One line for each message: offset, key, headers as name=value,….
consume() {
  kcat -b "$(kafka)" -C -t caisson.events.v1 -o beginning -e -q -X isolation.level=read_committed -f '%o\t%k\t%h\n'
}

# header NAME LINE
header() { tr ',' '\n' <<< "${2##*$'\t'}" | sed -n "s/^$1=//p"; }

arrived() { consume | grep -q "container.deleted.*$1\|$1.*container.deleted"; }

echo "kcat"
use_services
id=kcat-$RANDOM
caisson run -n --id "$id" --rootfs "$TEST_ROOTFS" --hook "poststart=$TEST_DIR/hook.sh" -- true
holds "the events arrive" eventually 20 arrived "$id"
lines=$(consume | grep "$id" || true)

for type in container.create.requested container.created container.started container.exited container.deleted hook.finished; do
  contains "there is a $type" "ce_type=dev.caisson.$type.v1" "$lines"
done
first=$(head -n 1 <<< "$lines")
equal "ce_specversion" 1.0 "$(header ce_specversion "$first")"
holds "ce_id is a UUID" grep -qE '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' <<< "$(header ce_id "$first")"
equal "ce_source is the node" "/nodes/$(uname -n)" "$(header ce_source "$first")"
holds "ce_time is RFC 3339" date -d "$(header ce_time "$first")"
equal "content-type" application/protobuf "$(header content-type "$first")"
equal "no event is there twice" '' "$(consume | while read -r line; do header ce_id "$line"; done | sort | uniq -d)"
equal "the events of one sandbox have one key" 1 "$(cut -f 2 <<< "$lines" | sort -u | wc -l)"
sequence=$(while read -r line; do header ce_sequence "$line"; done <<< "$lines")
equal "ce_sequence sorts as text" "$sequence" "$(sort <<< "$sequence")"
equal "no sequence number is missing" "$(seq -f %020.0f 1 "$(wc -l <<< "$sequence")")" "$sequence"
conclude
