# Times containers against the runtimes that are installed.
# shellcheck shell=bash

# shellcheck source=tests/services.sh
source "$HOME_DIR/tests/services.sh"

bench_usage() {
  cat <<'TEXT'
Usage: caisson bench run [--count N] [--unified]
       caisson bench scale [--count N] [--alive N]
       caisson bench pods [--count N]
       caisson bench sampling [--sandboxes N] [--seconds N]
       caisson bench apportion [--sandboxes N] [--count N]
       caisson bench partition [--nodes N] [--sandboxes N] [--partitions N] [--seconds N]
       caisson bench events [--count N]
       caisson bench gateway [--count N] [--watches N] [--mib N] [--output table|json]
       caisson bench micro [--only REGEX]
run: times one container of /bin/true, from the call to its exit status and deletion: Caisson through its gateway, `runc run` and
`crun run` from their command lines, interleaved, with pauses of 50 ms and back to back. The same config.json for all, with the
default filter of system calls. Prints medians, 90th and 99th percentiles and ratios. With --unified Caisson alone, where it sees
only the cgroup v2 tree, in which processes are born, and without limits, for which that may have no controllers.
scale: times each operation on a container that is the only one, and one of many that are alive, in turns. Prints medians and ratios;
also those of `runc` and `crun` among the same many, which tell what grows in the kernel.
pods: sandboxes of three containers each, made at once by 16 clients, and deleted at once. Fails where one of them fails, one is
left, or the CPU time of one does not add up. Prints the time for each.
sampling: the executor's CPU time while nobody calls it, with many sandboxes and without any: what samples of their CPU time cost. Fails
where the executor forks.
apportion: samples of the CPU time of many sandboxes, three containers each, put into Kafka as the relay does; prints how many the
running auditor apportions, for each second of its CPU time and in all. Fails where one is lost, comes twice, or does not sum up.
partition: what a large fleet's record comes to: one partition's share of it, put into Kafka at the fleet's rate. Prints what
that costs the broker and the auditor, how late figures come, and how much there is of each topic.
events: how many events a second come from a journal through gateway and Kafka into PostgreSQL, and how late a thousand a second do.
gateway: what the gateway adds to the executor's own time, which is asked the same at its socket in turns; calls a second with 64 in flight,
the output of one container, what watches cost the gateway, and how soon the client answers. Prints each beside its target.
micro: by JMH, what apportioning one sample, compiling and encoding a plan, and encoding an event take. Needs no root.
All write what they measured to bench/results, and all but micro need root.

  --count N   containers of each in each pattern (default: 200); of each in each turn (default: 150, a third of it for others); pods (default: 100);
              samples of each sandbox (default: 500); events (default: 400000); gateway: pairs of each call (default: 1000)
  --alive N   how many are alive (default: 1000)
  --sandboxes N, --seconds N   how many are sampled, and for how long each (default: 500, 20); partition: of each node (default: 200)
  --nodes N, --partitions N   of the fleet, and of each topic (default: 5000, 512)
  --watches N, --mib N   that are open, at most 1000; of output, each time (default: 1000, 1024)
  --output json   print what is written to the results, and all else to the error stream
  --only REGEX   those micro-benchmarks alone whose names have a match, like Plan
TEXT
}

