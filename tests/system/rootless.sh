#!/usr/bin/env bash
# shellcheck disable=SC2016 # for jq, and for shells in containers
# Services that a user without root starts, with and without a cgroup of their own: containers run, what cannot be in force is
# recorded, what cannot be done is refused by name, and nothing is left.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

USER_ID=64991
UNIFIED=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
DELEGATED=/caisson-delegated-$$

# Without any id, group or capability of root's.
as_user() {
  setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"
}

# ours ARGUMENT…: `caisson`, as that user, from files that it can read.
ours() {
  as_user env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME="$WORK" JAVA_HOME="${JAVA_HOME:-}" CAISSON_DATA="$WORK/data" CAISSON_NODE=rootless CAISSON_ARCHIVES=no \
    CAISSON_PARKED="${1#*=}" CAISSON_CGROUP_PARENT="${PARENT:-}" "$WORK/home/caisson" "${@:2}"
}

caisson_of_user() { ours parked=0 "$@"; }

up() { ours "parked=$1" up --kafka "$KAFKA" --allow "$WORK" "${@:2}"; }

# The launcher and what was built: where this project lies, another user need not come.
make_home() {
  local part
  mkdir -p "$WORK/home/target"
  cp -a "$ROOT/caisson" "$ROOT/launcher" "$ROOT/packaging" "$WORK/home"
  cp -a "$ROOT/target/launcher.stamp" "$WORK/home/target"
  for part in cli services/executor services/executor-systemd services/gateway services/auditor; do
    mkdir -p "$WORK/home/$part/target"
    cp -a "$ROOT/$part/target/"*.jar "$ROOT/$part/target/lib" "$WORK/home/$part/target"
  done
  touch "$WORK/home/target/launcher.stamp" # nothing is newer, so that nothing is built
}

start() {
  WORK=$TEST_DIR/rootless
  # shellcheck source=/dev/null
  KAFKA=$(source "$CAISSON_DATA/run/ports.conf" && echo "$KAFKA")
  mkdir -p "$WORK/volume"
  make_home
  cp -a "$TEST_ROOTFS" "$WORK/rootfs"
  echo file > "$WORK/volume/file"
  mkfs.erofs -x-1 "$WORK/image.erofs" "$WORK/rootfs" > /dev/null 2>&1
  chown -R "$USER_ID:$USER_ID" "$WORK"
  trap stop EXIT
}

stop() {
  trap - EXIT
  PARENT='' caisson_of_user down --force > /dev/null 2>&1 || true
  find "$UNIFIED$DELEGATED" -depth -type d -exec rmdir {} + 2> /dev/null || true
  stop_services
}

# bundle NAME CHANGE: a document with a change by jq; prints its directory.
bundle() {
  local directory=$WORK/bundles/$1
  as_user mkdir -p "$directory"
  jq --arg rootfs "$WORK/rootfs" --arg volume "$WORK/volume" --arg work "$WORK" "$2" > "$directory/config.json" <<'JSON'
{"ociVersion": "1.2.0", "process": {"args": ["true"], "cwd": "/", "user": {"uid": 0, "gid": 0}, "noNewPrivileges": true}, "root": {"path": "rootfs"},
 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}]}}
JSON
  jq --arg rootfs "$WORK/rootfs" 'if .root.path == "rootfs" then .root.path = $rootfs else . end' "$directory/config.json" > "$directory/c" 2> /dev/null
  mv "$directory/c" "$directory/config.json"
  chown -R "$USER_ID:$USER_ID" "$WORK/bundles"
  echo "$directory"
}

# refused BEHAVIOUR REASON PART COMMAND…
refused() {
  local error
  error=$(caisson_of_user "${@:4}" 2>&1 > /dev/null < /dev/null) || true
  equal "$1: reason" "$2" "$(jq -r '.error.reason // empty' <<< "$error" 2> /dev/null || echo "$error")"
  contains "$1: says so" "$3" "$error"
}

run_here() { caisson_of_user run -n --rootfs "$WORK/rootfs" "$@"; }

inits() { pgrep -c -u "$USER_ID" -x caisson-init || true; }

# One that has just been ended is still counted for a moment.
has_sandboxes() { [[ $(($(inits) / 2)) -eq $1 ]]; }

# Zombies are none: whoever is to reap them takes his time.
processes() { ps -o stat= -u "$USER_ID" | awk '!/^Z/ { n++ } END { print n + 0 }'; }

has_processes() { [[ $(processes) -eq $1 ]]; }

