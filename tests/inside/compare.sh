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
# Specifications; a client that starts is most of what is waited for.
AT_ONCE=2

# Services of their own: a guard that allows what the documents ask for is not for other tests.
start() {
  WORK=$(mktemp -d /tmp/caisson-inside.XXXXXX)
  trap stop EXIT
  chmod 0755 "$WORK"
  export CAISSON_DATA=$WORK/data CAISSON_PARKED=0 CAISSON_ARCHIVES=no
  local engine
  mkdir -p "$WORK/runs" "$WORK/uppers"
  mkfifo "$WORK/quiet"
  exec 9<> "$WORK/quiet"
  gcc -std=gnu11 -O1 -static -Wall -Wextra -Werror -o "$WORK/probe" "$HERE/probe.c"
  make_image "$WORK/image"
  for engine in "${ENGINES[@]}"; do
    mkdir -p "$WORK/$engine"
  done
  chmod 0700 "$WORK/caisson" # what containers of ours can write must be out of reach
  mkfs.erofs "$WORK/image.erofs" "$WORK/image" > /dev/null 2>&1
  "$WORK/probe" > "$WORK/host.json"
  make_namespaces "$WORK/namespaces"
  permissive_guard
  caisson up > "$WORK/up.log" 2>&1 || { cat "$WORK/up.log" >&2; exit 1; }
}

stop() {
  trap - EXIT
  caisson down --force > /dev/null 2>&1 || true
  find /sys/fs/cgroup -depth -type d -path "*$CGROUP*" -exec rmdir {} + 2> /dev/null || true
  umount "$WORK/namespaces/"* "$WORK/namespaces" 2> /dev/null || true
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

# make_volumes DIRECTORY: of one specification in one engine, since others run at the same time.
make_volumes() {
  [[ ! -d $1 ]] || return 0
  mkdir -p "$1/data" "$1/shm"
  echo 127.0.0.1 localhost | tee "$1/hosts" "$1/hostname" "$1/resolv.conf" "$1/.containerenv" > "$1/data/file"
  cp "$WORK/image/etc/passwd" "$WORK/image/etc/group" "$1"
}

# Namespaces of nobody's, to be joined; `joined.json` tells which they are.
# shellcheck disable=SC2016 # for the inner shell
make_namespaces() {
  mkdir "$1"
  mount --bind "$1" "$1"
  mount --make-private "$1"
  touch "$1"/{net,ipc,uts,cgroup,time}
  unshare --net="$1/net" --ipc="$1/ipc" --uts="$1/uts" --cgroup="$1/cgroup" --time="$1/time" --boottime 3600 --fork \
    sh -c 'echo joined > /proc/sys/kernel/hostname; exec "$0"' "$WORK/probe" | jq -c .namespaces > "$WORK/joined.json"
}

permissive_guard() {
  install -d -m 0711 "$CAISSON_DATA"
  (umask 0077 && cat > "$CAISSON_DATA/guard.conf") <<CONF
rootfs.roots = $WORK
rootfs.images = true
namespaces.roots = $WORK/namespaces
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

# member SPEC PATH: of the specification, or nothing.
member() { jq -r "$2 // empty" "$HERE/specs/$1.json"; }

# bundle ENGINE SPEC [beside]: prints the directory of the container, or of the other one that it is run beside.
bundle() {
  local directory=$WORK/$1/$2${3:+.$3} specification=$HERE/specs/$2.json base
  local volumes=$WORK/$1/volumes/$2
  mkdir -p "$directory"
  make_volumes "$volumes"
  cp -al "$WORK/image" "$directory/rootfs"
  base=$(member "$2" .base)
  jq --slurpfile documents "$HERE/documents/$base.json" --slurpfile hosts "$WORK/host.json" --arg engine "$1" \
    --arg role "${3:-}" --arg directory "$directory" --arg volumes "$volumes" --arg image "$WORK/image.erofs" \
    --arg uppers "$WORK/uppers" --arg namespaces "$WORK/namespaces" --arg beside "${BESIDE:-}" --arg cgroup "$CGROUP" \
    "\$documents[0] as \$base | \$hosts[0].rlimits as \$limits | $(cat "$HERE/compose.jq")" "$specification" \
    | sed 's/18446744073709552000/18446744073709551615/' > "$directory/config.json"
  [[ $1 == caisson ]] || mounts_of "$2" "$directory" > "$directory/mounts"
  echo "$directory"
}

# mounts_of SPEC DIRECTORY: what other runtimes must be given mounted, as a script.
mounts_of() {
  local made=$2/root
  mkdir -p "$made" "$2/layers" "$2/lower"
  case $(member "$1" .theirs.root) in
    overlay) overlay_of "$2/rootfs" "$2" ;;
    image) echo "mount -t erofs -o ro $WORK/image.erofs $made" ;;
    image-overlay)
      echo "mount -t erofs -o ro $WORK/image.erofs $2/lower"
      overlay_of "$2/lower" "$2"
      ;;
  esac
}

