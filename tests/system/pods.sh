#!/usr/bin/env bash
# A hundred sandboxes of three containers each, made at once by 16 clients and deleted at once: none fails, nothing is left, and
# the CPU time of each adds up to the nanosecond.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=tests/state.sh
source "$ROOT/tests/state.sh"

use_services
caisson run --rootfs "$TEST_ROOTFS" -- true # from now on what an executor opens once is open
before=$(left_behind)
holds "a hundred pods are made and deleted" caisson bench pods --count 100
holds "nothing is left" eventually 10 same_as "$before"
conclude
