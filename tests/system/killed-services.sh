#!/usr/bin/env bash
# Containers outlive the executor and the gateway: killed without warning and started again, they find the container running,
# and the exit code is the program's.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=tests/state.sh
source "$ROOT/tests/state.sh"

pid_of() { cut -d ' ' -f 1 "$CAISSON_DATA/run/$1.pid"; }
state_of() { caisson inspect --output json "$1" 2> /dev/null | jq -r .state; }
uid_of() { caisson inspect --output json "$1" | jq -r .uid; }
host_pid_of() { caisson inspect --output json "$1" | jq -r .pid; }
alive() { [[ -d /proc/$1 && $(awk '/^State:/ { print $2 }' "/proc/$1/status") != Z ]]; }
is_state() { [[ $(state_of "$1") == "$2" ]]; }
start_ticks() { sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; }

kill_service() {
  local pid
  pid=$(pid_of "$1")
  kill -KILL "$pid"
  eventually 10 not_alive "$pid"
}

observed() { CAISSON_LOG_FORMAT=json CAISSON_JFR=yes "$@"; }

two_crashes() { [[ $(caisson trail --tenant= --type dev.caisson.executor.started.v1 | grep -c crash) -eq 2 ]]; }

not_alive() { ! alive "$1"; }

declare -A BACKGROUND

# background NAME COMMAND…: what it says is in files of that name.
background() {
  local name=$1
  shift
  caisson "$@" > "$TEST_DIR/$name.out" 2> "$TEST_DIR/$name.err" &
  BACKGROUND[$name]=$!
}

# await_background NAME: CODE is its exit code then, and COMPLAINT the first line of its errors.
await_background() {
  CODE=0
  wait "${BACKGROUND[$1]}" || CODE=$?
  COMPLAINT=$(head -n 1 "$TEST_DIR/$1.err")
}

is_told() {
  await_background "$2"
  equal "$1" "125 caisson: The service ended, or the connection to it was cut, during the call (UNAVAILABLE)" "$CODE $COMPLAINT"
}

# A hook that shows when it runs, and ends when it may.
make_held_hook() {
  printf '#!/bin/sh\ncat > /dev/null\ntouch %q\nuntil [ -e %q ]; do sleep 0.1; done\n' "$TEST_DIR/held" "$TEST_DIR/let-go" > "$TEST_DIR/held.sh"
  chmod 0755 "$TEST_DIR/held.sh"
  mkdir "$TEST_DIR/held-bundle"
  jq --arg rootfs "$TEST_ROOTFS" --arg hook "$TEST_DIR/held.sh" \
    '.root = { path: $rootfs } | .process.args = ["sleep", "1000"] | .hooks.createRuntime = [{ path: $hook }]' \
    "$ROOT/cli/src/main/resources/dev/caisson/cli/default-config.json" > "$TEST_DIR/held-bundle/config.json"
}

# Host's hooks of all kinds, and one of the container's own program; where a KIND is given, one of it that fails.
make_hooked_bundle() {
  mkdir "$TEST_DIR/$1"
  jq --arg rootfs "$TEST_ROOTFS" --arg hook "$TEST_DIR/hook.sh" --arg failing "${2:-}" \
    '.root = { path: $rootfs } | .process.args = ["true"]
      | .hooks = ([("prestart", "createRuntime", "createContainer", "poststart", "poststop") | { (.): [{ path: $hook }] }] | add)
      | .hooks.startContainer = [{ path: "/bin/true" }]
      | if $failing == "" then . else .hooks[$failing] += [{ path: "/bin/false" }] end' \
    "$ROOT/cli/src/main/resources/dev/caisson/cli/default-config.json" > "$TEST_DIR/$1/config.json"
}

hooks_of() {
  caisson trail --container "$1" --type dev.caisson.hook.finished.v1 --output json | jq -r '[.records[].event.hookFinished.kind] | join(" ")'
}
hooks_were() { [[ $(hooks_of "$1") == "$2" ]]; }

# What the record has of the requests that made a container: how often it was made, successfully.
creations_of() {
  caisson trail --container "$1" --type dev.caisson.container.created.v1 --outcome succeeded --output json | jq '.records | length'
}
made_once() { [[ $(creations_of "$1") == 1 ]]; }

# journal_verify ARGUMENT…: CODE is its exit code then, and SAID all that it says.
journal_verify() {
  CODE=0
  SAID=$(caisson journal verify "$@" 2>&1) || CODE=$?
}

