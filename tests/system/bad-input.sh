#!/usr/bin/env bash
# Each bad input gets a canonical code, a reason, and a sentence that says what to do; and nothing remains of it.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=tests/state.sh
source "$ROOT/tests/state.sh"

# refused BEHAVIOUR EXIT CODE REASON COMMAND…: the client ends with EXIT and says CODE and REASON, and nothing is left.
refused() {
  local behaviour=$1 exit=$2 code=$3 reason=$4 before after error status=0
  shift 4
  before=$(left_behind)
  error=$(caisson "$@" 2>&1 > /dev/null < /dev/null) || status=$?
  equal "$behaviour: exit code" "$exit" "$status"
  equal "$behaviour: code" "$code" "$(jq -r '.error.code // empty' <<< "$error" 2> /dev/null || echo "$error")"
  equal "$behaviour: reason" "$reason" "$(jq -r '.error.reason // empty' <<< "$error" 2> /dev/null || echo "$error")"
  holds "$behaviour: says what to do: $(jq -r '.error.message + " / " + .error.hint' <<< "$error" 2> /dev/null | cut -c 1-150)" says_something "$error"
  eventually 5 same_as "$before" || true
  after=$(left_behind)
  equal "$behaviour: nothing remains" '' "$(diff <(echo "$before") <(echo "$after") || true)"
}

# shows KIND BEFORE: that the comparison sees what it is made to see.
# shellcheck disable=SC2143 # diff ends with 1 where it finds something, which pipefail would take for a failure.
shows() { [[ -n $(diff <(grep " $1 " <<< "$2") <(left_behind | grep " $1 ") | grep '^>') ]]; }

# A sentence: some words, and no Java in it.
says_something() { jq -e '.error.message | (split(" ") | length) > 3 and (contains("Exception") | not)' <<< "$1"; }

# bundle NAME TEXT: prints its directory.
bundle() {
  mkdir -p "$TEST_DIR/bundles/$1"
  printf '%s' "$2" > "$TEST_DIR/bundles/$1/config.json"
  echo "$TEST_DIR/bundles/$1"
}

echo "Bad input"
use_services
run=(run --output json --rootfs "$TEST_ROOTFS")

# The first container makes what is made once for all of them.
caisson run -n --rootfs "$TEST_ROOTFS" -- true

refused "a root file system that is not there" 125 INVALID_ARGUMENT ROOTFS_NOT_FOUND \
  run --output json --rootfs "$TEST_DIR/nowhere" -- true
refused "a root file system that is a file" 125 INVALID_ARGUMENT ROOTFS_NOT_FOUND \
  run --output json --rootfs "$TEST_ROOTFS/bin/busybox" -- true
refused "a root file system outside of what the guard allows" 125 PERMISSION_DENIED GUARD_REFUSED \
  run --output json --rootfs / -- true
refused "a command that is not in it" 127 NOT_FOUND COMMAND_NOT_FOUND "${run[@]}" -- no-such-command
refused "a path that is not in it" 127 NOT_FOUND COMMAND_NOT_FOUND "${run[@]}" -- /bin/no-such-command
printf 'not a program' > "$TEST_ROOTFS/tmp/not-executable"
refused "a command that may not be executed" 126 PERMISSION_DENIED COMMAND_NOT_EXECUTABLE "${run[@]}" -- /tmp/not-executable
for id in a/b .. ../x '' 'a b' -x "$(printf 'x%.0s' {1..65})"; do
  refused "the id '${id:0:12}'" 125 INVALID_ARGUMENT INVALID_FIELD "${run[@]}" --id="$id" -- true
done
refused "a spec that is not JSON" 125 INVALID_ARGUMENT MALFORMED_JSON \
  run --output json --bundle "$(bundle text 'this is not JSON')"
refused "a spec that is cut off" 125 INVALID_ARGUMENT MALFORMED_JSON \
  run --output json --bundle "$(bundle cut '{"ociVersion": "1.2.0", "process": {')"
