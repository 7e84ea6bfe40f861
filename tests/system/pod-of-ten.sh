#!/usr/bin/env bash
# A pod of ten containers that share a volume: one sees the processes of all, one dies for want of memory while the others go on,
# each ends in its own way. The events, the trail and the CPU time tell the whole story, as it went from the executor through its
# journal, the gateway and Kafka to the auditor.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=tests/state.sh
source "$ROOT/tests/state.sh"

POD=ten
WAITS='until [ -e /srv/stop ]; do sleep 0.1; done'
BURNS='until [ -e /srv/stop ]; do :; done'
NAMES=(writer reader watcher greedy burner other failing killed server forced)
LIVING=(reader watcher burner other killed server forced)

# What each does.
declare -A PROGRAMS=(
  [writer]='echo hello > /srv/word'
  [reader]="$WAITS; [ \$(cat /srv/word) = hello ] && exit 11"
  [watcher]="$WAITS; exit 12"
  [greedy]='until [ -e /srv/eat ]; do sleep 0.1; done; exec tail -c 64m /dev/zero'
  [burner]="$BURNS; exit 21"
  [other]="$BURNS; exit 22"
  [failing]='exit 3'
  [killed]='exec sleep 1001'
  [server]="$WAITS"
  [forced]='exec sleep 1002'
)

# How it ends: code, signal, and whether for want of memory.
declare -A ENDS=(
  [writer]='0 0 false' [reader]='11 0 false' [watcher]='12 0 false' [greedy]='0 9 true' [burner]='21 0 false'
  [other]='22 0 false' [failing]='3 0 false' [killed]='0 9 false' [server]='0 0 false' [forced]='0 9 false'
)

# What is recorded of it between its start and its end, and where its deletion begins.
declare -A MIDDLES=([greedy]='oomKilled ' [killed]='signalSent+ signalSent ' [forced]='containerDeleted+ ')

start() {
  local name
  for name in "${NAMES[@]}"; do
    local options=()
    case $name in
      greedy) options=(--memory 16m) ;;
      watcher) options=(--pid sandbox) ;;
    esac
    caisson run --detach --sandbox "$POD" --id "$name" --volume shared:/srv --rootfs "$TEST_ROOTFS" "${options[@]}" \
      -- sh -c "${PROGRAMS[$name]}" > /dev/null
  done
}

field() { caisson sandbox ls --output json | jq -r --arg name "/$POD" ".sandboxes[] | select(.name | endswith(\$name)).$1"; }
running() { caisson ps --output json | jq -r '[.containers[] | select(.state == "RUNNING").name | sub(".*/"; "")] | sort | join(" ")'; }
code_of() { local code=0; caisson wait "$1" > /dev/null 2>&1 || code=$?; echo "$code"; }
processes_seen_by() { caisson exec -n "$1" -- ps -o args; }
sorted() { printf '%s\n' "$@" | sort | paste -s -d ' '; }

# cgroup_nanos PATH: from the kernel itself.
cgroup_nanos() {
  local file
  for file in "/sys/fs/cgroup/cpuacct$1/cpuacct.usage" "/sys/fs/cgroup$1/cpu.stat"; do
    [[ ! -r $file ]] || { awk '/^usage_usec/ { print $2 * 1000; exit } NF == 1 { print; exit }' "$file"; return; }
  done
}

# ---- What is told

trail() { caisson trail --sandbox "$UID_OF_POD" --output json > "$TEST_DIR/trail.json"; }
cpu() { caisson cpu "$UID_OF_POD" --output json > "$TEST_DIR/cpu.json"; }
has_its_end() { trail && told '[.records[].event | select(.sandboxDeleted and .phase == "OUTCOME")] | length == 1' trail; }
has_last_cpu() { cpu && told '.sandboxes[0].last' cpu; }

# told FILTER FILE [NAME]: whether it is so.
told() { jq -e --arg name "${3:-}" "$1" "$TEST_DIR/$2.json" > /dev/null; }

# story NAME: payloads of the container's events in their order, an intent with +; those of exec'd processes, and of
# namespaces that are entered for them and for connections, are not its story.
story() {
  jq -r --arg name "$1" '[.records[].event | select(.subject.containerId == $name)
    | (keys_unsorted[-1] + (if .phase == "INTENT" then "+" else "" end))
    | select(startswith("exec") or startswith("namespaceEntered") | not)] | join(" ")' "$TEST_DIR/trail.json"
}

