# The command line of each service, printed as NUL-separated words.
# shellcheck shell=bash disable=SC2034 # used by the files that source this one

# What each service gets of the environment: nothing of the caller's.
# Few arenas: glibc would keep one of some MiB for each thread.
SERVICE_ENVIRONMENT=(MALLOC_ARENA_MAX=2 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LC_ALL=C.UTF-8)

# Services live for days, on machines whose memory belongs to containers: one collector thread, a bounded heap, and an
# end with a message rather than a half-dead process when it does not suffice.
COMMON_FLAGS=(-XX:+UseSerialGC -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError -Dio.netty.jfr.enabled=false -Dfile.encoding=UTF-8)

# archive_flags SERVICE: an archive of its classes, made by the JVM when a service ends and checked by it when one starts,
# halves the CPU time of the next start. Not for services that are started only once.
archive_flags() {
  [[ ${CAISSON_ARCHIVES:-yes} == no ]] || printf '%s\n' -XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$DATA/$1/classes.jsa"
}

# Without root, the executor is root of a user namespace, in which its own user, and so the gateway's, is number 0. It has more
# ids where newuidmap(1) may give it some.
IN_NAMESPACES=() PEER_UID=$GATEWAY_UID
if [[ $EUID -ne 0 ]]; then
  IN_NAMESPACES=(unshare --user --map-root-user --mount) PEER_UID=0
  ! has_subordinate_ids || IN_NAMESPACES+=(--map-auto)
fi

words() { printf '%s\0' "$@"; }

# cgroup_parent DATA: CAISSON_CGROUP_PARENT, for who was delegated one; else a tree for each data directory, so that two sets of services never meet.
cgroup_parent() {
  if [[ -n ${CAISSON_CGROUP_PARENT:-} ]]; then
    echo "$CAISSON_CGROUP_PARENT"
  elif [[ $1 == /var/lib/caisson ]]; then
    echo /caisson
  else
    echo "/caisson-$(printf '%s' "$1" | sha256sum | cut -c 1-8)"
  fi
}

# The one JVM that may use native code, and of it only the module dev.caisson.linux.
executor_command() {
  local archive
  local lib=$LIB/executor
  mapfile -t archive < <(archive_flags executor)
  words "${IN_NAMESPACES[@]}" "$JAVA_HOME/bin/java" "${COMMON_FLAGS[@]}" "${archive[@]}" -Xms16m -Xmx48m -Xss512k -XX:MaxMetaspaceSize=64m -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=0.1 \
    -XX:ReservedCodeCacheSize=24m -p "$lib/caisson-linux-$VERSION.jar" --add-modules dev.caisson.linux \
    --enable-native-access=dev.caisson.linux --illegal-native-access=deny \
    -Djava.util.logging.config.file="$DATA/log/executor.properties" \
    -cp "$(jars "$lib" "caisson-linux-*")" dev.caisson.executor.Executor \
    --data "$DATA/executor" --run "$DATA/run/executor" --node "$NODE" --peer-gid "$PEER_UID" --gateway-user "$PEER_UID" \
    --guard "$DATA/guard.conf" --cgroup-parent "$(cgroup_parent "$DATA")" --parked "$PARKED" \
    --cni-configurations "$CNI_CONFIGURATIONS" --cni-plugins "$CNI_PLUGINS" --cni-network "$CNI_NETWORK"
}

# Without a Kafka it relays nothing, and does all else.
gateway_command() {
  local archive relay=()
  mapfile -t archive < <(archive_flags gateway)
  [[ -z ${KAFKA:-} ]] || relay=(-Dcaisson.kafka.bootstrap-servers="$KAFKA")
  words "$JAVA_HOME/bin/java" "${COMMON_FLAGS[@]}" "${archive[@]}" -Xms32m -Xmx192m -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=0.1 --illegal-native-access=deny \
    -Dlogback.configurationFile="$DATA/log/logback.xml" -Dcaisson.log="$DATA/log/gateway/gateway.log" \
    -Dcaisson.gateway.socket="$(socket_of gateway)" \
    -Dcaisson.gateway.executor-socket="$DATA/run/executor/executor.sock" \
    -Dcaisson.gateway.journal-socket="$DATA/run/executor/journal.sock" \
    -Dcaisson.gateway.allowed-users="$EUID${CAISSON_USERS:+,$CAISSON_USERS}" -Dcaisson.gateway.socket-mode="$(gateway_socket_mode)" \
    -Dcaisson.gateway.management-port="$GATEWAY_PORT" \
    "${relay[@]}" \
    -cp "$(jars "$LIB/gateway")" dev.caisson.gateway.Gateway
}

# Root passes any mode; users that were named need theirs, and are told from all others by the gateway itself.
gateway_socket_mode() { if [[ -n ${CAISSON_USERS:-} ]]; then echo rw-rw-rw-; else echo rw-rw----; fi; }

auditor_command() {
  local archive
  mapfile -t archive < <(archive_flags auditor)
  words "$JAVA_HOME/bin/java" "${COMMON_FLAGS[@]}" "${archive[@]}" -Xms48m -Xmx320m -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=0.1 --illegal-native-access=deny \
    -Dlogback.configurationFile="$DATA/log/logback.xml" -Dcaisson.log="$DATA/log/auditor/auditor.log" \
    -Dcaisson.auditor.socket="$(socket_of auditor)" \
    -Dcaisson.auditor.data="$DATA/auditor" \
    -Dcaisson.kafka.bootstrap-servers="$KAFKA" \
    -Dmicronaut.server.host=127.0.0.1 -Dmicronaut.server.port="$AUDITOR_PORT" \
    -cp "$(jars "$LIB/auditor")" dev.caisson.auditor.Auditor
}

broker_command() {
  local archive
  mapfile -t archive < <(archive_flags broker)
  words "$JAVA_HOME/bin/java" "${COMMON_FLAGS[@]}" "${archive[@]}" -Xms128m -Xmx384m -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=0.1 \
    -Dlogback.configurationFile="$DATA/log/logback.xml" -Dcaisson.log="$DATA/log/broker/broker.log" \
    -cp "$(jars "$LIB/broker")" dev.caisson.broker.Broker \
    --data "$DATA/broker" --port "$BROKER_PORT" --ready-file "$DATA/run/broker/ready"
}

# jars DIRECTORY [EXCEPT]: in one order on every machine, so that a class archive stays valid.
jars() {
  find "$1" -name '*.jar' ! -name "${2:-}" | LC_ALL=C sort | paste -s -d :
}