refused "a spec without process.args" 125 INVALID_ARGUMENT INVALID_OCI_SPEC \
  run --output json --bundle "$(bundle args '{"ociVersion":"1.2.0","process":{"cwd":"/"},"root":{"path":"'"$TEST_ROOTFS"'"}}')"
# document FIELDS: a document with these, prints its directory.
document() {
  bundle "doc-${#1}-$RANDOM" "$(jq -n --arg root "$TEST_ROOTFS" '{ociVersion: "1.2.0", root: {path: $root},
    process: {cwd: "/", args: ["true"], noNewPrivileges: true},
    linux: {namespaces: (["pid", "network", "mount", "ipc", "uts", "cgroup"] | map({type: .}))}} * ('"$1"')')"
}

# names FIELD BUNDLE: that the refusal of a bundle names the field as the document does.
names() {
  equal "a refusal names $1" "$1" "$(caisson run --output json --bundle "$2" 2>&1 > /dev/null < /dev/null | jq -r '.error.field // empty')"
}

option=$(document '{mounts: [{destination: "/m", type: "tmpfs", source: "t", options: ["bogus=1"]}]}')
refused "an option that tmpfs does not have" 125 INVALID_ARGUMENT INVALID_SPEC run --output json --bundle "$option"
names "mounts[0]" "$option"
parameter=$(document '{linux: {sysctl: {"net.nonexistent": "1"}}}')
refused "a kernel parameter that is not there" 125 INVALID_ARGUMENT INVALID_SPEC run --output json --bundle "$parameter"
names linux.sysctl.net.nonexistent "$parameter"
directory=$(document '{process: {cwd: "/bin/busybox"}}')
refused "a working directory that is a file" 125 INVALID_ARGUMENT INVALID_SPEC run --output json --bundle "$directory"
names process.cwd "$directory"
masked=$(document '{linux: {maskedPaths: ["/proc/self/fd/0"]}}')
refused "a masked path through a link of the kernel" 125 INVALID_ARGUMENT INVALID_SPEC run --output json --bundle "$masked"
names linux.maskedPaths "$masked"
capability=$(document '{process: {capabilities: {bounding: ["CAP_FOO"]}}}')
refused "a capability that nobody knows" 125 INVALID_ARGUMENT INVALID_SPEC run --output json --bundle "$capability"
names process.capabilities.bounding "$capability"
equal "what has no effect is told" "warning: config.json: process.bogus is not known and was ignored" \
  "$(caisson run -n --bundle "$(document '{process: {bogus: 1}}')" 2>&1 > /dev/null)"

for verb in wait inspect start pause resume delete kill; do
  refused "$verb of an unknown container" 125 NOT_FOUND CONTAINER_NOT_FOUND "$verb" --output json nobody
done
refused "a memory limit below what exec needs" 125 INVALID_ARGUMENT LIMIT_TOO_LOW "${run[@]}" --memory 64k -- true

caisson create --id once --rootfs "$TEST_ROOTFS" -- sleep 100 > /dev/null
refused "a second create of the same id" 125 ALREADY_EXISTS CONTAINER_EXISTS \
  create --output json --id once --rootfs "$TEST_ROOTFS" -- true
refused "pausing what does not run" 125 FAILED_PRECONDITION WRONG_STATE pause --output json once
caisson delete --force once

without=$(left_behind)
caisson run --detach --id lives --rootfs "$TEST_ROOTFS" -- sleep 100 > /dev/null
for kind in process cgroup socket; do
  holds "one that is there shows as a further $kind" eventually 5 shows "$kind" "$without"
done
refused "starting what runs" 125 FAILED_PRECONDITION WRONG_STATE start --output json lives
refused "deleting what runs" 125 FAILED_PRECONDITION WRONG_STATE delete --output json lives
equal "a container beside all this still runs" running "$(caisson ps | awk '$1 == "lives" { print $3 }')"
caisson delete --force lives
conclude