overlay_of() {
  echo "mount -t tmpfs tmpfs $2/layers && mkdir $2/layers/upper $2/layers/work"
  echo "mount -t overlay overlay -o lowerdir=$1,upperdir=$2/layers/upper,workdir=$2/layers/work $2/root"
}

# engine ENGINE DIRECTORY WORD…: sets COMMAND, which calls the runtime. Others than ours see what a bundle needs in a mount
# namespace of their own. crun takes a hierarchy of version 2 beside others for one of its own.
# shellcheck disable=SC2016 # for the inner shell
engine() {
  local engine=$1 directory=$2
  shift 2
  if [[ $engine == caisson ]]; then
    COMMAND=("$ROOT/caisson" "$@")
  else
    COMMAND=(unshare -m sh -ec '[ "$1" != crun ] || umount /sys/fs/cgroup/unified 2> /dev/null || true; . "$2"; shift 2; exec "$@"'
      sh "$engine" "$directory/mounts" "$engine" --root "$WORK/$engine/state" "$@")
  fi
}

# at_terminal COMMAND…: at a terminal of 33 by 99 at which nobody types, which script(1) makes.
at_terminal() {
  local words
  words=$(printf '%q ' "$@")
  script -qefc "stty rows 33 cols 99; $words" /dev/null <&9 | tr -d '\r'
}

# streams SPEC COMMAND…: with a terminal or pipes for its streams, so that these do not differ by who is watching.
streams() {
  local spec=$1
  shift
  if [[ -n $(member "$spec" '(.exec // .patch.process).terminal') ]]; then at_terminal "$@"; else : | "$@"; fi
}

# wait_in ENGINE DIRECTORY ID: starts a container that waits, and prints its first process. It keeps none of our streams.
wait_in() {
  if [[ $1 == caisson ]]; then
    "$ROOT/caisson" run -d -o json --id "$3" --bundle "$2" | jq .pid
  else
    engine "$1" "$2" run --detach --bundle "$2" "$3"
    "${COMMAND[@]}" < /dev/null > /dev/null 2> "$2/waiting.log" || cat "$2/waiting.log" >&2
    "$1" --root "$WORK/$1/state" state "$3" | jq .pid
  fi
}

# tell ENGINE SPEC ID: the probe's answer, of the container's first process, of one that is executed in it, or of one beside.
tell() {
  local engine=$1 spec=$2 id=$3 directory words=() input=(-n)
  [[ -z $(member "$spec" '(.exec // .patch.process).terminal') ]] || input=()
  if [[ -n $(member "$spec" .beside) ]]; then
    BESIDE=$(wait_in "$engine" "$(bundle "$engine" "$spec" beside)" "$id-beside")
    namespaces_of "$BESIDE" > "$WORK/runs/$spec.$engine.joined"
    words+=(--sandbox "$id-beside")
  fi
  directory=$(bundle "$engine" "$spec")
  if [[ -n $(member "$spec" .exec) ]]; then
    jq .exec "$HERE/specs/$spec.json" > "$directory/process.json"
    wait_in "$engine" "$directory" "$id" > /dev/null
    words=(exec "${input[@]}" --process "$directory/process.json" "$id")
    [[ $engine == caisson ]] || words=(exec --process "$directory/process.json" "$id")
  else
    words=(run "${input[@]}" --id "$id" --bundle "$directory" "${words[@]}")
    [[ $engine == caisson ]] || words=(run --bundle "$directory" "$id")
  fi
  engine "$engine" "$directory" "${words[@]}"
  streams "$spec" "${COMMAND[@]}"
}

