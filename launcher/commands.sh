# The command line of each service, printed as NUL-separated words.
# shellcheck shell=bash disable=SC2034 # used by the files that source this one

# What each service gets of the environment: nothing of the caller's.
# Few arenas: glibc would keep one of some MiB for each thread.
SERVICE_ENVIRONMENT=(MALLOC_ARENA_MAX=2 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LC_ALL=C.UTF-8)

# archive_flags SERVICE: an archive of its classes, made by the JVM when a service ends and checked by it when one starts,
# halves the CPU time of the next start. Not for services that are started only once, nor for those that record themselves: a JVM
# that makes an archive does not, and that which another has made lacks the recorder's module. With CAISSON_CLASSES=yes a list of them, for images.
archive_flags() {
  [[ ${CAISSON_CLASSES:-no} == no ]] || printf '%s\n' "-XX:DumpLoadedClassList=$DATA/$1/classes.lst"
  [[ ${CAISSON_ARCHIVES:-yes} == no || $JFR == yes ]] || printf '%s\n' -XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$DATA/$1/classes.jsa"
}

# recording_flags SERVICE: what JDK Flight Recorder keeps of itself, bounded in time, on the disk and in memory; nothing where it was not asked for.
recording_flags() {
  local folder=$DATA/$1/jfr
  [[ $JFR == yes ]] || return 0
  printf '%s\n' "-XX:StartFlightRecording=name=caisson,disk=true,maxage=6h,maxsize=64m,dumponexit=true,filename=$folder/exit.jfr" \
    "-XX:FlightRecorderOptions=repository=$folder/repository,memorysize=4m,maxchunksize=4m"
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
  local own=
  [[ $1 == /var/lib/caisson ]] || own=-$(printf '%s' "$1" | sha256sum | cut -c 1-8)
  if [[ -n ${CAISSON_CGROUP_PARENT:-} ]]; then
    echo "$CAISSON_CGROUP_PARENT"
  elif [[ $CGROUP_DRIVER != systemd ]]; then
    echo "/caisson$own"
  else
    echo "/caisson.slice${own:+/caisson$own.slice}"
  fi
}

# executor_classes LIB: what speaks to systemd is there only where it is to.
executor_classes() {
  jars "$1/executor" "caisson-linux-*"
  [[ $CGROUP_DRIVER != systemd ]] || jars "$1/executor-systemd"
}

executor_command() {
  local archive recording
  local lib=$LIB/executor
  mapfile -t archive < <(archive_flags executor)
  mapfile -t recording < <(recording_flags executor)
  words "${IN_NAMESPACES[@]}" "$JAVA_HOME/bin/java" "@$lib/jvm.options" "${archive[@]}" "${recording[@]}" -p "$lib/caisson-linux-$VERSION.jar" \
    -Djava.util.logging.config.file="$DATA/log/executor.properties" \
    -cp "$(executor_classes "$LIB" | paste -s -d :)" dev.caisson.executor.Executor \
    --data "$DATA/executor" --run "$DATA/run/executor" --node "$NODE" --peer-gid "$PEER_UID" --gateway-user "$PEER_UID" \
    --guard "$DATA/guard.conf" --cgroup-driver "$CGROUP_DRIVER" --cgroup-parent "$(cgroup_parent "$DATA")" --parked "$PARKED" \
    --memory-pressure "$MEMORY_PRESSURE" \
    --journal-durability "$JOURNAL_DURABILITY" --journal-full "$JOURNAL_FULL" \
    --journal-mib "$JOURNAL_MIB" --journal-retention-hours "$JOURNAL_RETENTION_HOURS" \
    --cni-configurations "$CNI_CONFIGURATIONS" --cni-plugins "$CNI_PLUGINS" --cni-network "$CNI_NETWORK"
}

# Without a Kafka it relays nothing, and does all else.
gateway_command() {
  local archive recording access relay=()
  mapfile -t archive < <(archive_flags gateway)
  mapfile -t recording < <(recording_flags gateway)
  mapfile -d '' -t access < <(access_settings)
  [[ -z ${KAFKA:-} ]] || mapfile -d '' -t relay < <(kafka_settings gateway)
  words "$JAVA_HOME/bin/java" "@$LIB/gateway/jvm.options" "${archive[@]}" "${recording[@]}" \
    -Dlogback.configurationFile="$DATA/log/logback.xml" -Dcaisson.log="$DATA/log/gateway/gateway.log" \
    -Dcaisson.gateway.socket="$(socket_of gateway)" -Dcaisson.gateway.http.socket="$DATA/run/gateway/http.sock" \
    -Dcaisson.gateway.executor-socket="$DATA/run/executor/executor.sock" \
    -Dcaisson.gateway.journal-socket="$DATA/run/executor/journal.sock" \
    -Dcaisson.gateway.auditor-socket="$(socket_of auditor)" \
    -Dcaisson.gateway.socket-mode="$(gateway_socket_mode)" "${access[@]}" \
    -Dcaisson.gateway.management-port="$GATEWAY_PORT" -Dcaisson.gateway.container-metrics="$(is_yes "$CONTAINER_METRICS")" \
    "${relay[@]}" \
    -cp "$(jars "$LIB/gateway")" dev.caisson.gateway.Gateway
}

is_yes() { if [[ $1 == yes ]]; then echo true; else echo false; fi; }