bench_verb() {
  local what=${1:-} count='' alive=1000 sandboxes='' seconds=20 only='' nodes=5000 partitions=512 watches=1000 mib=1024 output=table given=("$@")
  case $what in
    run | scale | pods | sampling | apportion | partition | events | gateway | micro) shift ;;
    -h | --help) bench_usage; return ;;
    *) misuse "What to measure must be given: ${1:-nothing}" "caisson bench run" ;;
  esac
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) bench_usage; return ;;
      --count) count=${2:?--count needs a number}; shift ;;
      --count=*) count=${1#*=} ;;
      --unified) [[ $what == run ]] || misuse "--unified goes with run" "caisson bench --help" ;;
      --alive) alive=${2:?--alive needs a number}; shift ;;
      --alive=*) alive=${1#*=} ;;
      --sandboxes) sandboxes=${2:?--sandboxes needs a number}; shift ;;
      --sandboxes=*) sandboxes=${1#*=} ;;
      --seconds) seconds=${2:?--seconds needs a number}; shift ;;
      --seconds=*) seconds=${1#*=} ;;
      --nodes) nodes=${2:?--nodes needs a number}; shift ;;
      --nodes=*) nodes=${1#*=} ;;
      --partitions) partitions=${2:?--partitions needs a number}; shift ;;
      --partitions=*) partitions=${1#*=} ;;
      --watches | --watches=* | --mib | --mib=* | -o | --output | --output=*)
        [[ $what == gateway ]] || misuse "${1%%=*} goes with gateway" "caisson bench --help" ;;&
      --watches) watches=${2:?--watches needs a number}; shift ;;
      --watches=*) watches=${1#*=} ;;
      --mib) mib=${2:?--mib needs a number}; shift ;;
      --mib=*) mib=${1#*=} ;;
      -o | --output) output=${2:?--output needs table or json}; shift ;;
      --output=*) output=${1#*=} ;;
      --only) only=${2:?--only needs a regular expression}; shift ;;
      --only=*) only=${1#*=} ;;
      *) misuse "Unknown argument: $1" "caisson bench --help" ;;
    esac
    shift
  done
  require_count --count "${count:=$(default_count "$what")}"
  require_count --alive "$alive"
  require_count --sandboxes "${sandboxes:=$(default_sandboxes "$what")}"
  require_count --seconds "$seconds"
  require_count --nodes "$nodes"
  require_count --partitions "$partitions"
  require_count --mib "$mib"
  require_watches "$watches"
  [[ $output == table || $output == json ]] || misuse "--output must be table or json: $output" "caisson bench --help"
  [[ $what != events ]] || { measure_events "$count"; return; }
  [[ $what != micro ]] || { measure_micro "$only"; return; }
  require_root bench
  exec {ANSWER}>&1
  [[ $output == table ]] || exec >&2
  ensure_built
  [[ " ${given[*]} " != *' --unified '* || -n ${CAISSON_UNIFIED:-} ]] || see_unified bench "${given[@]}"
  BENCH=("$JAVA_HOME/bin/java" -XX:+UseSerialGC --illegal-native-access=deny
    -cp "$HOME_DIR/bench/target/caisson-bench-$VERSION.jar:$HOME_DIR/bench/target/lib/*")
  local own=${TEST_DIR:+no}
  CAISSON_PARKED=4
  use_services {ANSWER}>&- # services outlive whoever reads it
  [[ $what == apportion ]] || make_bundle "$TEST_DIR/bundle"
  [[ $what != sampling ]] || { count=$sandboxes alive=$seconds; }
  [[ $what != apportion ]] || alive=$sandboxes
  [[ $what != partition ]] || FLEET=(--nodes "$nodes" --sandboxes "$sandboxes" --partitions "$partitions" --seconds "$seconds")
  [[ $what != gateway ]] || GATEWAY=(--count "$count" --watches "$watches" --mib "$mib" --output "$output")
  "measure_$what" "$HOME_DIR/bench/results/$what-$(date -u +%Y%m%dT%H%M%SZ).json" "$count" "$alive"
  [[ -n $own ]] || stop_services
}

# see_unified ARGUMENT…: starts again where no other hierarchy of cgroups is mounted. Does not return.
see_unified() {
  # shellcheck disable=SC2016 # for the inner shell
  CAISSON_UNIFIED=yes exec unshare --mount bash -c '
    findmnt --raw --noheadings --types cgroup --output TARGET | while read -r hierarchy; do umount "$hierarchy"; done
    exec "$@"' bash "$HOME_DIR/caisson" "$@"
}

default_count() {
  case $1 in
    run) echo 200 ;;
    scale) echo 150 ;;
    apportion) echo 500 ;;
    gateway) echo 1000 ;;
    events) echo 400000 ;;
    *) echo 100 ;;
  esac
}

default_sandboxes() { if [[ $1 == partition ]]; then echo 200; else echo 500; fi; }