namespaces_of() {
  local name
  for name in cgroup ipc mnt net pid time user uts; do
    stat -L -c "{\"$name\": %i}" "/proc/$1/ns/$name"
  done | jq -cs add
}

# end_waiting ENGINE SPEC ID: ours ends with the services.
end_waiting() {
  [[ $1 != caisson && -n $(member "$2" '.exec // .beside') ]] || return 0
  "$1" --root "$WORK/$1/state" delete --force "$3" || true
  "$1" --root "$WORK/$1/state" delete --force "$3-beside" || true
} > /dev/null 2>&1

# run_once ENGINE SPEC: the facts are in $WORK/runs/SPEC.ENGINE, or why there are none in $WORK/runs/SPEC.ENGINE.refused.
run_once() {
  local answer=$WORK/runs/$2.$1 joined=$WORK/joined.json ended=0
  { tell "$1" "$2" "inside-$2" 2>&3 | cat > "$answer.json"; } 3>&1 | cat > "$answer.refused" || ended=$?
  sed -i '/^warning: config.json: /d' "$answer.json" # at a terminal both streams are one
  end_waiting "$1" "$2" "inside-$2"
  [[ ! -e $answer.joined ]] || joined=$answer.joined
  if [[ $ended -eq 0 ]] && jq -e .calls "$answer.json" > /dev/null 2>&1; then
    rm "$answer.refused"
    jq -c --slurpfile hosts "$WORK/host.json" --slurpfile joined "$joined" --arg id "inside-$2" \
      "\$hosts[0] as \$host | \$joined[0] as \$joined | $(cat "$HERE/facts.jq")" "$answer.json" > "$answer"
  else
    cat "$answer.json" >> "$answer.refused"
  fi
}

# refusal ENGINE SPEC: prints the number of the row that lists it.
refusal() {
  jq -r --arg engine "$1" --arg spec "$2" --rawfile said "$WORK/runs/$2.$1.refused" \
    'to_entries[] | select((.value | .engine == $engine and (.specs | index($spec))) and (.value.says as $says | $said | contains($says))) | .key' \
    "$HERE/refusals.json" | head -n 1
}

# run ENGINE SPEC: once more where an engine beside ours fails as no row says. Now and then crun writes what a program puts out
# at a terminal into its log.
run() {
  run_once "$1" "$2"
  if [[ $1 != caisson && -e $WORK/runs/$2.$1.refused && -z $(refusal "$1" "$2") ]]; then
    run_once "$1" "$2"
  fi
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

# run_all SPEC…: all of them at once. What ours is known to refuse nobody else is asked for: there is nothing to compare.
run_all() {
  local spec engine
  for spec in "$@"; do
    for engine in "${ENGINES[@]}"; do
      [[ $engine != caisson && -n $(ours_refuses "$spec") ]] || run "$engine" "$spec" &
    done
  done
  wait
}

ours_refuses() { jq -r --arg spec "$1" '.[] | select(.engine == "caisson" and (.specs | index($spec))) | .why' "$HERE/refusals.json"; }

compare() {
  local spec=$1 engine running=()
  for engine in "${ENGINES[@]}"; do
    [[ ! -e $WORK/runs/$spec.$engine.json ]] || ! ran "$engine" "$spec" || running+=("$engine")
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
for ((i = 0; i < ${#specs[@]}; i += AT_ONCE)); do
  run_all "${specs[@]:i:AT_ONCE}"
  for spec in "${specs[@]:i:AT_ONCE}"; do
    compare "$spec"
  done
done
[[ $# -gt 0 ]] || { check_lists; report; }
conclude