# Root passes any mode; others who may call need theirs, and are told from all the rest by the gateway itself.
gateway_socket_mode() { if [[ -n ${CAISSON_USERS:-}$ACCESS_FILE ]]; then echo rw-rw-rw-; else echo rw-rw----; fi; }

# With an access file it alone says who may call.
access_settings() {
  if [[ -z $ACCESS_FILE ]]; then
    words -Dcaisson.gateway.allowed-users="$EUID${CAISSON_USERS:+,$CAISSON_USERS}"
  else
    words -Dcaisson.gateway.access-file="$(realpath -m -- "$ACCESS_FILE")"
  fi
  [[ -z $POLICY_FILE ]] || words -Dcaisson.gateway.policy-file="$(realpath -m -- "$POLICY_FILE")"
  [[ -z $HTTP_ADDRESS ]] || words -Dcaisson.gateway.http.address="$HTTP_ADDRESS"
  [[ -z $OTLP_ENDPOINT ]] || words -Dcaisson.gateway.traces.endpoint="$OTLP_ENDPOINT" -Dcaisson.gateway.traces.ratio="$TRACE_RATIO"
  [[ -z $TLS_ADDRESS ]] || words -Dcaisson.gateway.tls.address="$TLS_ADDRESS"
  [[ -z $TLS_ADDRESS$HTTP_ADDRESS ]] || words -Dcaisson.gateway.tls.callers="$TLS_CALLERS" -Dcaisson.gateway.tls.key="$(realpath -m -- "$TLS_KEY")" \
    -Dcaisson.gateway.tls.certificate="$(realpath -m -- "$TLS_CERTIFICATE")" -Dcaisson.gateway.tls.authorities="$(realpath -m -- "$TLS_AUTHORITIES")"
}

# kafka_settings SERVICE: secrets are in a file, since every user sees arguments.
kafka_settings() {
  words -Dcaisson.kafka.bootstrap-servers="$KAFKA"
  [[ ! -e $(kafka_properties_of "$1") ]] || words -Dcaisson.kafka.properties-file="$(kafka_properties_of "$1")"
}

# cpu_settings: what is not given is the auditor's to know.
cpu_settings() {
  [[ -z $AUDITOR_INSTANCE ]] || words -Dcaisson.auditor.instance="$AUDITOR_INSTANCE"
  [[ -z $CPU_STANDBY_REPLICAS ]] || words -Dcaisson.cpu.standby-replicas="$CPU_STANDBY_REPLICAS"
  [[ -z $CPU_HISTORY ]] || words -Dcaisson.cpu.history="$CPU_HISTORY"
  [[ -z $CPU_SERIES_KEPT ]] || words -Dcaisson.cpu.series-kept="$CPU_SERIES_KEPT"
  [[ -z $CPU_SILENT_KEPT ]] || words -Dcaisson.cpu.silent-kept="$CPU_SILENT_KEPT"
}

auditor_command() {
  local archive recording settings cpu trail=()
  mapfile -d '' -t settings < <(kafka_settings auditor)
  mapfile -d '' -t cpu < <(cpu_settings)
  [[ -z $TRAIL_URL ]] || trail+=(-Dcaisson.auditor.trail.url="$TRAIL_URL")
  [[ -z $TRAIL_USER ]] || trail+=(-Dcaisson.auditor.trail.user="$TRAIL_USER")
  [[ -z $TRAIL_PASSWORD_FILE ]] || trail+=(-Dcaisson.auditor.trail.password-file="$(realpath -m -- "$TRAIL_PASSWORD_FILE")")
  [[ -z $TRAIL_RETENTION ]] || trail+=(-Dcaisson.auditor.trail.retention="$TRAIL_RETENTION")
  mapfile -t archive < <(archive_flags auditor)
  mapfile -t recording < <(recording_flags auditor)
  words "$JAVA_HOME/bin/java" "@$LIB/auditor/jvm.options" "${archive[@]}" "${recording[@]}" \
    -Dlogback.configurationFile="$DATA/log/logback.xml" -Dcaisson.log="$DATA/log/auditor/auditor.log" \
    -Dcaisson.auditor.socket="$(socket_of auditor)" -Dcaisson.auditor.allowed-users="0,$(service_uid gateway)" \
    -Dcaisson.auditor.data="$DATA/auditor" \
    -Dcaisson.auditor.node-keys="$DATA/nodes" \
    "${settings[@]}" \
    -Dmicronaut.server.host=127.0.0.1 -Dmicronaut.server.port="$AUDITOR_PORT" \
    "${trail[@]}" "${cpu[@]}" \
    -cp "$(jars "$LIB/auditor")" dev.caisson.auditor.Auditor
}

broker_command() {
  local archive recording
  mapfile -t archive < <(archive_flags broker)
  mapfile -t recording < <(recording_flags broker)
  words "$JAVA_HOME/bin/java" "@$LIB/broker/jvm.options" "${archive[@]}" "${recording[@]}" \
    -Dlogback.configurationFile="$DATA/log/logback.xml" -Dcaisson.log="$DATA/log/broker/broker.log" \
    -cp "$(jars "$LIB/broker")" dev.caisson.broker.Broker \
    --data "$DATA/broker" --port "$BROKER_PORT" --ready-file "$DATA/run/broker/ready"
}

# jars DIRECTORY [EXCEPT]: in one order on every machine, so that a class archive stays valid.
jars() {
  find "$1" -name '*.jar' ! -name "${2:-}" | LC_ALL=C sort | paste -s -d :
}
