# Everything once, on a private data directory, in a readable order; nothing is left.
# shellcheck shell=bash

# shellcheck source=tests/services.sh
source "$HOME_DIR/tests/services.sh"
# shellcheck source=launcher/commands.sh
source "$LAUNCHER/commands.sh"

BURN_SECONDS=6

demo_usage() {
  cat <<'TEXT'
Usage: caisson demo
Builds Caisson, starts it on a private data directory, runs a sandbox of two containers, and shows the plan, an exec, the
events as Kafka carries them, the CPU that each container is charged, and the verified audit trail. Leaves nothing behind.
Needs root.
TEXT
}

demo_verb() {
  case ${1:-} in
    -h | --help) demo_usage; return ;;
    '') ;;
    *) misuse "Unknown argument: $1" "caisson demo --help" ;;
  esac
  local start=$EPOCHREALTIME point
  require_root demo
  title "Build"
  ensure_built
  title "Start: executor as root; gateway, auditor and broker each as a user without capabilities"
  start_services
  status_table
  DEMO_HOOKS=()
  for point in createRuntime poststart poststop; do DEMO_HOOKS+=(--hook "$point=$TEST_DIR/hook.sh"); done
  demo_story
  title "Stop"
  stop_and_prove
  title "Done in $(seconds_since "$start") s"
}

# What is shown, of services that run, by whoever is `caisson`; with TEST_ROOTFS, and DEMO_HOOKS, the options of hooks.
demo_story() {
  demo_plan
  demo_sandbox
  demo_events
  demo_cpu
  demo_trail
}

# show WORDS…: prints the command as one would type it, and runs it.
show() {
  local word line='$ caisson'
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:=@,+-]+$ ]] || word="'$word'"
    line+=" $word"
  done
  printf '%s%s%s\n' "$BOLD" "${line//${TEST_DIR:-/nowhere}/…}" "$PLAIN"
  caisson "$@"
}

status_table() { show status; }

demo_plan() {
  title "What would be done: the plan of a container and its sandbox"
  show plan --id plan --rootfs "$TEST_ROOTFS" --memory 64m -- echo hello | shorten 14 4
}

# shorten FIRST LAST: of a long text, its beginning and its end.
shorten() {
  awk -v first="$1" -v last="$2" '{ line[NR] = $0 } END {
    for (i = 1; i <= NR; i++) {
      if (i <= first || i > NR - last) print substr(line[i], 1, 150)
      else if (i == first + 1) printf "  … %d more …\n", NR - first - last
    }
  }'
}

# Three parts of a CPU to one, by quota: both want all that they can get.
demo_sandbox() {
  title "A sandbox with two containers, which burn CPU about 3:1"
  show sandbox create pair
  show run --detach --sandbox pair --id three --cpus 0.6 --memory 64m --rootfs "$TEST_ROOTFS" "${DEMO_HOOKS[@]}" \
    -- sh -c 'while :; do :; done'
  show run --detach --sandbox pair --id one --cpus 0.2 --memory 64m --rootfs "$TEST_ROOTFS" -- sh -c 'while :; do :; done'
  title "A further program in the first of them"
  # shellcheck disable=SC2016 # for the shell in the container
  show exec -n three -- sh -c 'echo "user $(id -u) on $(hostname), among $(ls -d /proc/[0-9]* | wc -l) processes"'
  note "burning for $BURN_SECONDS s"
  sleep "$BURN_SECONDS"
  show ps
  show kill three KILL
  show kill one KILL
  show wait three || true
  show wait one || true
  CGROUP_USAGE=$(cgroup_usage pair)
  show delete three one
  show sandbox delete pair
}

# cgroup_usage SANDBOX: nanoseconds, from the kernel itself, after its last process has ended.
cgroup_usage() {
  local path file
  path=$(caisson sandbox ls --output json | jq_like cgroup)
  for file in "/sys/fs/cgroup/cpuacct$path/cpuacct.usage" "/sys/fs/cgroup$path/cpu.stat"; do
    [[ ! -r $file ]] || { awk '/^usage_usec/ { print $2 * 1000; exit } NF == 1 { print; exit }' "$file"; return; }
  done
}

# jq_like FIELD: the first string of that name, so that the demo needs no jq.
jq_like() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" | head -n 1; }

demo_events() {
  title "The lifecycle and the hooks, as read back from Kafka"
  eventually_in_kafka dev.caisson.sandbox.deleted.v1 || die "The events did not arrive in Kafka within 20 s" "caisson logs gateway"
  tail_topic | sed -f <(ids_for_uids) -e 's/^/  /'
}

# The record names things by uids, which are never used twice; people know them by ids. Prints a script for sed.
ids_for_uids() {
  caisson trail --sandbox pair --output json | awk -F'"' '
    $2 == "sandboxId" || $2 == "containerId" { id = $4 }
    ($2 == "sandboxUid" || $2 == "containerUid") && $4 != "" && id != "" && !seen[$4]++ { print "s|" $4 "|" id "|g" }'
}

# Each record from its CloudEvents headers, by a consumer that knows nothing else of Caisson.
tail_topic() {
  # shellcheck source=/dev/null
  source "$CAISSON_DATA/run/ports.conf"
  "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    -cp "$HOME_DIR/services/broker/target/caisson-broker-$VERSION.jar:$HOME_DIR/services/broker/target/lib/*" \
    dev.caisson.broker.Tail "$KAFKA" caisson.events.v1 2> /dev/null
}

eventually_in_kafka() {
  local tries
  for ((tries = 0; tries < 20; tries++)); do
    # All of it is read, lest whoever writes it be ended by that.
    ! tail_topic | grep -c "$1" > /dev/null || return 0
    sleep 1
  done
  return 1
}

demo_cpu() {
  title "The CPU that each container is charged: the sum is the cgroup's usage"
  show cpu pair
  local seconds
  seconds=$(awk -v nanos="$CGROUP_USAGE" 'BEGIN { printf "%.9f", nanos / 1e9 }')
  say "  (the kernel's own counter, read when both had ended and shortly before the sandbox did: $seconds s)"
}

demo_trail() {
  title "Who did what: the audit trail, and its verification"
  show trail --sandbox pair | cut -c 1-150 | shorten 8 6
  show trail verify
}

stop_and_prove() {
  local data=$CAISSON_DATA directory=$TEST_DIR left=0 pids group
  pids=$(cat "$data/run/"*.pid | cut -d ' ' -f 1)
  group=$(cgroup_parent "$data")
  stop_services
  none "processes" "$(living "$pids")$(pgrep -f "$directory" | grep -v -x "$$" || true)"
  none "mounts" "$(grep -F "$directory" /proc/mounts || true)"
  none "cgroups" "$(find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -name "${group#/}")"
  none "sockets" "$(grep -F "$directory" /proc/net/unix || true)"
  none "files" "$(find "$directory" 2> /dev/null || true)"
  ((left == 0)) || die "Something is left behind"
}

# living PIDS: those that have not ended; a zombie has, and waits for whoever adopted it to look.
living() { ps -o pid=,stat=,comm= -p "$(paste -s -d , <<< "$1")" | awk '$2 !~ /^Z/ { print $1, $3 }'; }

# none WHAT FOUND
none() {
  if [[ -z $2 ]]; then
    good "no $1 left"
  else
    warn "these $1 are left: $2"
    left=1
  fi
}
