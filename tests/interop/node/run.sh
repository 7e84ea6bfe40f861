#!/usr/bin/env bash
# A Node.js client, made from the proto files alone, creates and runs containers through the gateway's socket.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/assert.sh
source "$HERE/../../assert.sh"
# shellcheck source=tests/services.sh
source "$HERE/../../services.sh"

WORK=$(mktemp -d)

# In a folder of its own: the source tree stays as it was.
install_packages() {
  cp "$HERE/package.json" "$HERE/package-lock.json" "$WORK/"
  (cd "$WORK" && npm ci --ignore-scripts --no-audit --no-fund)
}

echo "Node.js"
use_services
holds "npm installs the pinned packages" install_packages
report=$(NODE_PATH=$WORK/node_modules node --test --test-reporter=tap "$HERE/vectors.js" "$HERE/run.js" 2>&1) || true
rm -rf "$WORK"
# Each test as one of ours; what a failing one says comes below it.
while read -r line; do
  case $line in
    'not ok '*) failed "${line#not ok * - }" "$report" ;;
    'ok '*) passed "${line#ok * - }" ;;
  esac
done < <(grep -E '^ {0,4}(not )?ok [0-9]+ - ' <<< "$report" | grep -v '\.js$')
((TESTS > 1)) || failed "node runs its tests" "$report"
conclude