# has_none COMMAND: of the user's.
has_none() { ! pgrep -u "$USER_ID" -f "^$1\$" > /dev/null; }

pid_of() { cut -d ' ' -f 1 "$WORK/data/run/$1.pid"; }

capabilities() { awk '/^CapEff:/ { print $2 }' "/proc/$(pid_of "$1")/status"; }

weakened() { caisson_of_user events --output json | jq -r 'select(.event.containerCreated.weakened) | .event.containerCreated.weakened[]'; }

# Two auditors share the samples here. Where one is gone for as long as its session (10 s), the other takes its part, and what its last
# transaction had begun is waited for (10 s): then figures come later than others.
HANDED_OVER=60

# cpu_is_known ID: of a container and its sandbox.
cpu_is_known() { caisson_of_user cpu "$1" | awk -v id="$1" '$1 == id && $2 == id && $3 > 0 { found = 1 } END { exit !found }'; }

has_exec() { [[ $(caisson_of_user ps "$1" --output json | jq ".processes | length") -ge $2 ]]; }

echo "Without root"
use_services
start
holds "a user without root starts services of its own" up 2
holds "its key is enrolled with the auditor that keeps its record" \
  install -m 0644 "$WORK/data/executor/node-key.pub.pem" "$CAISSON_DATA/nodes/rootless.pem"
equal "the gateway has no capability" 0000000000000000 "$(capabilities gateway)"
holds "the executor's user namespace is not the host's" test "$(readlink "/proc/$(pid_of executor)/ns/user")" != "$(readlink /proc/self/ns/user)"
equal "a container's exit code is the program's" 7 "$(run_here -- sh -c 'exit 7' > /dev/null 2>&1; echo $?)"
equal "root in it is the user outside" "0 $USER_ID" \
  "$(run_here -- sh -c 'id -u; echo there > /tmp/written' | tr '\n' ' ')$(stat -c %u "$WORK/rootfs/tmp/written")"
equal "it has a user namespace of its own" 1 \
  "$(run_here -- readlink /proc/self/ns/user | grep -v -c -F -e "$(readlink /proc/self/ns/user)" -e "$(readlink "/proc/$(pid_of executor)/ns/user")")"
equal "it sees its own processes only" 1 "$(run_here -- sh -c 'ls -d /proc/[0-9]* | grep -c . ; :' | awk '{ print ($1 <= 3) }')"
equal "it has the default filter and no new privileges" "2 1" \
  "$(run_here -- awk '/^Seccomp:|^NoNewPrivs:/ { print $2 }' /proc/self/status | sort -r | paste -s -d ' ')"
equal "what it writes can be kept in memory" "no such file" \
  "$(caisson_of_user run -n --bundle "$(bundle overlay '.annotations = {"dev.gvisor.spec.rootfs.overlay": "memory", "dev.gvisor.spec.rootfs.source": $rootfs, "dev.gvisor.spec.rootfs.type": "bind"} | .process.args = ["touch", "/tmp/overlaid"]')" && { test -e "$WORK/rootfs/tmp/overlaid" && echo there || echo "no such file"; })"
printf 'mounts.roots = %s\nrootfs.images = true\n' "$WORK/volume" | as_user sh -c "sed -i -E '/^(mounts.roots|rootfs.images)/d' '$WORK/data/guard.conf' && cat >> '$WORK/data/guard.conf'"
caisson_of_user down > /dev/null
holds "it starts again, with what its guard says now" up 2
equal "a volume is mounted" file \
  "$(caisson_of_user run -n --bundle "$(bundle volume '.mounts = [{destination: "/mnt", type: "bind", source: $volume, options: ["rbind", "ro"]}] | .process.args = ["cat", "/mnt/file"]')")"

echo "What cannot be had"
refused "ids that nobody has" INVALID_SPEC process.user run --output json --rootfs "$WORK/rootfs" --user 1000 -- true
refused "supplementary groups" INVALID_SPEC process.user.additionalGids \
  run --output json --bundle "$(bundle groups '.process.user.additionalGids = [0]')"
refused "an image as the root file system" HOST_UNSUPPORTED root.path \
  run --output json --bundle "$(bundle image '.annotations = {"dev.gvisor.spec.rootfs.source": ($work + "/image.erofs"), "dev.gvisor.spec.rootfs.type": "erofs"}')"
refused "an id map of a volume" HOST_UNSUPPORTED mounts.source \
  run --output json --bundle "$(bundle idmap '.mounts = [{destination: "/mnt", type: "bind", source: $volume, options: ["bind"],
    uidMappings: [{containerID: 0, hostID: 0, size: 1}], gidMappings: [{containerID: 0, hostID: 0, size: 1}]}]')"
