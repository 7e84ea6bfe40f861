#!/usr/bin/env bash
# The API over HTTP, by curl: a container's life, a watch that is taken up again, refusals, and the document.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

echo "HTTP"
use_services
readonly API=http://caisson/v1/tenants/default

# http ARGUMENTS…
http() { curl -sS --max-time 60 --unix-socket "$CAISSON_DATA/run/gateway/http.sock" -H content-type:application/json "$@"; }
# status ARGUMENTS…: the code alone.
status() { http -o /dev/null -w '%{http_code}' "$@"; }
# container ID ARGUMENT…
container() {
  jq -nc --arg id "$1" --arg root "$TEST_ROOTFS" \
    '{containerId: $id, requestId: $id, container: {spec: {process: {args: $ARGS.positional, noNewPrivileges: true}, root: {path: $root},
      namespaces: [{type: "PID"}, {type: "MOUNT"}, {type: "NETWORK"}, {type: "IPC"}, {type: "UTS"}, {type: "CGROUP"}]}}}' --args -- "${@:2}"
}
# events PATH ARGUMENTS…: of a watch, for two seconds.
events() { http -N --max-time 2 "${@:2}" "$API$1" 2> /dev/null || [[ $? -eq 28 ]]; }

ID=http-$$
ONE=$API/sandboxes/$ID/containers/$ID
BEFORE=$(events '/events:watch?cursor=begin&no_follow=true' | sed -n 's/^id: //p' | tail -n 1)
equal "a container is made" CREATED "$(http "$API/containers" -d "$(container "$ID" sh -c 'sleep 1; exit 7')" | jq -r .state)"
equal "the same request makes no other" "$(http "$ONE" | jq -r .uid)" "$(http "$API/containers" -d "$(container "$ID" sh -c 'sleep 1; exit 7')" | jq -r .uid)"
equal "it is listed" "$ID" "$(http "$API/sandboxes/-/containers?pageSize=1000" | jq -r --arg id "$ID" '.containers[] | select(.name | endswith("/" + $id)) | .name' | xargs basename)"
equal "it starts" RUNNING "$(http -X POST "$ONE:start" | jq -r .state)"
equal "its exit code is waited for" 7 "$(http "$ONE:wait" | jq -r .status.code)"
equal "it is deleted" 200 "$(status -X DELETE "$ONE")"
equal "and gone" 404 "$(status "$ONE")"

WATCHED=$(events /events:watch -H "last-event-id: ${BEFORE:-begin}")
contains "a watch tells of it" '"containerDeleted":{' "$WATCHED"
STARTED="containerId\":\"$ID\".*\"containerStarted\""
MIDDLE=$(grep -B 1 "$STARTED" <<< "$WATCHED" | sed -n 's/^id: //p' | tail -n 1)
AGAIN=$(events /events:watch -H "last-event-id: $MIDDLE")
contains "who is cut off goes on" '"containerDeleted":{' "$AGAIN"
equal "behind what he has had" 0 "$(grep -c "$STARTED" <<< "$AGAIN" || true)"

is_in_trail() { http "$API/trail:search?container=$ID&type=dev.caisson.container.deleted.v1" | jq -e '.records[0].event.containerDeleted'; }
holds "the trail has it" eventually 30 is_in_trail
equal "a page of the trail is as large as was asked" 1 "$(http "$API/trail:search?pageSize=1" | jq '.records | length')"
equal "its chain holds" true "$(http "http://caisson/v1/trail:verify" | jq '.nodes | length > 0 and all(.ok)')"
POD=$ID-cpu
equal "another is made" CREATED "$(http "$API/containers" -d "$(container "$POD" sleep 60)" | jq -r .state)"
equal "and starts" RUNNING "$(http -X POST "$API/sandboxes/$POD/containers/$POD:start" | jq -r .state)"
is_charged() { http "$API/cpu?sandbox=$POD" | jq -e '.sandboxes[0].containers[0].totalNanos'; }
holds "what it is charged is told" eventually 30 is_charged
contains "and watched" "data: {\"usage\":{" "$(events "/cpu:watch?sandbox=$POD")"
contains "a window has a beginning" "from must be given" "$(http "$API/cpu:window" | jq -r .error.message)"
equal "it goes" 200 "$(status -X DELETE "$API/sandboxes/$POD?force=true")"

equal "a wrong body is refused" 400 "$(status "$API/containers" -d '{"containerID": 1}')"
equal "so is one of another type" 400 "$(status "$API/containers" -H content-type:text/plain -d '{}')"
equal "a slash that is hidden leads nowhere" 404 "$(status "$API/sandboxes/..%2f..%2fetc")"
contains "in a sentence" "must have at least one entry" "$(http "$API/containers" -d '{"containerId": "x", "container": {"spec": {}}}' | jq -r .error.message)"
equal "the document has the paths" 44 "$(http http://caisson/openapi.json | jq '[.paths[] | keys[] | select(. != "parameters")] | length')"
conclude
