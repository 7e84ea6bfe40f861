#!/usr/bin/env bash
# Kafka is away until the journal is full, for more than ten minutes' worth of events at one a second. fail-closed refuses new
# work, and lets what runs be ended; fail-open goes on, and says what it left out. Both go on by themselves once Kafka is back,
# and the trail has each event once.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

readonly TEN_MINUTES=600
# Hooks of one container: each makes two events, one of them of the 4 KiB that it prints.
readonly HOOKS=64
readonly MOST_CONTAINERS=40

pid_of() { cut -d ' ' -f 1 "$CAISSON_DATA/run/$1.pid"; }
not_alive() { [[ ! -d /proc/$1 ]]; }
relay_is() { curl -s "http://127.0.0.1:$GATEWAY_PORT/health" | jq -e --arg status "$1" '.details.relay.status == $status'; }
lag() { curl -s "http://127.0.0.1:$GATEWAY_PORT/health" | jq -r ".details.relay.details.events.$1"; }
caught_up() { [[ $(lag lagRecords) == 0 ]]; }
metric() { curl -s "http://127.0.0.1:$GATEWAY_PORT/prometheus" | grep -F "$1" | cut -d ' ' -f 2; }

kill_broker() {
  local pid
  pid=$(pid_of broker)
  kill -KILL "$pid"
  eventually 10 not_alive "$pid"
}

# What of the trail's events is there twice: by node, epoch and sequence.
twice() { caisson trail --tenant= --limit 100000 --output json | jq -r '.records[] | "\(.event.epoch)/\(.event.seq)"' | sort | uniq -d; }

make_noisy_bundle() {
  mkdir -p "$TEST_DIR/noisy"
  printf '%04096d' 0 > "$TEST_DIR/noise"
  install -m 0755 "$(command -v head)" "$TEST_DIR/hook.sh" # a program that the guard lets be a hook
  jq --arg rootfs "$TEST_ROOTFS" --arg hook "$TEST_DIR/hook.sh" --arg noise "$TEST_DIR/noise" --argjson hooks "$HOOKS" \
    '.root = { path: $rootfs } | .process.args = ["true"]
      | .hooks.createRuntime = [range($hooks) | { path: $hook, args: ["head", "-c", "4096", $noise] }]' \
    "$ROOT/cli/src/main/resources/dev/caisson/cli/default-config.json" > "$TEST_DIR/noisy/config.json"
}

# begin MODE: services of their own, with the smallest journal that there can be.
begin() {
  export CAISSON_JOURNAL_FULL=$1 CAISSON_JOURNAL_MIB=4
  start_services
  make_noisy_bundle
  GATEWAY_PORT=$(sed -n 's/^GATEWAY_PORT=//p' "$CAISSON_DATA/run/ports.conf")
  caisson run --detach --id survivor --rootfs "$TEST_ROOTFS" -- sleep 1000 > /dev/null
  eventually 30 caught_up
  BEFORE=$(metric 'caisson_relay_records_total{stream="events"}')
  kill_broker
}

# fill COUNT: makes containers, until one is refused.
fill() {
  local count
  for ((count = 1; count <= $1; count++)); do
    COMPLAINT=$(caisson create --output json --id "noisy-$count" --bundle "$TEST_DIR/noisy" 2>&1 > /dev/null) || return 0
  done
}

echo "Kafka is away, fail-closed"
begin fail-closed
COMPLAINT=
fill "$MOST_CONTAINERS"
contains "new work is refused" '"code":"RESOURCE_EXHAUSTED","reason":"JOURNAL_FULL"' "$COMPLAINT"
contains "in words" "The journal is full" "$COMPLAINT"
holds "the relay says that it does not relay" eventually 60 relay_is DOWN
WAITING=$(lag lagRecords)
holds "that was ten minutes' worth of events" test "$WAITING" -ge "$TEN_MINUTES"
holds "it knows their bytes" test "$(lag lagBytes)" -gt $((1 << 20))
contains "an exec is new work as well" JOURNAL_FULL "$(caisson exec survivor true 2>&1 || true)"
holds "what runs can be killed" caisson kill survivor KILL
equal "its end is known" 137 "$(caisson wait survivor || true)"
holds "and be deleted" caisson delete survivor

holds "Kafka comes back" caisson up
holds "the relay catches up by itself" eventually 60 caught_up
holds "and says that it relays" eventually 10 relay_is UP
holds "it has relayed what waited" test "$(($(metric 'caisson_relay_records_total{stream="events"}' | cut -d . -f 1) - ${BEFORE%.*}))" -ge "$WAITING"
equal "work goes on by itself" 5 "$(caisson run --rootfs "$TEST_ROOTFS" -- sh -c 'exit 5' > /dev/null 2>&1; echo $?)"
holds "the trail holds" eventually 30 caisson trail verify
equal "nothing is there twice" "" "$(twice)"
equal "nothing was left out" 0 "$(caisson trail --tenant= --type dev.caisson.journal.omitted.v1 --output json | jq '.records | length')"
stop_services

echo "Kafka is away, fail-open"
begin fail-open
COMPLAINT=
fill 20
equal "new work goes on" "" "$COMPLAINT"
holds "though the relay does not relay" eventually 60 relay_is DOWN
WAITING=$(lag lagRecords)
holds "that was ten minutes' worth of events, besides those that were left out" test "$WAITING" -ge "$TEN_MINUTES"
holds "what runs can be killed" caisson kill survivor KILL
holds "and be deleted" caisson delete --force survivor
holds "Kafka comes back" caisson up
holds "the relay catches up by itself" eventually 60 caught_up
holds "and says that it relays" eventually 10 relay_is UP
equal "work goes on" 5 "$(caisson run --rootfs "$TEST_ROOTFS" -- sh -c 'exit 5' > /dev/null 2>&1; echo $?)"
gaps() { caisson trail --tenant= --type dev.caisson.journal.omitted.v1 --output json | jq -e '[.records[].event.gap.count | tonumber] | add > 0'; }
holds "the record says how much was left out" eventually 30 gaps
holds "and when, and why" jq -e '.records[0].event.gap | .from and .to and .cause == "journal full"' \
  <<< "$(caisson trail --tenant= --type dev.caisson.journal.omitted.v1 --output json)"
holds "the trail holds but for that" eventually 30 caisson trail verify
contains "and says that" " events left out for want of room" "$(caisson trail verify)"
equal "nothing is there twice" "" "$(twice)"
conclude
