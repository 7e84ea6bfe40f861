# Times containers against the runtimes that are installed.
# shellcheck shell=bash

# shellcheck source=tests/services.sh
source "$HOME_DIR/tests/services.sh"

bench_usage() {
  cat <<'TEXT'
Usage: caisson bench run [--count N]
Times one container of /bin/true, from the call to its exit status and deletion: Caisson through its gateway, `runc run` and
`crun run` from their command lines, interleaved, with pauses of 50 ms and back to back. The same config.json for all, with the
default filter of system calls. Prints medians, 90th and 99th percentiles and ratios, and writes them to bench/results. Needs root.

  --count N   containers of each in each pattern (default: 200)
TEXT
}

bench_verb() {
  local count=200
  case ${1:-} in
    run) shift ;;
    -h | --help) bench_usage; return ;;
    *) misuse "What to measure must be given: ${1:-nothing}" "caisson bench run" ;;
  esac
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) bench_usage; return ;;
      --count) count=${2:?--count needs a number}; shift ;;
      --count=*) count=${1#*=} ;;
      *) misuse "Unknown argument: $1" "caisson bench --help" ;;
    esac
    shift
  done
  [[ $count =~ ^[1-9][0-9]{0,4}$ ]] || misuse "--count must be a number from 1 to 99999: $count"
  require_root bench
  ensure_built
  CAISSON_PARKED=4
  start_services
  make_bundle "$TEST_DIR/bundle"
  measure "$count" "$HOME_DIR/bench/results/run-$(date -u +%Y%m%dT%H%M%SZ).json"
  stop_services
}

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

# measure COUNT RESULTS
measure() {
  local peers=() name
  for name in runc crun; do
    ! command -v "$name" > /dev/null || peers+=("--$name" "$(command -v "$name")")
  done
  without_unified "$JAVA_HOME/bin/java" -XX:+UseSerialGC --illegal-native-access=deny \
    -cp "$HOME_DIR/bench/target/caisson-bench-$VERSION.jar:$HOME_DIR/bench/target/lib/*" dev.caisson.bench.Bench \
    --socket "$CAISSON_DATA/run/gateway/gateway.sock" --bundle "$TEST_DIR/bundle" --count "$1" --results "$2" \
    --state "$TEST_DIR/peers" "${peers[@]}"
  say
  say "results: $2"
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
