# Times containers against the runtimes that are installed.
# shellcheck shell=bash

# shellcheck source=tests/services.sh
source "$HOME_DIR/tests/services.sh"

bench_usage() {
  cat <<'TEXT'
Usage: caisson bench run [--count N]
       caisson bench scale [--count N] [--alive N]
       caisson bench pods [--count N]
run: times one container of /bin/true, from the call to its exit status and deletion: Caisson through its gateway, `runc run` and
`crun run` from their command lines, interleaved, with pauses of 50 ms and back to back. The same config.json for all, with the
default filter of system calls. Prints medians, 90th and 99th percentiles and ratios.
scale: times each operation on a container that is the only one, and one of many that are alive, in turns. Prints medians and ratios;
also those of `runc` and `crun` among the same many, which tell what grows in the kernel.
pods: sandboxes of three containers each, made at once by 16 clients, and deleted at once. Fails where one of them fails, one is
left, or the CPU time of one does not add up. Prints the time for each.
All write what they measured to bench/results, and need root.

  --count N   containers of each in each pattern (default: 200); of each in each turn (default: 150, a third of it for others); pods (default: 100)
  --alive N   how many are alive (default: 1000)
TEXT
}

bench_verb() {
  local what=${1:-} count='' alive=1000
  case $what in
    run | scale | pods) shift ;;
    -h | --help) bench_usage; return ;;
    *) misuse "What to measure must be given: ${1:-nothing}" "caisson bench run" ;;
  esac
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) bench_usage; return ;;
      --count) count=${2:?--count needs a number}; shift ;;
      --count=*) count=${1#*=} ;;
      --alive) alive=${2:?--alive needs a number}; shift ;;
      --alive=*) alive=${1#*=} ;;
      *) misuse "Unknown argument: $1" "caisson bench --help" ;;
    esac
    shift
  done
  require_count --count "${count:=$(default_count "$what")}"
  require_count --alive "$alive"
  require_root bench
  ensure_built
  BENCH=("$JAVA_HOME/bin/java" -XX:+UseSerialGC --illegal-native-access=deny
    -cp "$HOME_DIR/bench/target/caisson-bench-$VERSION.jar:$HOME_DIR/bench/target/lib/*")
  local own=${TEST_DIR:+no}
  CAISSON_PARKED=4
  use_services
  make_bundle "$TEST_DIR/bundle"
  "measure_$what" "$HOME_DIR/bench/results/$what-$(date -u +%Y%m%dT%H%M%SZ).json" "$count" "$alive"
  [[ -n $own ]] || stop_services
}

default_count() {
  case $1 in
    run) echo 200 ;;
    scale) echo 150 ;;
    *) echo 100 ;;
  esac
}

require_count() { [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || misuse "$1 must be a number from 1 to 99999: $2"; }

# What `runc spec` writes, without a terminal, with limits, with the filter that Caisson gives a container without one, and with
# what it insists on: a cgroup namespace, and no ambient capability that is not inheritable.
make_bundle() {
  require_tools runc:runc jq:jq
  mkdir -p "$1"
  runc spec --bundle "$1"
  jq --arg root "$TEST_ROOTFS" --argjson seccomp "$(default_filter "$1/config.json")" '
    .linux.seccomp = $seccomp | .process.args = ["/bin/true"] | .process.terminal = false | .root.path = $root
    | .linux.namespaces |= (. + [{type: "cgroup"}] | unique_by(.type))
    | del(.process.capabilities.ambient) | .linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 64
    | .linux.resources.cpu = {quota: 100000, period: 100000}' "$1/config.json" > "$1/changed.json"
  mv "$1/changed.json" "$1/config.json"
}

# default_filter CONFIG: as the OCI specification has filters, for a container with the capabilities of that one.
default_filter() {
  local machine=aarch64
  [[ $(uname -m) != x86_64 ]] || machine=amd64
  jq --arg machine "$machine" --slurpfile config "$1" '
    $config[0].process.capabilities.bounding as $held
    | {defaultAction, defaultErrnoRet: .defaultErrno, architectures: .architectures[$machine],
      syscalls: [.groups[]
        | select((.capabilities // []) - $held == [] and (.withoutCapabilities // []) - $held == (.withoutCapabilities // []))
        | select((.machines // [$machine]) | index($machine))
        | {names, action: (.action // "SCMP_ACT_ALLOW")} + if .errno then {errnoRet: .errno} else {} end
          + if .args then {args} else {} end]}
  ' "$HOME_DIR/libs/oci/src/main/resources/dev/caisson/oci/seccomp-default.json"
}

# Sets PEERS: the arguments that name the runtimes which are installed.
find_peers() {
  local name
  PEERS=()
  for name in runc crun; do
    ! command -v "$name" > /dev/null || PEERS+=("--$name" "$(command -v "$name")")
  done
}

# measure_run RESULTS COUNT
measure_run() {
  find_peers
  without_unified "${BENCH[@]}" dev.caisson.bench.Bench --socket "$CAISSON_DATA/run/gateway/gateway.sock" \
    --bundle "$TEST_DIR/bundle" --count "$2" --results "$1" --state "$TEST_DIR/peers" "${PEERS[@]}"
  say
  say "results: $1"
}

# measure_scale RESULTS COUNT ALIVE
measure_scale() {
  find_peers
  without_unified "${BENCH[@]}" dev.caisson.bench.Scale --socket "$CAISSON_DATA/run/gateway/gateway.sock" \
    --bundle "$TEST_DIR/bundle" --count "$2" --alive "$3" --results "$1" --state "$TEST_DIR/peers" "${PEERS[@]}"
  say
  say "results: $1"
}

# measure_pods RESULTS COUNT
measure_pods() {
  "${BENCH[@]}" dev.caisson.bench.Pods --socket "$CAISSON_DATA/run/gateway/gateway.sock" --audit "$CAISSON_DATA/run/auditor/auditor.sock" \
    --bundle "$TEST_DIR/bundle" --pods "$2" --containers 3 --clients 16 --results "$1"
  say
  say "results: $1"
}

# crun stumbles over a v2 tree beside v1: the client and the peers get a view without it. Caisson's services keep theirs.
without_unified() {
  if [[ -d /sys/fs/cgroup/unified ]]; then
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount sh -c 'umount /sys/fs/cgroup/unified; exec "$@"' sh "$@"
  else
    "$@"
  fi
}
