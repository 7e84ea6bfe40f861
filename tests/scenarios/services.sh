#!/usr/bin/env bash
# An executor and a gateway from what was built, as `caisson up` starts them, without a record beyond the executor's journal.
# services.sh DATA RULE…: returns when they answer; each RULE is a line of the guard's. `caisson down --force` ends them.
set -euo pipefail

HOME_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAUNCHER=$HOME_DIR/launcher
# shellcheck source=launcher/say.sh
source "$LAUNCHER/say.sh"
# shellcheck source=launcher/toolchain.sh
source "$LAUNCHER/toolchain.sh"
# shellcheck source=launcher/build.sh
source "$LAUNCHER/build.sh"
# shellcheck source=launcher/settings.sh
source "$LAUNCHER/settings.sh"
# shellcheck source=launcher/services.sh
source "$LAUNCHER/services.sh"

# Later rules would not replace earlier ones of the same key.
add_rules() {
  local rule
  for rule in "$@"; do
    sed -i "/^${rule%% =*} *=/d" "$DATA/guard.conf"
    printf '%s\n' "$rule" >> "$DATA/guard.conf"
  done
}

# What `stage` calls the folder of this build: it is used once.
name_build() {
  STAMP=$DATA/build
  echo scenarios > "$STAMP"
}

use_data "$1"
SERVICES=(executor gateway)
CAISSON_ARCHIVES=no
require_jdk
make_directories
name_build
make_guard "$DATA"
add_rules "${@:2}"
GATEWAY_PORT=$(free_port "$GATEWAY_PORT")
stage
configure_logging
start_service executor
start_service gateway
await_ready
