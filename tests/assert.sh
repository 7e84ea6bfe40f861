# Assertions for the scripts in tests/: each prints what it asserts; `conclude` prints the line that test runners print.
# shellcheck shell=bash

TESTS=0 FAILURES=0 SKIPPED=0

passed() { TESTS=$((TESTS + 1)); printf '  ok    %s\n' "$1"; }

# failed BEHAVIOUR [WHAT-WAS-SEEN]
failed() {
  TESTS=$((TESTS + 1)) FAILURES=$((FAILURES + 1))
  printf '  FAIL  %s\n' "$1"
  [[ $# -lt 2 ]] || printf '%s\n' "$2" | tail -n 15 | sed 's/^/        | /'
}

skipped() { TESTS=$((TESTS + 1)) SKIPPED=$((SKIPPED + 1)); printf '  skip  %s: %s\n' "$1" "$2"; }

# equal BEHAVIOUR EXPECTED ACTUAL
equal() { if [[ $2 == "$3" ]]; then passed "$1"; else failed "$1" "expected: $2"$'\n'"was:      $3"; fi; }

# contains BEHAVIOUR PART TEXT
contains() { if [[ $3 == *"$2"* ]]; then passed "$1"; else failed "$1" "expected to find: $2"$'\n'"in: $3"; fi; }

# holds BEHAVIOUR COMMAND…: the command succeeds.
holds() {
  local behaviour=$1 said
  shift
  if said=$("$@" 2>&1); then passed "$behaviour"; else failed "$behaviour" "$* ended with $?: $said"; fi
}

# eventually SECONDS COMMAND…: tries until it succeeds, for what happens by itself a little later.
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

conclude() {
  printf 'Tests run: %d, Failures: %d, Errors: 0, Skipped: %d\n' "$TESTS" "$FAILURES" "$SKIPPED"
  ((FAILURES == 0 && TESTS > SKIPPED))
}
