#!/usr/bin/env bash
# A container outlives its executor: killed without warning, started again, it finds the container running, and the exit code
# is the program's.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

pid_of() { cut -d ' ' -f 1 "$CAISSON_DATA/run/$1.pid"; }
state_of() { caisson inspect --output json "$1" 2> /dev/null | jq -r .state; }
host_pid_of() { caisson inspect --output json "$1" | jq -r .pid; }
alive() { [[ -d /proc/$1 && $(awk '/^State:/ { print $2 }' "/proc/$1/status") != Z ]]; }
is_state() { [[ $(state_of "$1") == "$2" ]]; }
start_ticks() { sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; }

kill_executor() {
  local pid
  pid=$(pid_of executor)
  kill -KILL "$pid"
  eventually 10 not_alive "$pid"
}

two_crashes() { [[ $(caisson trail --tenant= --type dev.caisson.executor.started.v1 | grep -c crash) -eq 2 ]]; }

not_alive() { ! alive "$1"; }

echo "Killing the executor"
use_services
caisson run --detach --id survivor --rootfs "$TEST_ROOTFS" -- \
  sh -c 'trap "exit 42" TERM; while :; do sleep 0.1; done' > /dev/null
caisson run --detach --id ended --rootfs "$TEST_ROOTFS" -- sh -c 'exit 7' > /dev/null
holds "a container that ended before has its code" eventually 10 is_state ended STOPPED
pid=$(host_pid_of survivor)
ticks=$(start_ticks "$pid")

kill_executor
holds "the container lives on without its executor" alive "$pid"
holds "up starts the executor again" caisson up
holds "it reports the container running" eventually 10 is_state survivor RUNNING
equal "it is the same process" "$pid $ticks" "$(host_pid_of survivor) $(start_ticks "$pid")"
equal "it can be exec'd into" 5 "$(caisson exec -n survivor -- sh -c 'exit 5' > /dev/null 2>&1; echo $?)"
caisson kill survivor TERM
equal "its exit code is the program's" 42 "$(caisson wait survivor || true)"
equal "the code of the one that had ended is still there" 7 "$(caisson wait ended || true)"

caisson run --detach --id meanwhile --rootfs "$TEST_ROOTFS" -- sh -c 'sleep 2; exit 9' > /dev/null
kill_executor
sleep 3 # for the program to end while there is no executor
holds "up starts the executor once more" caisson up
equal "a program that ended meanwhile has its code" 9 "$(caisson wait meanwhile || true)"
holds "the record says that executors began after ones that crashed" eventually 20 two_crashes
holds "the trail holds" caisson trail verify
caisson delete --force survivor ended meanwhile
conclude
