#!/usr/bin/env bash
# Pods in a network of the host, from the command line to CNI plugins and back: they talk to each other, a port of the host leads
# to one of them, `sandbox ls` knows their addresses, and nothing is left. A network namespace stands for the host.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

HOST=caisson-host-$$

in_host() { ip netns exec "$HOST" "$@"; }

# Services of its own, since theirs is another host.
start() {
  unset TEST_DIR
  ip netns add "$HOST"
  trap 'ip netns delete "$HOST"' EXIT
  in_host ip link set lo up
  export CAISSON_CNI_NETWORK=/run/netns/$HOST
  CAISSON_CNI_CONFIGURATIONS=$(mktemp -d /tmp/caisson-cni.XXXXXX)
  export CAISSON_CNI_CONFIGURATIONS
  configure > "$CAISSON_CNI_CONFIGURATIONS/10-pods.conflist"
  start_services
  trap stop EXIT
  printf 'networks.cni = pods\nnetworks.host-ports = 8000-8999\n' >> "$CAISSON_DATA/guard.conf"
  caisson down
  caisson up
}

configure() {
  cat <<JSON
{"cniVersion": "1.0.0", "name": "pods", "disableCheck": true, "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$CAISSON_CNI_CONFIGURATIONS/leases", "ranges": [[{"subnet": "10.88.0.0/16"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

stop() {
  trap - EXIT
  stop_services
  ip netns delete "$HOST"
  rm -rf "$CAISSON_CNI_CONFIGURATIONS"
}

address_of() { caisson sandbox ls --output json | jq -r --arg name "$1" '.sandboxes[] | select(.name | endswith("/" + $name)) | .networkStatus.interfaces[0].addresses[0].address | sub("/.*"; "")'; }

serve() { caisson run -d --sandbox "$1" --id "$1-server" --rootfs "$TEST_ROOTFS" -- nc -ll -p 8000 -e echo "$2"; }

# The links, rules and leases of sandboxes.
left() {
  in_host ip -o link | grep veth || true
  in_host iptables-save | grep -e 'id:' -e '/32' || true
  find "$CAISSON_CNI_CONFIGURATIONS/leases" -name '10.*' 2> /dev/null || true
}

nothing_left() { [[ -z $(left) ]]; }

if [[ ! -x /usr/lib/cni/bridge ]] || ! command -v iptables-save > /dev/null; then
  skipped "pods in a network of the host" "needs apt-get install containernetworking-plugins iptables"
  printf 'Tests run: 1, Failures: 0, Errors: 0, Skipped: 1\n'
  exit 0
fi
start
holds "a sandbox is made in a network" caisson sandbox create --network cni --publish 8080:8000 front
holds "another is made with its container" caisson run -d --network cni:pods --id back --rootfs "$TEST_ROOTFS" -- nc -ll -p 8000 -e echo back
holds "a server is started in the first" serve front front
front=$(address_of front)
contains "the list shows an address" "$front/16" "$(caisson sandbox ls)"
said() { [[ $(caisson exec "$1" -- nc -w 3 "$2" 8000 < /dev/null) == "$3" ]]; }
holds "the second reaches the first" eventually 10 said back "$front" front
holds "the first reaches the second" eventually 10 said front-server "$(address_of back)" back
equal "a port of the host leads to the first" front "$(in_host busybox nc -w 3 10.88.0.1 8080 < /dev/null)"
contains "its own name is known" "$front" "$(caisson exec front-server -- cat /etc/hosts)"
contains "the events tell of it" "network attached" "$(caisson events)"
if refused=$(caisson sandbox create --network cni --publish 80:80 other 2>&1); then failed "the guard refuses other ports"; else contains "the guard refuses other ports" "port 80" "$refused"; fi
holds "both are deleted" caisson sandbox rm --force front back
holds "nothing is left" nothing_left
conclude
