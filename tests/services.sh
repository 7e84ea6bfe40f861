# A private set of services with a root file system of busybox, for the scripts in tests/. They are started by the first
# who needs them (`use_services`), and stopped by whoever started them.
# shellcheck shell=bash

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

caisson() { "$REPOSITORY/caisson" "$@"; }

# make_rootfs DIR: busybox and links to it, and nothing else.
make_rootfs() {
  local applet
  mkdir -p "$1/bin" "$1/tmp"
  cp "$(command -v busybox)" "$1/bin/busybox"
  for applet in $("$1/bin/busybox" --list); do
    [[ $applet == busybox ]] || ln -sf busybox "$1/bin/$applet"
  done
}

start_services() {
  TEST_DIR=$(mktemp -d /tmp/caisson-test.XXXXXX)
  chmod 0755 "$TEST_DIR"
  # None in advance, unless asked for: the tests compare what is there before and after.
  export CAISSON_PARKED=${CAISSON_PARKED:-0}
  export CAISSON_ARCHIVES=no TEST_DIR CAISSON_DATA=$TEST_DIR/data TEST_ROOTFS=$TEST_DIR/private/rootfs
  [[ -n $(trap -p EXIT) ]] || trap stop_services EXIT # who has a trap has more to end, and these too
  install -d -m 0700 "$TEST_DIR/private" # containers write there as root
  make_rootfs "$TEST_ROOTFS"
  make_hook "$TEST_DIR/hook.sh"
  caisson up --allow "$TEST_DIR" --allow-hook "$TEST_DIR/hook.sh"
}

make_hook() {
  printf '#!/bin/sh\ncat > /dev/null\necho the hook has run\n' > "$1"
  chmod 0755 "$1"
}

stop_services() {
  [[ -n ${TEST_DIR:-} ]] || return 0
  caisson down --force
  rm -rf --one-file-system "$TEST_DIR"
  unset TEST_DIR
}

# Those that `verify` has started, or own ones.
use_services() {
  [[ -n ${TEST_DIR:-} ]] || start_services
}