expected_story() {
  local limits='' deletion='containerDeleted+ '
  [[ $1 != forced ]] || deletion=
  [[ $1 != greedy ]] || limits='cgroupConfigured+ cgroupConfigured '
  echo "containerCreated+ ${limits}containerCreated containerStarted+ containerStarted ${MIDDLES[$1]:-}containerExited ${deletion}containerDeleted"
}

end_in_trail() {
  jq -r --arg name "$1" '.records[].event | select(.subject.containerId == $name) | .containerExited // empty | .status
    | "\(.code) \(.signal) \(.outOfMemory)"' "$TEST_DIR/trail.json"
}

ids_in() { jq -r --arg uid "$UID_OF_POD" "$1 | select(.subject.sandboxUid == \$uid).id" "$2" | sort; }

echo "A pod of ten containers"
use_services
caisson run --rootfs "$TEST_ROOTFS" -- true # from now on what an executor opens once is open
before=$(left_behind)
caisson sandbox create --memory 256m --volume shared:size=16m "$POD" > /dev/null
UID_OF_POD=$(field uid)
CGROUP=$(field cgroup)
start
equal "those run that have something to do" "$(sorted greedy "${LIVING[@]}")" "$(running)"
seen=$(processes_seen_by watcher)
contains "who shares the sandbox's processes sees those of others" 'sleep 1001' "$seen"
contains "and of others again" 'sleep 1002' "$seen"
contains "who does not sees its own" 'stop' "$(processes_seen_by server)"
equal "and nobody else's" 0 "$(processes_seen_by server | grep -c 'sleep 100' || true)"

caisson exec -n server -- touch /srv/eat
equal "who wants more memory than its limit is killed" 137 "$(code_of greedy)"
equal "the others go on" "$(sorted "${LIVING[@]}")" "$(running)"
caisson kill killed KILL
equal "who is killed has ended so" 137 "$(code_of killed)"
caisson exec -n server -- touch /srv/stop
for name in writer reader watcher burner other failing server; do
  equal "$name ends with its own code" "${ENDS[$name]%% *}" "$(code_of "$name")"
done
nanos=$(cgroup_nanos "$CGROUP")
caisson delete "${NAMES[@]:0:9}"
caisson delete --force forced
caisson sandbox delete "$POD"

echo "What is told of it"
holds "the trail has its end" eventually 30 has_its_end
for name in "${NAMES[@]}"; do
  equal "the story of $name" "$(expected_story "$name")" "$(story "$name")"
  equal "its end" "${ENDS[$name]}" "$(end_in_trail "$name")"
done
for name in watcher server; do
  # shellcheck disable=SC2016 # jq's
  holds "what was entered of $name is told, before and after" told '[.records[].event | select(.namespaceEntered and .subject.containerId == $name).phase]
    | length > 0 and (map(select(. == "INTENT")) | length) == (map(select(. == "OUTCOME")) | length)' trail "$name"
done
holds "nothing else was short of memory" told '[.records[].event | select(.oomKilled).subject.containerId] == ["greedy"]' trail
holds "every intent says who had it" told '[.records[].event | select(.phase == "INTENT").actor.principal] | unique == ["uid:0"]' trail
holds "nothing of the sandbox comes before it, or after it" told '[.records[].event] | first.sandboxCreated and last.sandboxDeleted' trail
holds "its events are numbered without a gap" told '[.records[].event.sandboxSeq | tonumber] | . == [range(1; length + 1)]' trail
caisson events --output json > "$TEST_DIR/events.json"
equal "the gateway tells the same events" "$(ids_in '.records[].event' "$TEST_DIR/trail.json")" "$(ids_in .event "$TEST_DIR/events.json")"
holds "the trail holds" caisson trail verify

holds "the last of its CPU time is told" eventually 60 has_last_cpu
holds "each of the ten is charged" told '.sandboxes[0].containers | length == 10 and all(.exited and (.totalNanos | tonumber) > 0)' cpu
holds "the sum is what the cgroup used, to the nanosecond" told '.sandboxes[0]
  | ([.containers[].totalNanos, .unattributedNanos | tonumber] | add) == (.cgroupNanos | tonumber)' cpu
holds "which is what the kernel said, and what the deletion took" told "(.sandboxes[0].cgroupNanos | tonumber) - $nanos | . >= 0 and . < 1e9" cpu
holds "who burns is charged the most" told '.sandboxes[0].containers | sort_by(.totalNanos | tonumber) | .[-2:] | map(.containerId) | sort == ["burner", "other"]' cpu
holds "nothing is left" eventually 10 same_as "$before"
conclude
