#!/usr/bin/env bash
# A Node.js client, made from the proto files alone, creates and runs containers through the gateway's socket. The trace that it says
# it is part of goes the whole way: into the trail, and into the headers of Kafka's messages.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/assert.sh
source "$HERE/../../assert.sh"
# shellcheck source=tests/services.sh
source "$HERE/../../services.sh"
# shellcheck source=tests/interop/topics.sh
source "$HERE/../topics.sh"

export TRACE_PARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 TRACE_STATE='rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' TRACED=traced-$RANDOM
WORK=$(mktemp -d)

# In a folder of its own: the source tree stays as it was.
install_packages() {
  cp "$HERE/package.json" "$HERE/package-lock.json" "$WORK/"
  (cd "$WORK" && npm ci --ignore-scripts --no-audit --no-fund)
}

# What was asked for of the container and its sandbox, and what that led to; not what happens by itself.
asked() { caisson trail --sandbox "$TRACED" --limit 1000 --output json | jq -c '.records[].event | select(.phase == "INTENT" or .phase == "OUTCOME")'; }
is_deleted() { asked | jq -e -s 'any(.phase == "OUTCOME" and has("sandboxDeleted"))'; }
messages_of_trace() { consume caisson.events.v1 | jq -c --arg parent "$TRACE_PARENT" 'select(.headers.ce_traceparent == $parent)'; }
kinds_of_trace() { messages_of_trace | jq -r .headers.ce_type; }
has_hook() { kinds_of_trace | grep -qx dev.caisson.hook.finished.v1; }

echo "Node.js"
use_services
export TEST_HOOK=$TEST_DIR/hook.sh
holds "npm installs the pinned packages" install_packages
report=$(NODE_PATH=$WORK/node_modules node --test --test-reporter=tap "$HERE/vectors.js" "$HERE/run.js" 2>&1) || true
rm -rf "$WORK"
# Each test as one of ours; what a failing one says comes below it.
while read -r line; do
  case $line in
    'not ok '*) failed "${line#not ok * - }" "$report" ;;
    'ok '*) passed "${line#ok * - }" ;;
  esac
done < <(grep -E '^ {0,4}(not )?ok [0-9]+ - ' <<< "$report" | grep -v '\.js$')
((TESTS > 1)) || failed "node runs its tests" "$report"

holds "the traced container comes into the trail" eventually 30 is_deleted
events=$(asked)
for kind in sandboxCreated containerCreated containerStarted hookStarted hookFinished containerDeleted sandboxDeleted; do
  holds "there is a $kind" jq -e -s "any(has(\"$kind\"))" <<< "$events"
done
holds "each has an intent and an outcome" jq -e -s 'group_by(.phase) | map(length) | length == 2 and .[0] == .[1]' <<< "$events"
equal "all of them are of the trace" "$TRACE_PARENT $TRACE_STATE" "$(jq -r '"\(.actor.traceparent) \(.actor.tracestate)"' <<< "$events" | sort -u)"
holds "so are the messages, by their headers" eventually 20 has_hook
equal "with the state of the trace" "$TRACE_STATE" "$(messages_of_trace | jq -r .headers.ce_tracestate | sort -u)"
conclude
