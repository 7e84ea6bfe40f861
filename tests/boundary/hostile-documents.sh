#!/usr/bin/env bash
# Documents that are made so that a policy reads one thing and the runtime another, or so that reading them costs too much:
# refused as a whole, through the gateway; and the same document without the trick runs, so that it is the trick that is
# refused.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

# bundle NAME TEXT: prints its directory.
bundle() {
  mkdir -p "$TEST_DIR/bundles/$1"
  printf '%s' "$2" > "$TEST_DIR/bundles/$1/config.json"
  echo "$TEST_DIR/bundles/$1"
}

# document MEMBERS [PROCESS-MEMBERS]: a document that runs, and more.
document() {
  printf '{"ociVersion":"1.2.0","process":{"args":["sh","-c","id -u; grep NoNewPrivs /proc/self/status"],"cwd":"/","env":["PATH=/bin"],"noNewPrivileges":true%s},"root":{"path":"%s"},"linux":{"namespaces":[{"type":"mount"},{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"}]}%s}' \
    "${2:-}" "$TEST_ROOTFS" "${1:-}"
}

# refused BEHAVIOUR REASON NAME TEXT
refused() {
  local error status=0
  error=$(caisson run -n --output json --bundle "$(bundle "$3" "$4")" 2>&1 > /dev/null) || status=$?
  equal "$1: does not run" 125 "$status"
  equal "$1: reason" "$2" "$(jq -r '.error.reason // empty' <<< "$error" 2> /dev/null || echo "$error")"
  equal "$1: one line, without control characters" 0 "$(jq -r .error.message <<< "$error" 2> /dev/null | head -c -1 | tr -d '[:print:]' | LC_ALL=C tr -d '\200-\377' | wc -c)"
}

# nested DEPTH: arrays in arrays.
nested() { printf '[%.0s' $(seq "$1"); printf ']%.0s' $(seq "$1"); }

echo "Hostile documents"
use_services
equal "the document without a trick runs" "0 NoNewPrivs: 1" "$(caisson run -n --bundle "$(bundle plain "$(document)")" | tr -s '\t\n' ' ' | sed 's/ $//')"

refused "a member twice, the second one weaker" MALFORMED_JSON twice "$(document '' ',"noNewPrivileges":false')"
refused "an object twice" MALFORMED_JSON object-twice "$(document ',"process":{"args":["true"],"cwd":"/"}')"
refused "a member twice, once in escapes" MALFORMED_JSON escaped "$(document '' ',"noNewPrivilege\u0073":false')"
refused "text after the document" MALFORMED_JSON trailing "$(document) {}"
refused "bytes that are no UTF-8" MALFORMED_JSON bytes "$(document ",\"x\":\"$(printf '\xff\xfe')\"")"
refused "a comment" MALFORMED_JSON comment "$(document '/* */')"
refused "arrays in arrays, 65 deep" MALFORMED_JSON deep "$(document ",\"x\":$(nested 65)")"
refused "a number of 41 digits" MALFORMED_JSON number "$(document ",\"x\":$(printf '1%.0s' {1..41})")"
refused "lines and escapes in a name" INVALID_SPEC lines "$(document ',"hostname":"a\nb\u001b[31m"')"
# Of another case it is another member, which has no effect: what is then asked for is what the policy sees.
equal "a member in another case changes nothing" "0 NoNewPrivs: 1" \
  "$(caisson run -n --bundle "$(bundle case "$(document '' ',"NoNewPrivileges":false,"nonewprivileges":false')")" | tr -s '\t\n' ' ' | sed 's/ $//')"

bundle large "" > /dev/null
document ",\"annotations\":{\"x\":\"$(head -c 1100000 /dev/zero | tr '\0' x)\"}" > "$TEST_DIR/bundles/large/config.json"
status=0
caisson run -n --bundle "$TEST_DIR/bundles/large" > /dev/null 2>&1 || status=$?
equal "a document of more than 1 MiB: does not run" 125 "$status"
conclude