# By a checkpoint, of which there is one each half minute at most.
is_signed() { journal_verify && [[ $SAID != *"signed to 0/0"* ]]; }

# flip_byte FILE OFFSET: its lowest bit.
flip_byte() {
  local value
  value=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  printf '%b' "\\x$(printf '%02x' $((value ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

is_absent() { ! caisson inspect "$1"; }

has_followed() { [[ $(jq -r .cursor "$TEST_DIR/followed.out") == "$(caisson events --output json | jq -r .cursor)" ]]; }

echo "Killing the executor"
use_services
caisson run --detach --id survivor --rootfs "$TEST_ROOTFS" -- \
  sh -c 'trap "exit 42" TERM; while :; do sleep 0.1; done' > /dev/null
caisson run --detach --id ended --rootfs "$TEST_ROOTFS" -- sh -c 'exit 7' > /dev/null
holds "a container that ended before has its code" eventually 10 is_state ended STOPPED
pid=$(host_pid_of survivor)
ticks=$(start_ticks "$pid")

kill_service executor
holds "the container lives on without its executor" alive "$pid"
holds "up starts the executor again" caisson up
holds "it reports the container running" eventually 10 is_state survivor RUNNING
equal "it is the same process" "$pid $ticks" "$(host_pid_of survivor) $(start_ticks "$pid")"
equal "it can be exec'd into" 5 "$(caisson exec -n survivor -- sh -c 'exit 5' > /dev/null 2>&1; echo $?)"
caisson kill survivor TERM
equal "its exit code is the program's" 42 "$(caisson wait survivor || true)"
equal "the code of the one that had ended is still there" 7 "$(caisson wait ended || true)"

caisson run --detach --id meanwhile --rootfs "$TEST_ROOTFS" -- sh -c 'sleep 2; exit 9' > /dev/null
kill_service executor
sleep 3 # for the program to end while there is no executor
holds "up starts the executor once more" caisson up
equal "a program that ended meanwhile has its code" 9 "$(caisson wait meanwhile || true)"
echo "Hooks, in their phases"
make_hooked_bundle hooked
make_hooked_bundle failing startContainer
equal "a container with hooks of all kinds runs" 0 "$(caisson run --id hooked --bundle "$TEST_DIR/hooked" > /dev/null 2>&1; echo $?)"
caisson create --id failing --bundle "$TEST_DIR/failing" > /dev/null
contains "one whose hook fails does not start" HOOK_FAILED "$(caisson start failing 2>&1 || true)"
caisson delete --force failing
holds "the record has them" eventually 20 hooks_were hooked "prestart createRuntime createContainer startContainer poststart poststop"
holds "and those of the other" eventually 20 hooks_were failing "prestart createRuntime createContainer startContainer startContainer poststop"
holds "the record says that executors began after ones that crashed" eventually 20 two_crashes
holds "the trail holds" caisson trail verify
caisson delete --force survivor ended meanwhile

echo "Checking the journal's files"
journal_verify
equal "they hold while the executor writes them" 0 "$CODE"
holds "a part of them is signed" eventually 60 is_signed
contains "and say so" ": holds, signed to" "$SAID"
mkdir "$TEST_DIR/copy"
cp -r "$CAISSON_DATA/executor/journal" "$CAISSON_DATA/executor/node-key.pub.pem" "$TEST_DIR/copy"
journal_verify "$TEST_DIR/copy/journal"
equal "a copy of them holds" 0 "$CODE"
openssl genpkey -algorithm ED25519 2> /dev/null | openssl pkey -pubout > "$TEST_DIR/other.pem" 2> /dev/null
journal_verify "$TEST_DIR/copy/journal" --key "$TEST_DIR/other.pem"
equal "by the key of another node it does not" 1 "$CODE"
contains "and says why" "It is signed by a key that is not the node's" "$SAID"
segment=$(find "$TEST_DIR/copy/journal" -name '*.seg' | sort | head -n 1)
flip_byte "$segment" $(($(stat -c %s "$segment") / 2))
journal_verify "$TEST_DIR/copy/journal"
equal "one with a bit that is another does not hold" 1 "$CODE"
contains "the segment and the offset of the first record that does not are named" "(${segment##*/}, offset " "$SAID"
equal "for programs, too" "false ${segment##*/} true" \
  "$(caisson journal verify "$TEST_DIR/copy/journal" --output json | jq -r '"\(.holds) \(.problem.segment) \(.problem.offset > 0)"')"

echo "Killing the gateway"
make_held_hook
# It is held while the gateway is killed and started, and clients besides.
grep -q '^limits.hook-timeout-seconds' "$CAISSON_DATA/guard.conf" || echo 'limits.hook-timeout-seconds = 600' >> "$CAISSON_DATA/guard.conf"
holds "up takes a new hook to the executor, and starts what does not run" caisson up --allow-hook "$TEST_DIR/held.sh"
before=$(left_behind)
caisson run --detach --id survivor --rootfs "$TEST_ROOTFS" -- \
  sh -c 'trap "exit 42" TERM; while :; do sleep 0.1; done' > /dev/null
background attached run --no-stdin --id attached --rootfs "$TEST_ROOTFS" -- \
  sh -c 'echo begun; until [ -e /tmp/let-go ]; do sleep 0.1; done; echo done; exit 43'
background left run --no-stdin --id left --rootfs "$TEST_ROOTFS" -- sh -c 'echo begun; sleep 1000'
background waiting wait survivor
CREATION=(create --request-id once --id held --bundle "$TEST_DIR/held-bundle")
background creating "${CREATION[@]}"
holds "a run is under way" eventually 20 grep begun "$TEST_DIR/attached.out"
holds "another is" eventually 20 grep begun "$TEST_DIR/left.out"
holds "a creation is" eventually 20 test -e "$TEST_DIR/held"
pid=$(host_pid_of survivor)
attached=$(host_pid_of attached)
timeout 300 "$ROOT/caisson" events --follow --output json > "$TEST_DIR/followed.out" 2> "$TEST_DIR/followed.err" &
follower=$!
holds "somebody follows the events" eventually 20 grep attached "$TEST_DIR/followed.out"

kill_service gateway
is_told "who is attached to a run is told" attached
contains "and what takes it up" "\`caisson attach attached\`" "$(< "$TEST_DIR/attached.err")"
is_told "the other is told too" left
is_told "who waits is told" waiting
is_told "who creates is told" creating
holds "the container lives on without the gateway" alive "$pid"
holds "that of the run does" alive "$attached"
holds "up starts the gateway again" caisson up
background taken-up attach --no-stdin attached # first: its lease is short
equal "they are the same processes" "$pid $attached" "$(host_pid_of survivor) $(host_pid_of attached)"
equal "what was being created still is" CREATING "$(state_of held)"
uid=$(uid_of held)
background repeated "${CREATION[@]}"

touch "$TEST_ROOTFS/tmp/let-go" "$TEST_DIR/let-go"
await_background taken-up
equal "the run is taken up, with its last output and its exit code" "done 43" "$(< "$TEST_DIR/taken-up.out") $CODE"
holds "the creation comes to its end" eventually 10 is_state held CREATED
await_background repeated
equal "who repeats it through another gateway is answered as he would have been" "0 held" "$CODE $(< "$TEST_DIR/repeated.out")"
equal "so is who repeats it afterwards" held "$(caisson "${CREATION[@]}")"
equal "it is the one that was being made" "$uid" "$(uid_of held)"
holds "it is recorded once" eventually 20 made_once held
contains "another request is told that it is there" CONTAINER_EXISTS "$(caisson create --id held --bundle "$TEST_DIR/held-bundle" 2>&1)"
holds "it can be started" caisson start held
background again wait survivor
caisson kill survivor TERM
await_background again
equal "a new wait answers" 42 "$CODE"
caisson delete --force survivor held
holds "a run ends when its caller does not come back within the lease" eventually 40 is_absent left
holds "so does what there was of the one that ended" eventually 40 is_absent attached
rm "$TEST_ROOTFS/tmp/let-go"
holds "who follows the events has each of them once" eventually 20 has_followed
contains "and was told of the gateway's end" "was cut, during the call; trying again" "$(< "$TEST_DIR/followed.err")"
kill "$follower"

kill_service gateway
holds "it starts with another log and a recording" observed caisson up
last=$(tail -n 1 "$CAISSON_DATA/log/gateway/gateway.log")
equal "its log is JSON" "string string" "$(jq -r '"\(.time | type) \(.level | type)"' <<< "$last" 2>&1)"
holds "what it has recorded can be had" caisson jfr dump gateway "$TEST_DIR/gateway.jfr"
equal "by its owner alone" 600 "$(stat -c %a "$TEST_DIR/gateway.jfr")"
contains "a service without a recording is refused, with what to do" "CAISSON_JFR=yes caisson up" "$(caisson jfr dump auditor 2>&1 || true)"
holds "nothing is left" eventually 10 same_as "$before"
conclude
