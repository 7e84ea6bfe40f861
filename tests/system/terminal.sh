#!/usr/bin/env bash
# Programs at terminals, from the one that the user sits at to the one in the container, through the client and the gateway.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

# at_terminal COMMAND…: at a terminal of 33 by 99, which script(1) makes; input is what is typed.
at_terminal() {
  local words
  words=$(printf '%q ' "$@")
  script -qefc "stty rows 33 cols 99; stty -g > $TEST_DIR/before; $words; stty -g > $TEST_DIR/after" /dev/null
}

# seen COMMAND…: what it prints there, without the ends of lines that terminals have, and without the null that script(1)
# types when it has nothing more to type.
seen() { at_terminal "$@" < /dev/null | tr -d '\r' | sed -e 's/\^@//g' -e '/^$/d'; }

# Looked for on the whole machine, where others test too.
readonly NAP=$((100000 + RANDOM * 32768 + RANDOM))

# Types a line each time that the program at the terminal has got to where it is wanted.
# shellcheck disable=SC2094 # it is read while it is written: that is how it is known where the program is.
job_control() {
  {
    until grep -q ready "$TEST_DIR/typed"; do sleep 0.1; done
    printf 'sleep %d\n' "$NAP"
    until pgrep -f "^sleep $NAP\$" > /dev/null; do sleep 0.1; done
    printf '\003echo code $?; exit 7\n'
  } | at_terminal "$ROOT/caisson" run --tty --rootfs "$TEST_ROOTFS" -- sh -c 'echo ready; exec sh -i' > "$TEST_DIR/typed"
}

echo "Terminals"
use_services
run=("$ROOT/caisson" run --tty --rootfs "$TEST_ROOTFS" --)

equal "a program has the first terminal of its container, of our size" $'/dev/pts/0\n33 99' \
  "$(seen "${run[@]}" sh -c 'tty; stty size')"
equal "our terminal is as it was" "$(cat "$TEST_DIR/before")" "$(cat "$TEST_DIR/after")"
# shellcheck disable=SC2016 # for the shell in the container
equal "the terminal is its console" same \
  "$(seen "${run[@]}" sh -c 'test "$(stat -L -c %t:%T /dev/console)" = "$(stat -c %t:%T "$(tty)")" && echo same')"
equal "errors come out of the same terminal" $'out\nerr' "$(seen "${run[@]}" sh -c 'echo out; echo err >&2')"

caisson run --detach --id terminal --rootfs "$TEST_ROOTFS" -- sleep 1000 > /dev/null
equal "an exec'd program has a terminal of its own" $'/dev/pts/0\n33 99' \
  "$(seen "$ROOT/caisson" exec --tty terminal -- sh -c 'tty; stty size')"
caisson delete --force terminal > /dev/null

: > "$TEST_DIR/typed"
holds "a key interrupts the program in the foreground" job_control
contains "and the shell goes on" 'code 130' "$(cat "$TEST_DIR/typed")"
equal "our terminal is as it was then too" "$(cat "$TEST_DIR/before")" "$(cat "$TEST_DIR/after")"

status=0
refusal=$("${run[@]}" true 2>&1 < /dev/null) || status=$?
equal "without a terminal there is none to give: exit code" 2 "$status"
contains "without a terminal there is none to give: in a sentence" '--tty needs a terminal as standard input' "$refusal"
conclude
