#!/usr/bin/env bash
# Roles in tenants, as an operator sets them: users at the Unix socket, certificates over TLS, a file that is changed while
# everything runs. The client is grpc-js.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"

readonly PORT=27443 HTTP_PORT=27444 OTLP_PORT=27445 STRANGER=64999

# A key and a certificate of the authority's: issue NAME SUBJECT [NAMES].
issue() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$KEYS/$1.key" -out "$KEYS/$1.csr" -subj "$2"
  openssl x509 -req -in "$KEYS/$1.csr" -CA "$KEYS/authority.pem" -CAkey "$KEYS/authority.key" -CAcreateserial -days 1 -out "$KEYS/$1.pem" \
    -extfile <(printf '%s' "${3:+subjectAltName=$3}")
}

make_keys() {
  KEYS=$WORK/keys
  mkdir "$KEYS"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$KEYS/authority.key" -out "$KEYS/authority.pem" -subj /CN=authority
  issue gateway /CN=gateway IP:127.0.0.1
  issue build /CN=build URI:spiffe://example.org/ci/build
  issue ada /O=Example/CN=ada
  chmod 0644 "$KEYS"/*
}

# Where everybody can read it, and away from the source tree.
make_client() {
  cp "$ROOT/tests/interop/node/"{package.json,package-lock.json,call.js} "$WORK/"
  mkdir "$WORK/proto"
  cp -r "$ROOT/proto/types" "$ROOT/proto/events" "$ROOT/proto/authorization" "$ROOT/proto/gateway-api" "$ROOT/proto/audit-api" "$WORK/proto/"
  (cd "$WORK" && npm ci --ignore-scripts --no-audit --no-fund)
}

# Takes spans, and keeps them as they came.
start_collector() {
  node -e 'const fs = require("fs");
    require("http").createServer((request, response) => request.pipe(fs.createWriteStream(process.argv[1], {flags: "a"})).on("finish", () => response.end()))
      .listen(Number(process.argv[2]), "127.0.0.1");' "$WORK/spans" "$OTLP_PORT" &
  COLLECTOR=$!
}
are_collected() { local name; for name in "$@"; do grep -qaF "$name" "$WORK/spans"; done; }

# bind BINDING…: root may do everything, and each as it says.
bind() { { printf 'bindings:\n- {role: admin, tenants: ["*"], members: ["uid:0"]}\n'; printf -- '- %s\n' "$@"; } > "$WORK/access.yaml"; }

lists() { echo "caisson.v1.Sandboxes/ListSandboxes {\"parent\":\"tenants/$1\"}"; }
deletes() { echo "caisson.v1.Sandboxes/DeleteSandbox {\"name\":\"tenants/$1/sandboxes/none\"}"; }

# with_certificate NAME METHOD JSON; as_stranger METHOD JSON: over the Unix socket.
with_certificate() { node_calls "127.0.0.1:$PORT" "${@:2}" "$KEYS/authority.pem" "$KEYS/$1.pem" "$KEYS/$1.key"; }
as_stranger() {
  setpriv --reuid "$STRANGER" --regid "$STRANGER" --clear-groups env PROTO="$WORK/proto" node --no-deprecation "$WORK/call.js" "unix:$CAISSON_DATA/run/gateway/gateway.sock" "$@" 2>&1
}
node_calls() { PROTO=$WORK/proto node --no-deprecation "$WORK/call.js" "$@" 2>&1; }

policy_is_recorded() { caisson trail --tenant= --type dev.caisson.request.denied.v1 --output json | jq -e 'any(.records[]; .event.requestDenied.reason == "POLICY_DENIED")'; }

# over_http CERTIFICATE TENANT: the code of a list.
over_http() {
  curl -sS -o /dev/null -w '%{http_code}' --cacert "$KEYS/authority.pem" --cert "$KEYS/$1.pem" --key "$KEYS/$1.key" \
    "https://127.0.0.1:$HTTP_PORT/v1/tenants/$2/sandboxes"
}

# audits METHOD JSON: as the viewer of team-a.
audits() { with_certificate build "caisson.audit.v1.Audit/$1" "$2"; }

# past_the_gateway USER GROUP: a call at the auditor's own socket.
past_the_gateway() {
  setpriv --reuid "$1" --regid "$2" --clear-groups env PROTO="$WORK/proto" node --no-deprecation "$WORK/call.js" \
    "unix:$CAISSON_DATA/run/auditor/auditor.sock" caisson.audit.v1.Audit/SearchTrail '{}' 2>&1
}

kill_auditor() {
  local pid
  pid=$(cut -d ' ' -f 1 "$CAISSON_DATA/run/auditor.pid")
  kill -KILL "$pid"
  eventually 10 has_ended "$pid"
}
has_ended() { ! kill -0 "$1" 2> /dev/null; }

# of_tenant TENANT FILTER: what root finds there.
of_tenant() { caisson trail --tenant "$1" --type dev.caisson.sandbox.created.v1 --output json | jq -er "$2"; }
has_usage() { caisson cpu --tenant "$1" "$2"; }
gateway_is() { [[ $(curl -s "http://127.0.0.1:$(sed -n 's/^GATEWAY_PORT=//p' "$CAISSON_DATA/run/ports.conf")/health" | jq -r .status) == "$1" ]]; }

# answers BEGINNING COMMAND…
answers() {
  local answer
  answer=$("${@:2}")
  [[ $answer == "$1"* ]] || { echo "$answer" >&2; return 1; }
}

echo "Access"
WORK=$(mktemp -d /tmp/caisson-access.XXXXXX)
chmod 0755 "$WORK"
make_keys > "$WORK/openssl.log" 2>&1
holds "npm installs the pinned packages" make_client
bind '{role: viewer, tenants: [team-a], members: ["spiffe://example.org/ci/*"]}' \
  '{role: operator, tenants: [team-a], members: ["x509:CN=ada,O=Example"]}'
echo 'policies: []' > "$WORK/policies.yaml"
export CAISSON_POLICY_FILE=$WORK/policies.yaml CAISSON_ACCESS_FILE=$WORK/access.yaml CAISSON_TLS_ADDRESS=127.0.0.1:$PORT CAISSON_HTTP_ADDRESS=127.0.0.1:$HTTP_PORT CAISSON_TLS_CERTIFICATE=$KEYS/gateway.pem \
  CAISSON_TLS_KEY=$KEYS/gateway.key CAISSON_TLS_AUTHORITIES=$KEYS/authority.pem CAISSON_OTLP_ENDPOINT=http://127.0.0.1:$OTLP_PORT
start_collector
start_services

# shellcheck disable=SC2046 # two words
{
  holds "a viewer by his SPIFFE id looks" answers OK with_certificate build $(lists team-a)
  holds "but changes nothing" answers PERMISSION_DENIED with_certificate build $(deletes team-a)
  holds "nor looks elsewhere" answers PERMISSION_DENIED with_certificate build $(lists team-b)
  holds "an operator by his subject is let through to what is not there" answers NOT_FOUND with_certificate ada $(deletes team-a)
  holds "a caller without a certificate is not served" answers UNAVAILABLE node_calls "127.0.0.1:$PORT" $(lists team-a) "$KEYS/authority.pem"
  equal "over HTTP he looks as well" 200 "$(over_http build team-a)"
  equal "and nowhere else" 403 "$(over_http build team-b)"
  holds "a user without a role may do nothing" answers PERMISSION_DENIED as_stranger $(lists team-a)
  equal "root may run a container" 5 "$(caisson run --rootfs "$TEST_ROOTFS" -- sh -c 'exit 5' > /dev/null 2>&1; echo $?)"

  # The record of two tenants, of which he may see one.
  for tenant in team-a team-b; do
    caisson sandbox create --tenant "$tenant" "of-$tenant" > /dev/null
    caisson create --tenant "$tenant" --sandbox "of-$tenant" --id app --rootfs "$TEST_ROOTFS" -- sleep 60 > /dev/null
    caisson start --tenant "$tenant" app > /dev/null
    holds "the trail has the sandbox of $tenant" eventually 30 of_tenant "$tenant" '.records[0].event.id'
    holds "and its CPU time is charged" eventually 30 has_usage "$tenant" "of-$tenant"
  done
  theirs=$(of_tenant team-b '.records[-1].event.subject.sandboxUid')
  contains "a viewer searches the trail of his tenant" '"sandbox_id":"of-team-a"' "$(audits SearchTrail '{"tenant":"team-a"}')"
  equal "which has nothing of another's" 0 "$(audits SearchTrail '{"tenant":"team-a"}' | grep -c team-b || true)"
  for filter in '"sandbox":"of-team-b"' "\"sandbox\":\"$theirs\"" '"container":"none"' '"node":"none"'; do
    equal "by {$filter} he finds nothing" 'OK {}' "$(audits SearchTrail "{\"tenant\":\"team-a\",$filter}")"
  done
  for other in '"team-b"' '"no-team"' '""'; do
    for method in SearchTrail GetCpuUsage GetCpuWindow; do
      contains "$method is refused for $other" PERMISSION_DENIED "$(audits "$method" "{\"tenant\":$other}")"
    done
  done
  contains "so is what the auditor could take for his tenant" INVALID_ARGUMENT "$(audits SearchTrail '{"tenant":"team-a\u0000"}')"
  contains "and verification, which is of all" "must have the permission trail.verify in all tenants" "$(audits VerifyTrail '{}')"
  token=$(caisson trail --tenant team-b --limit 1 --output json | jq -er .nextPageToken)
  contains "a page of another's search is none of his" "page_token must be used with the filters it came from" \
    "$(audits SearchTrail "{\"tenant\":\"team-a\",\"page_token\":\"$token\"}")"
  contains "he sees what his containers are charged" '"container_id":"app"' "$(audits GetCpuUsage '{"tenant":"team-a","sandbox":"of-team-a"}')"
  unknown=$(audits GetCpuUsage '{"tenant":"team-a","sandbox":"none"}')
  contains "of what is not there nothing" NOT_FOUND "$unknown"
  for sandbox in of-team-b "$theirs"; do
    equal "and of another's the same, by $sandbox" "$unknown" "$(audits GetCpuUsage "{\"tenant\":\"team-a\",\"sandbox\":\"$sandbox\"}")"
  done
  watched() {
    curl -sSN --max-time 3 --cacert "$KEYS/authority.pem" --cert "$KEYS/build.pem" --key "$KEYS/build.key" "https://127.0.0.1:$HTTP_PORT/v1/$1" 2> /dev/null || true
  }
  of_both=$(watched tenants/team-a/cpu:watch)
  contains "he watches it over HTTP" '"sandboxId":"of-team-a"' "$of_both"
  equal "and it alone" 0 "$(grep -c team-b <<< "$of_both" || true)"
  contains "not that of all" NOT_ALLOWED "$(watched cpu:watch)"
  export CAISSON_CONFIG=$WORK/config
  caisson context create there --address "127.0.0.1:$PORT" --authorities "$KEYS/authority.pem" --certificate "$KEYS/build.pem" --key "$KEYS/build.key" --tenant team-a > /dev/null
  contains "the client asks from afar, too" of-team-a "$(caisson trail --context there)"
  contains "and shows CPU time" of-team-a "$(caisson cpu --context there)"
  contains "but not all of it" NOT_ALLOWED "$(caisson cpu --context there --tenant= 2>&1 || true)"
  equal "root verifies all" 0 "$(caisson trail verify > /dev/null; echo $?)"
  gateway_uid=$(stat -c %g "$CAISSON_DATA/run/executor")
  contains "nobody asks the auditor but by the gateway" UNAVAILABLE "$(past_the_gateway "$STRANGER" "$STRANGER")"
  contains "not even in the gateway's group" PERMISSION_DENIED "$(past_the_gateway "$STRANGER" "$gateway_uid")"
  contains "which itself is let in" OK "$(past_the_gateway "$gateway_uid" "$gateway_uid")"

  holds "the gateway is well" eventually 20 gateway_is UP
  kill_auditor
  contains "without an auditor that is said" "The auditor does not answer" "$(audits SearchTrail '{"tenant":"team-a"}')"
  holds "also by the gateway's health" eventually 20 gateway_is DEGRADED
  holds "all else is served" answers OK with_certificate build $(lists team-a)
  holds "up starts it again" caisson up
  holds "and the gateway finds it" eventually 20 answers OK audits SearchTrail '{"tenant":"team-a"}'
  for tenant in team-a team-b; do caisson sandbox delete --tenant "$tenant" --force "of-$tenant"; done

  bind '{role: viewer, tenants: [team-b], members: ["uid:64999", "spiffe://example.org/ci/*"]}'
  holds "a change of the file is taken up" eventually 20 answers OK with_certificate build $(lists team-b)
  holds "what it takes away is gone" answers PERMISSION_DENIED with_certificate build $(lists team-a)
  holds "a user has what it gives him" answers OK as_stranger $(lists team-b)
  echo 'bindings: [{role: king}]' > "$WORK/access.yaml"
  holds "one that cannot be used is told of" eventually 20 grep -q 'bindings\[0\].role must be one of' "$CAISSON_DATA/log/gateway/gateway.log"
  holds "and changes nothing" answers OK with_certificate build $(lists team-b)
}
bind
holds "root is let in again" eventually 20 caisson ps

# What may be done is done as the policies want it.
cat > "$WORK/policies.yaml" <<'POLICIES'
policies:
- name: default-limits
  calls: [containers.create, containers.run]
  set: {container.spec.resources.pids.limit: "77"}
  message: 77 tasks where nothing is said
- name: no-binds
  calls: [containers.create, containers.run]
  tenants: [default]
  require: request.container.spec.mounts.all(m, m.type != 'bind')
  message: nothing of the host can be mounted
- name: named
  calls: [containers.create, containers.run]
  action: warn
  require: request.container.spec.hostname != ''
  message: a name would help
POLICIES
holds "policies are taken up" eventually 20 grep -q 'The policy file was read again' "$CAISSON_DATA/log/gateway/gateway.log"
equal "what a policy sets is in force" 77 "$(caisson create --id limited --rootfs "$TEST_ROOTFS" -- sleep 60 > /dev/null 2> "$WORK/err" && caisson inspect limited --output json | jq -r '.spec.resources.pids.limit')"
contains "and what it warns of is told" "warning: policy named: a name would help" "$(cat "$WORK/err")"
holds "the container goes" caisson delete --force limited
mkdir "$WORK/bundle"
cat > "$WORK/bundle/config.json" <<CONFIG
{"ociVersion": "1.0.2", "process": {"args": ["true"], "cwd": "/"}, "root": {"path": "$TEST_ROOTFS"},
 "mounts": [{"destination": "/mnt", "type": "none", "source": "/etc", "options": ["rbind"]}],
 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}]}}
CONFIG
refusal=$(caisson run --bundle "$WORK/bundle" 2>&1 || true)
contains "a bind is refused by the policy's name" "The policy no-binds of tenants/default does not allow this: nothing of the host can be mounted" "$refusal"
contains "a plan tells what they would do" "policy default-limits sets container.spec.resources.pids.limit: 77 tasks where nothing is said" \
  "$(caisson plan --rootfs "$TEST_ROOTFS" -- true 2>&1)"
holds "the refusal is in the record" eventually 20 policy_is_recorded
is_recorded() {
  caisson trail --tenant= --type dev.caisson.request.denied.v1 --output json | jq -e --arg who "$1" 'any(.records[]; .event.actor.principal == $who)'
}
holds "refusals are in the record, with who it was" eventually 20 is_recorded spiffe://example.org/ci/build

# How much there may be of a tenant.
echo 'quotas: [{tenants: [default], sandboxes: 2, memory: 100M, cpu: 1.5}]' > "$WORK/policies.yaml"
creates() { caisson create --id "$1" --rootfs "$TEST_ROOTFS" "${@:2}" -- sleep 60 2>&1; }
wants_limits() { [[ $(caisson run --rootfs "$TEST_ROOTFS" -- true 2>&1) == *"has a quota of this: set linux.resources."* ]]; }
exceeds() { local answer; answer=$("${@:2}" 2>&1) && return 1; [[ $answer == *"$1"* ]] || { echo "$answer" >&2; return 1; }; }
holds "a quota is taken up, and wants limits" eventually 20 wants_limits
holds "what is within it is made" creates one --memory 60M --cpus 1
holds "a second one has what is left of memory" exceeds "may have 104857600 bytes of memory by limits on this node, has 62914560" creates two --memory 41M --cpus 0.5
holds "and of CPU" exceeds "may have 1500 thousandths of a CPU by limits on this node, has 1000" creates two --memory 40M --cpus 0.6
holds "and no more" creates two --memory 40M --cpus 0.5
holds "a third one is one too many" exceeds "may have 2 sandboxes on this node, has 2" creates three --memory 2M --cpus 0.1
holds "limits are not raised beyond it" exceeds "may have 104857600 bytes of memory" caisson update two --memory 41M
holds "what is given back can be had" caisson update one --memory 50M
holds "by the other" caisson update two --memory 50M
quota_is_recorded() { caisson trail --tenant= --type dev.caisson.request.denied.v1 --output json | jq -e 'any(.records[]; .event.requestDenied.reason == "QUOTA_EXCEEDED")'; }
holds "these refusals are in the record, too" eventually 20 quota_is_recorded
holds "they go" caisson delete --force one two

holds "a collector has the spans of calls, and of what the executor did" eventually 20 \
  are_collected caisson-gateway caisson.v1.Containers/CreateContainer caisson.executor.v1.Executor/CreateContainer caisson-executor container.create

echo 'policies: []' > "$WORK/policies.yaml"
stop_services
kill "$COLLECTOR"

contains "TLS without an access file does not start" "CAISSON_ACCESS_FILE must be given" "$(CAISSON_ACCESS_FILE='' caisson up --data "$WORK/data" 2>&1 || true)"
chmod 0600 "$KEYS/gateway.key"
contains "nor with a key that the gateway cannot read" "cannot read $KEYS/gateway.key" "$(caisson up --data "$WORK/data" 2>&1 || true)"
rm -rf "$WORK"
conclude
