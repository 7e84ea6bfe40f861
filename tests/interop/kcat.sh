#!/usr/bin/env bash
# kcat, a client that was not written here, reads the topics; the headers of events are those of CloudEvents.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=tests/interop/topics.sh
source "$ROOT/tests/interop/topics.sh"

# uid_of CONTAINER: by which the events name its sandbox.
uid_of() { caisson trail --container "$1" --output json | jq -r '.records[0].event.subject.sandboxUid'; }

about() { consume caisson.events.v1 | jq -c --arg uid "$1" 'select(.headers.ce_subject // "" | contains($uid))'; }

in_the_trail() { [[ $(caisson trail --container "$1" --type dev.caisson.container.deleted.v1 --output json | jq '.records | length') -gt 0 ]]; }
all_there() { about "$1" | jq -e 'select(.headers.ce_type == "dev.caisson.sandbox.deleted.v1")'; }

# keyed TOPIC UID: how many messages of the topic are the sandbox's, by their keys.
keyed() { consume "$1" | jq -c --arg key "$(uname -n)/$2" 'select(.key == $key)' | wc -l; }
as_many() { [[ $(keyed caisson.usage.v1 "$1") -ge 2 && $(keyed caisson.usage.v1 "$1") -eq $(keyed caisson.cpu.v1 "$1") ]]; }

# each FIELD: of every message, a line each.
each() { jq -r "$1" <<< "$messages"; }

echo "kcat"
use_services
id=kcat-$RANDOM
caisson run -n --id "$id" --rootfs "$TEST_ROOTFS" --hook "poststart=$TEST_DIR/hook.sh" -- true
holds "the container comes into the trail" eventually 30 in_the_trail "$id"
uid=$(uid_of "$id")
holds "the events come into Kafka" eventually 20 all_there "$uid"
messages=$(about "$uid" | jq -c -s 'sort_by(.headers.ce_sequence)[]')
types=$(each .headers.ce_type)

for type in sandbox.created container.create.requested container.created container.started container.exited container.deleted sandbox.deleted; do
  contains "there is a $type" "dev.caisson.$type.v1" "$types"
done
holds "there are a hook's beginning and end" test "$(grep -c hook <<< "$types")" -ge 2
equal "ce_specversion" 1.0 "$(each .headers.ce_specversion | sort -u)"
equal "ce_id is a UUID of version 7, always another" "$(wc -l <<< "$messages")" \
  "$(each .headers.ce_id | sort -u | grep -cE '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')"
equal "ce_source is the node" "/nodes/$(uname -n)" "$(each .headers.ce_source | sort -u)"
holds "ce_time is RFC 3339" date -d "$(each .headers.ce_time | head -n 1)"
equal "content-type" application/protobuf "$(each '.headers["content-type"]' | sort -u)"
equal "the events of one sandbox have one key" "$(uname -n)/$uid" "$(each .key | sort -u)"
equal "ce_partitionkey is the key" "$(each .key)" "$(each .headers.ce_partitionkey)"
equal "their order is that of the topic" "$(each .offset)" "$(each .offset | sort -n)"
equal "no sequence number is missing" "$(seq -f %020.0f 1 "$(wc -l <<< "$messages")")" "$(each .headers.ce_sequence)"
holds "each sample of usage is in its topic, and has its figures of CPU time in theirs" eventually 30 as_many "$uid"
conclude
