#!/usr/bin/env bash
# The privilege boundary as it is on the running processes and their files, not as it is meant.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

# field SERVICE NAME: of /proc/PID/status.
field() { awk -v name="$2:" '$1 == name { $1 = ""; print substr($0, 2) }' "/proc/$(pid_of "$1")/status"; }

pid_of() { cut -d ' ' -f 1 "$CAISSON_DATA/run/$1.pid"; }

uid_of() { stat -c %u "/proc/$(pid_of "$1")"; }

# as UID COMMAND…: without capabilities, as a service would be after a takeover.
as() {
  local uid=$1
  shift
  setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}

# For what must not be possible. That the attempt itself can be made is the first test.
refuses() { ! "$@"; }

listening_tcp() {
  local inodes
  inodes=$(find "/proc/$(pid_of "$1")/fd" -lname 'socket:*' -printf '%l\n' 2> /dev/null | tr -dc '0-9\n' | sort -u)
  awk 'NR > 1 && $4 == "0A" { print $10 }' /proc/net/tcp /proc/net/tcp6 | sort -u | grep -c -F -x -f <(printf '%s\n' "$inodes") || true
}

echo "Privileges"
use_services
holds "this test can act as anybody" as 64999 true
seen=()
for service in gateway auditor broker; do
  read -r uid _ <<< "$(field "$service" Uid)"
  seen+=("$uid")
  equal "$service is one user in all four ids" "$uid $uid $uid $uid" "$(field "$service" Uid | tr -s '\t ' ' ')"
  holds "$service is not root" test "$uid" -ne 0
  equal "$service has no supplementary group" '' "$(field "$service" Groups | tr -d ' ')"
  for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    equal "$service: $set is empty" 0000000000000000 "$(field "$service" "$set")"
  done
  equal "$service cannot gain privileges" 1 "$(field "$service" NoNewPrivs)"
  holds "$service cannot read the executor's state" refuses as "$uid" ls "$CAISSON_DATA/executor"
  holds "$service cannot read the guard's rules" refuses as "$uid" cat "$CAISSON_DATA/guard.conf"
done
equal "each is a user of its own" 3 "$(printf '%s\n' "${seen[@]}" | sort -u | wc -l)"
equal "the executor is root" 0 "$(uid_of executor)"
equal "the executor listens on no TCP port" 0 "$(listening_tcp executor)"
for service in auditor broker; do
  uid=$(uid_of "$service")
  holds "$service cannot reach the executor's sockets" refuses as "$uid" ls "$CAISSON_DATA/run/executor"
done
holds "the gateway can reach the executor's socket" as "$(uid_of gateway)" test -w "$CAISSON_DATA/run/executor/executor.sock"
holds "a stranger cannot reach the executor" refuses as 64999 test -e "$CAISSON_DATA/run/executor/executor.sock"
equal "the auditor's socket is the gateway's group's, and nobody else's" "660 $(uid_of auditor) $(uid_of gateway)" \
  "$(stat -c '%a %u %g' "$CAISSON_DATA/run/auditor/auditor.sock")"
holds "a stranger cannot reach the auditor" refuses as 64999 test -e "$CAISSON_DATA/run/auditor/auditor.sock"
holds "nor can the broker" refuses as "$(uid_of broker)" test -e "$CAISSON_DATA/run/auditor/auditor.sock"
holds "a stranger cannot use the gateway" refuses as 64999 test -w "$CAISSON_DATA/run/gateway/gateway.sock"
for socket in executor journal; do
  equal "$socket.sock belongs to root and the gateway's group, and to nobody else" "660 0 $(uid_of gateway)" \
    "$(stat -c '%a %u %g' "$CAISSON_DATA/run/executor/$socket.sock")"
done
conclude