require_count() { [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || misuse "$1 must be a number from 1 to 999999: $2"; }

# All are over one connection, which has 1,024 calls at once: more would wait there without a word.
require_watches() { [[ $1 =~ ^[1-9][0-9]{0,2}$ || $1 == 1000 ]] || misuse "--watches must be a number from 1 to 1000: $1"; }

# What `runc spec` writes, without a terminal, with limits, with the filter that Caisson gives a container without one, and with
# what it insists on: a cgroup namespace, and no ambient capability that is not inheritable.
make_bundle() {
  require_tools runc:runc jq:jq
  mkdir -p "$1"
  runc spec --bundle "$1"
  jq --arg root "$TEST_ROOTFS" --arg unified "${CAISSON_UNIFIED:-}" --argjson seccomp "$(default_filter "$1/config.json")" '
    .linux.seccomp = $seccomp | .process.args = ["/bin/true"] | .process.terminal = false | .root.path = $root
    | .linux.namespaces |= (. + [{type: "cgroup"}] | unique_by(.type))
    | del(.process.capabilities.ambient) | .linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 64
    | .linux.resources.cpu = {quota: 100000, period: 100000}
    | if $unified == "" then . else del(.linux.resources) end' "$1/config.json" > "$1/changed.json"
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
  [[ -z ${CAISSON_UNIFIED:-} ]] || return 0
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

# measure_sampling RESULTS SANDBOXES SECONDS
measure_sampling() {
  local executor
  read -r executor _ < "$CAISSON_DATA/run/executor.pid"
  "${BENCH[@]}" dev.caisson.bench.Sampling --socket "$CAISSON_DATA/run/gateway/gateway.sock" --bundle "$TEST_DIR/bundle" \
    --executor "$executor" --sandboxes "$2" --seconds "$3" --results "$1"
  say
  say "results: $1"
}

# measure_apportion RESULTS SAMPLES SANDBOXES
measure_apportion() {
  local auditor
  read -r auditor _ < "$CAISSON_DATA/run/auditor.pid"
  "${BENCH[@]}" dev.caisson.bench.Apportion --kafka "$(sed -n 's/^KAFKA=//p' "$CAISSON_DATA/run/ports.conf")" --auditor "$auditor" \
    --sandboxes "$3" --containers 3 --samples "$2" --results "$1"
  say
  say "results: $1"
}

# measure_gateway RESULTS, as GATEWAY says
measure_gateway() {
  local gateway
  read -r gateway _ < "$CAISSON_DATA/run/gateway.pid"
  "${BENCH[@]}" dev.caisson.bench.GatewayCost --socket "$CAISSON_DATA/run/gateway/gateway.sock" \
    --executor "$CAISSON_DATA/run/executor/executor.sock" --gateway "$gateway" --client "$HOME_DIR/caisson" --bundle "$TEST_DIR/bundle" \
    "${GATEWAY[@]}" --results "$1" >&"$ANSWER"
  say
  say "results: $1"
}

# measure_events COUNT
measure_events() {
  local results
  require_root bench
  ensure_built
  mkdir -p "$HOME_DIR/bench/results"
  results=$HOME_DIR/bench/results/events-$(date -u +%Y%m%dT%H%M%SZ)
  (cd "$HOME_DIR" && mvn -B -q -Dquick -DskipTests=false -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false \
    -Dit.test=EventsIT -Dfailsafe.failIfNoSpecifiedTests=false -Dcaisson.bench.events="$1" -Dcaisson.bench.results="$results" \
    -pl tests/record,services/broker,services/gateway,services/auditor -am verify) | sed -u -n -e 's/^.*events: //p' -e '/ERROR/p'
  say
  say "results: $results-*.json"
}

# measure_micro REGEX
measure_micro() {
  local results
  results=$HOME_DIR/bench/results/micro-$(date -u +%Y%m%dT%H%M%SZ).json
  require_jdk
  ensure_built
  "$JAVA_HOME/bin/java" --sun-misc-unsafe-memory-access=allow -cp "$HOME_DIR/bench/micro/target/caisson-bench-micro-$VERSION.jar:$HOME_DIR/bench/micro/target/lib/*" \
    dev.caisson.bench.micro.Micro "$results" ${1:+"$1"}
  say
  say "results: $results"
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

# measure_partition RESULTS, of the fleet in FLEET
measure_partition() {
  local broker auditor
  read -r broker _ < "$CAISSON_DATA/run/broker.pid"
  read -r auditor _ < "$CAISSON_DATA/run/auditor.pid"
  "${BENCH[@]}" dev.caisson.bench.Partition --socket "$CAISSON_DATA/run/gateway/gateway.sock" --audit "$CAISSON_DATA/run/auditor/auditor.sock" \
    --bundle "$TEST_DIR/bundle" --kafka "$(sed -n 's/^KAFKA=//p' "$CAISSON_DATA/run/ports.conf")" --broker "$broker" --auditor "$auditor" \
    "${FLEET[@]}" --results "$1"
  say
  say "results: $1"
}