refused "a container that shares the PID namespace of its sandbox" HOST_UNSUPPORTED "namespaces must have a PID namespace" \
  run --output json --bundle "$(bundle pid '.linux.namespaces |= map(select(.type != "pid"))')"
equal "limits are left out, and that is recorded" "resources.memory.limit resources.pids.limit user-namespace" \
  "$(run_here --memory 64m --pids 10 -- true > /dev/null && weakened | grep -E 'memory|pids|user-namespace' | cut -d : -f 1 | sort -u | paste -s -d ' ')"
caisson_of_user run --detach --id lives --rootfs "$WORK/rootfs" -- \
  sh -c 'trap "exit 42" TERM; (while :; do (sleep 1000 &); sleep 0.1; done) & while :; do sleep 0.1; done' > /dev/null
refused "a pause" HOST_UNSUPPORTED "no cgroup is delegated" pause --output json lives
equal "it can be exec'd into" 5 "$(caisson_of_user exec -n lives -- sh -c 'exit 5' > /dev/null 2>&1; echo $?)"
holds "its processes are listed" eventually 10 has_exec lives 4
caisson_of_user exec -n lives -- sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done' > /dev/null
holds "its CPU time is the sum over its processes" eventually "$HANDED_OVER" cpu_is_known lives

echo "A restart of the executor"
caisson_of_user run --detach --id forced --rootfs "$WORK/rootfs" -- sh -c 'trap "" TERM; sleep 31415 & while :; do sleep 0.1; done' > /dev/null
pid=$(pid_of executor)
kill -KILL "$pid"
holds "the executor starts again" up 0
equal "its container runs on" running "$(caisson_of_user ps | awk '$1 == "lives" { print $3 }')"
holds "what was parked is gone" eventually 20 has_sandboxes 1
equal "its processes are known, though nothing of theirs may be looked at" 1 \
  "$(caisson_of_user ps forced --output json | jq '.processes | length >= 2' | grep -c true)"
holds "one that an earlier executor made is deleted by force" caisson_of_user delete --force forced
holds "nothing of it is left" eventually 20 has_none "sleep 31415"
caisson_of_user kill lives TERM
equal "its exit code is the program's" 42 "$(caisson_of_user wait lives > /dev/null 2>&1; echo $?)"
caisson_of_user delete lives
# New ones all the time, but never many: nothing here bounds their number.
before=$(processes)
caisson_of_user run --detach --id forks --rootfs "$WORK/rootfs" -- sh -c 'while :; do sleep 0.05 & done' > /dev/null
caisson_of_user delete --force forks
holds "a container that forks leaves no process" eventually 20 has_processes "$before"
holds "the trail holds" caisson trail verify

echo "With a cgroup of its own"
caisson_of_user down --force > /dev/null
mkdir "$UNIFIED$DELEGATED" "$UNIFIED$DELEGATED/services"
chown "$USER_ID:$USER_ID" "$UNIFIED$DELEGATED"{,/services} "$UNIFIED$DELEGATED"{,/services}/cgroup.{procs,subtree_control,threads}
PARENT=$DELEGATED/sandboxes
holds "services start in it" sh -c "echo \$\$ > $UNIFIED$DELEGATED/services/cgroup.procs && exec \"\$@\"" sh \
  env WORK="$WORK" bash -c "$(declare -f up ours as_user); USER_ID=$USER_ID KAFKA=$KAFKA PARENT=$PARENT; up 0 >&2"
caisson_of_user run --detach --id counted --rootfs "$WORK/rootfs" -- sh -c 'while :; do :; done' > /dev/null
equal "a container is born in a cgroup" 1 "$(find "$UNIFIED$PARENT" -path '*/ctr-*' -name cgroup.procs -exec grep -l . {} + | wc -l)"
holds "its CPU time is known" eventually "$HANDED_OVER" cpu_is_known counted
caisson_of_user pause counted
equal "it is paused" paused "$(caisson_of_user ps | awk '$1 == "counted" { print $3 }')"
caisson_of_user resume counted
caisson_of_user kill --all counted KILL
caisson_of_user delete --force counted
caisson_of_user down --force > /dev/null
equal "no cgroup is left" '' "$(find "$UNIFIED$PARENT" -mindepth 1 -type d 2> /dev/null)"
holds "nothing of the user's runs" eventually 20 has_processes 0
conclude
