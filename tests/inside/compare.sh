#!/usr/bin/env bash
# What a process sees in a container of ours, of runc and of crun, made from the same documents: the same, except for what
# differences.json lists with a reason. A difference that is not listed fails, and so does one that is listed and no longer
# there; in the same way, refusals.json lists what a runtime does not run.
# compare.sh [SPEC…]: only these, and then nothing is said of what is listed in vain.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

ENGINES=(caisson runc crun)
CGROUP=/caisson-inside-$$

# Services of their own: a guard that allows what the documents ask for is not for other tests.
start() {
  WORK=$(mktemp -d /tmp/caisson-inside.XXXXXX)
  trap stop EXIT
  chmod 0755 "$WORK"
  export CAISSON_DATA=$WORK/data CAISSON_PARKED=0 CAISSON_ARCHIVES=no
  local engine
  mkdir -p "$WORK/runs"
  gcc -std=gnu11 -O1 -static -Wall -Wextra -Werror -o "$WORK/probe" "$HERE/probe.c"
  make_image "$WORK/image"
  for engine in "${ENGINES[@]}"; do
    mkdir -p "$WORK/$engine"
    make_volumes "$WORK/$engine/volumes"
  done
  "$WORK/probe" > "$WORK/host.json"
  permissive_guard
  caisson up > "$WORK/up.log" 2>&1 || { cat "$WORK/up.log" >&2; exit 1; }
}

stop() {
  trap - EXIT
  caisson down --force > /dev/null 2>&1 || true
  find /sys/fs/cgroup -depth -type d -path "*$CGROUP*" -exec rmdir {} + 2> /dev/null || true
  if [[ -n ${KEEP:-} ]]; then echo "$WORK"; else rm -rf --one-file-system "$WORK"; fi
}

make_image() {
  mkdir -p "$1"/{bin,etc,tmp,var,home/app,dev,proc,sys,run}
  chmod 1777 "$1/tmp"
  cp "$WORK/probe" "$1/bin/probe"
  printf 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n' > "$1/etc/passwd"
  printf 'root:x:0:\napp:x:1001:\n' > "$1/etc/group"
  touch "$1"/etc/{hosts,hostname,resolv.conf} "$1/run/.containerenv"
  ln -s group "$1/etc/link-to-group"
  ln -s /var "$1/link-to-var"
  ln -s ../../../../tmp "$1/link-above"
}

make_volumes() {
  mkdir -p "$1/data" "$1/shm"
  echo 127.0.0.1 localhost | tee "$1/hosts" "$1/hostname" "$1/resolv.conf" "$1/.containerenv" > "$1/data/file"
  cp "$WORK/image/etc/passwd" "$WORK/image/etc/group" "$1"
}

permissive_guard() {
  install -d -m 0711 "$CAISSON_DATA"
  (umask 0077 && cat > "$CAISSON_DATA/guard.conf") <<CONF
rootfs.roots = $WORK
mounts.roots = $WORK
bundles.roots = $WORK
cgroup.parent = /caisson-$(printf '%s' "$CAISSON_DATA" | sha256sum | cut -c 1-8)
capabilities = $(jq -rs '[.[].patch.process.capabilities // {} | .[][]] | unique | join(" ")' "$HERE/specs/"*.json) CAP_AUDIT_WRITE CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_MKNOD CAP_NET_RAW CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT
namespaces.host = true
user-namespace.host = true
user-namespace.mapped-ids = 100000-165535
devices = true
new-privileges = true
seccomp.unconfined = true
seccomp.denied =
scheduling.realtime = true
limits.rlimits = RLIMIT_NOFILE=unlimited RLIMIT_NICE=unlimited RLIMIT_RTPRIO=unlimited
devices.allowed = c:10:229
CONF
}

# bundle ENGINE SPEC: prints its directory.
bundle() {
  local directory=$WORK/$1/$2 specification=$HERE/specs/$2.json base
  mkdir -p "$directory"
  cp -al "$WORK/image" "$directory/rootfs"
  base=$(jq -r .base "$specification")
  jq --slurpfile documents "$HERE/documents/$base.json" --slurpfile hosts "$WORK/host.json" --arg engine "$1" \
    --arg rootfs "$directory/rootfs" --arg volumes "$WORK/$1/volumes" --arg cgroup "$CGROUP" \
    "\$documents[0] as \$base | \$hosts[0].rlimits as \$limits | $(cat "$HERE/compose.jq")" "$specification" \
    | sed 's/18446744073709552000/18446744073709551615/' > "$directory/config.json"
  echo "$directory"
}

# Each has pipes for its streams, so that these do not differ by who is watching.
run_caisson() { caisson run -n --id "$2" --bundle "$1"; }
run_runc() { : | runc --root "$WORK/runc/state" run --bundle "$1" "$2"; }
# crun takes a hierarchy of version 2 beside others for one of its own.
# shellcheck disable=SC2016 # for the inner shell
run_crun() {
  : | unshare -m sh -c 'umount /sys/fs/cgroup/unified 2> /dev/null; exec crun "$@"' crun \
    --root "$WORK/crun/state" run --bundle "$1" "$2"
}

