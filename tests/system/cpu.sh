#!/usr/bin/env bash
# A pod whose containers work 3 to 1, one of which ends half-way, and one of which stands still meanwhile, while the executor and
# the auditor are killed and started again. After every sample what is charged sums to what the kernel counted for the sandbox's
# cgroup, to the nanosecond, and nothing falls. What is charged is held against the samples as they are in Kafka.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=launcher/say.sh
source "$ROOT/launcher/say.sh"
# shellcheck source=launcher/toolchain.sh
source "$ROOT/launcher/toolchain.sh"
require_jdk

POD=loads

# In a container: so much work for each word that comes through its pipe on the shared volume, until the word is `end`. It waits without
# a turn of the CPU, and is counted, not timed: nobody has less to do for being slow.
# shellcheck disable=SC2016 # for the container's shell
LOAD='mkfifo /srv/$0; exec 3<>/srv/$0; n=0
  while read -r word <&3 && [ $word != end ]; do
    i=0; while [ $i -lt $1 ]; do i=$((i+1)); done
    n=$((n+1)); : > /srv/$0-$n
  done; exit 5'

start() { caisson run --detach --sandbox "$POD" --id "$1" --volume shared:/srv --rootfs "$TEST_ROOTFS" -- sh -c "$LOAD" "$1" "$2" > /dev/null; }

in_pod() { caisson exec -n hand -- "$@"; }
field() { caisson sandbox ls --output json | jq -r --arg name "/$POD" ".sandboxes[] | select(.name | endswith(\$name)).$1"; }
kafka() { sed -n 's/^KAFKA=//p' "$CAISSON_DATA/run/ports.conf"; }

# work COUNT UPTO NAME…: those do so many more pieces of work, which are waited for.
work() {
  local count=$1 upto=$2 name
  shift 2
  for name in "$@"; do
    tell "$name" go "$count"
  done
  for name in "$@"; do
    holds "$name does its work up to $upto" eventually 60 in_pod test -e "/srv/$name-$upto"
  done
}

# tell NAME WORD [TIMES]
# shellcheck disable=SC2016 # for the container's shell
tell() { in_pod sh -c 'i=0; while [ $i -lt $2 ]; do echo $1; i=$((i+1)); done > /srv/$0' "$1" "$2" "${3:-1}"; }

kill_service() {
  local pid
  pid=$(cut -d ' ' -f 1 "$CAISSON_DATA/run/$1.pid")
  kill -KILL "$pid"
  eventually 10 has_ended "$pid"
}
has_ended() { ! kill -0 "$1" 2> /dev/null; }

# samples, figures: of the pod, a line of words each, as they are in Kafka.
record() {
  "$JAVA_HOME/bin/java" -cp "$ROOT/services/auditor/target/lib/*" "$ROOT/tests/system/CpuRecord.java" "$(kafka)" "$UID_OF_POD" > "$TEST_DIR/record"
}
is_complete() { record && grep -q '^figures .* last$' "$TEST_DIR/record"; }
lines_of() { grep "^$1 " "$TEST_DIR/record"; }

# Every sample has its figures, and their sum is what the kernel had counted.
sums() {
  awk '$1 == "sample" { cgroup[$2] = $3; samples++ }
    $1 == "figures" { figures++; if ($3 != $4 || $3 != cgroup[$2]) { print "sample " $2 ": " cgroup[$2] ", figures " $3 ", sum " $4; bad = 1 } }
    END { if (samples < 10 || samples != figures) { print samples " samples, " figures " figures"; bad = 1 }; exit bad }' "$TEST_DIR/record"
}

nothing_falls() {
  awk '$1 == "total" { if (($3 + 0) < (last[$2] + 0)) { print $2 " fell at " $4; bad = 1 }; last[$2] = $3; seen++ }
    END { exit bad || seen < 20 }' "$TEST_DIR/record"
}

# is_final NAME: nothing is charged to it after the sample that says that it has ended.
is_final() {
  awk -v name="$1" '$1 == "total" && $2 == name { if (ended && $3 != total) { print "charged after its end: " $3 - total; bad = 1 }
      total = $3; ended = ended || $5 == "final" } END { exit bad || !ended }' "$TEST_DIR/record"
}

total_of() { awk -v name="$1" '$1 == "total" && $2 == name { total = $3 } END { print total }' "$TEST_DIR/record"; }
total_by_cli() { caisson cpu "$UID_OF_POD" --output json | jq -r --arg name "$1" '.sandboxes[0].containers[] | select(.containerId == $name).totalNanos'; }
is_told() { [[ $(caisson cpu "$UID_OF_POD" --output json | jq -r '.sandboxes[0].last') == true ]]; }
cgroup_by_cli() { caisson cpu "$UID_OF_POD" --output json | jq -r '.sandboxes[0].cgroupNanos'; }

# ratio_is A B LEAST MOST
ratio_is() { awk -v a="$1" -v b="$2" -v least="$3" -v most="$4" 'BEGIN { exit !(a / b >= least && a / b <= most) }'; }

echo "CPU time of a pod"
start_services # its own: it kills them
caisson sandbox create --volume shared:size=4m "$POD" > /dev/null
UID_OF_POD=$(field uid)
caisson run --detach --sandbox "$POD" --id hand --volume shared:/srv --rootfs "$TEST_ROOTFS" -- sleep 1000 > /dev/null
start three 90000
start one 30000
start leaving 30000
start paused 30000
for name in three one leaving paused; do
  holds "$name waits for work" eventually 20 in_pod test -p "/srv/$name"
done
caisson cpu --watch "$POD" --output json > "$TEST_DIR/watched" 2> "$TEST_DIR/watched.err" &
watching=$!

work 10 10 three one leaving paused
caisson pause paused > /dev/null
tell leaving end
equal "one ends half-way" 5 "$(caisson wait leaving || true)"
work 10 20 three one
kill_service executor
holds "up starts the executor again" caisson up
work 10 30 three one
kill_service auditor
wait "$watching" || true
holds "up starts the auditor again" caisson up
caisson resume paused > /dev/null
work 10 40 three one
work 10 20 paused
for name in three one paused; do tell "$name" end; done
for name in three one paused; do equal "$name ends" 5 "$(caisson wait "$name" || true)"; done
holds "a window of the last while is told" caisson cpu --window 5 "$UID_OF_POD"
caisson delete three one leaving paused
caisson delete --force hand
caisson sandbox delete "$POD"

holds "its last figures are in Kafka" eventually 60 is_complete
holds "after every sample what is charged is what the kernel counted" sums
holds "no total ever falls" nothing_falls
holds "the total of the one that ended half-way is final" is_final leaving
holds "3 to 1 is charged about 3 to 1" ratio_is "$(total_of three)" "$(total_of one)" 2.4 3.6
holds "twice as much work is charged about twice, however the other was interrupted" ratio_is "$(total_of one)" "$(total_of paused)" 1.5 2.7
holds "the end is told" eventually 30 is_told
for name in three one leaving paused; do
  equal "$name is told what is in Kafka" "$(total_of "$name")" "$(total_by_cli "$name")"
done
equal "so is the sandbox" "$(lines_of figures | tail -n 1 | cut -d ' ' -f 3)" "$(cgroup_by_cli)"
holds "who watched saw sums that hold" jq -e -s 'length > 3 and all(.usage
  | ([.containers[].totalNanos, (.unattributedNanos // "0") | tonumber] | add) == (.cgroupNanos | tonumber))' "$TEST_DIR/watched"
conclude