# run ENGINE SPEC: the facts are in $WORK/runs/SPEC.ENGINE, or why there are none in $WORK/runs/SPEC.ENGINE.refused.
run() {
  local directory answer=$WORK/runs/$2.$1
  directory=$(bundle "$1" "$2")
  { "run_$1" "$directory" "inside-$2" 2>&3 | cat > "$answer.json"; } 3>&1 | cat > "$answer.refused"
  if jq -e .calls "$answer.json" > /dev/null 2>&1; then
    rm "$answer.refused"
    jq -c --slurpfile hosts "$WORK/host.json" --arg id "inside-$2" "\$hosts[0] as \$host | $(cat "$HERE/facts.jq")" \
      "$answer.json" > "$answer"
  fi
}

# refusal ENGINE SPEC: prints the number of the row that lists it.
refusal() {
  jq -r --arg engine "$1" --arg spec "$2" --rawfile said "$WORK/runs/$2.$1.refused" \
    'to_entries[] | select((.value | .engine == $engine and (.specs | index($spec))) and (.value.says as $says | $said | contains($says))) | .key' \
    "$HERE/refusals.json" | head -n 1
}

# ran ENGINE SPEC: whether it ran; where it did not, that this is listed.
ran() {
  local row
  [[ -e $WORK/runs/$2.$1.refused ]] || return 0
  row=$(refusal "$1" "$2")
  if [[ -z $row ]]; then
    failed "$2: $1 runs it, or refusals.json says why not" "$(cat "$WORK/runs/$2.$1.refused")"
  else
    echo "$row $2" >> "$WORK/refusals"
    skipped "$2: $1 does not run it" "$(jq -r ".[$row].why" "$HERE/refusals.json")"
  fi
  return 1
}

# check SPEC ENGINE
check() {
  local result listed
  result=$WORK/runs/$1.compared.$2
  jq -n --arg spec "$1" --arg engine "$2" --slurpfile ours "$WORK/runs/$1.caisson" --slurpfile theirs "$WORK/runs/$1.$2" \
    --slurpfile table "$HERE/differences.json" \
    "\$table[0] as \$rows | {spec: \$spec, engine: \$engine, ours: \$ours[0], theirs: \$theirs[0]} | $(cat "$HERE/compare.jq")" > "$result"
  listed=$(jq -r '"\(.facts) facts, \(.listed | length) listed differences"' "$result")
  if [[ $(jq '.unlisted | length' "$result") -eq 0 ]]; then
    passed "$1: as in $2 ($listed)"
  else
    failed "$1: as in $2 ($listed)"
    jq -r '.unlisted[] | "        | \(.path): \(.ours) in ours, \(.theirs) in theirs"' "$result"
  fi
}

compare() {
  local spec=$1 engine
  for engine in "${ENGINES[@]}"; do
    run "$engine" "$spec" &
  done
  wait
  local running=()
  for engine in "${ENGINES[@]}"; do
    ! ran "$engine" "$spec" || running+=("$engine")
  done
  [[ ${running[0]:-} == caisson ]] || return 0
  for engine in "${running[@]:1}"; do
    check "$spec" "$engine"
  done
}

# What is listed has been seen, or must go from the list.
check_lists() {
  local unused
  unused=$(jq -s --slurpfile table "$HERE/differences.json" -r \
    '[.[].listed[].row] as $seen | $table[0] | to_entries[] | select(.key as $row | $seen | index($row) | not) | "\(.value.path): \(.value.why)"' \
    "$WORK/runs/"*.compared.*)
  equal "every listed difference is there" '' "$unused"
  touch "$WORK/refusals"
  unused=$(jq --rawfile seen "$WORK/refusals" -r \
    '($seen | split("\n")) as $lines | to_entries[] | .key as $row | .value | .engine as $engine | .specs[] | select("\($row) \(.)" as $line | $lines | index($line) | not) | "\($engine) runs \(.)"' \
    "$HERE/refusals.json")
  equal "what is listed as refused is refused" '' "$unused"
}

report() {
  echo
  echo "Where we differ, how often, and why:"
  jq -s --slurpfile table "$HERE/differences.json" -r \
    '[.[].listed[].row] as $seen | $table[0] | to_entries[] | .key as $row | "  \([$seen[] | select(. == $row)] | length)\t\(.value.path)\n\t\(.value.why)"' \
    "$WORK/runs/"*.compared.*
  echo
}

echo "The inside of a container, beside $(runc --version | head -n 1) and $(crun --version | head -n 1)"
start
specs=("$@")
[[ $# -gt 0 ]] || mapfile -t specs < <(cd "$HERE/specs" && printf '%s\n' *.json | sed 's/\.json$//')
for spec in "${specs[@]}"; do
  compare "$spec"
done
[[ $# -gt 0 ]] || { check_lists; report; }
conclude
