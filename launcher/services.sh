# The services: started in their zones, found again by pid and start time, stopped in the order that loses nothing.
# shellcheck shell=bash

# shellcheck source=launcher/commands.sh
source "$LAUNCHER/commands.sh"
# shellcheck source=launcher/recordings.sh
source "$LAUNCHER/recordings.sh"
# shellcheck source=launcher/guard.sh
source "$LAUNCHER/guard.sh"

# What `up` has started, the last one first, and how long the log of each was then; and what ran before.
STARTED=() RAN_BEFORE=()
declare -A SAID_BEFORE

READY_SECONDS=${CAISSON_READY_SECONDS:-60}
STOP_SECONDS=30
LOG_LINES=20

# ---- processes -------------------------------------------------------------------------------------------------------

# start_time PID: in clock ticks since boot; with the pid it names one process for ever. Nothing for one that is dead.
start_time() {
  local stat
  { stat=$(< "/proc/$1/stat"); } 2> /dev/null || return 0
  stat=${stat##*) }
  [[ $stat == Z* ]] || awk '{ print $20 }' <<< "$stat"
}

# running SERVICE: prints its pid when the process that was started is still that process.
running() {
  local pid started
  [[ -r $DATA/run/$1.pid ]] || return 1
  read -r pid started < "$DATA/run/$1.pid"
  [[ -n $started && $(start_time "$pid") == "$started" ]] && echo "$pid"
}

# signal_service SERVICE SIGNAL: never to a stranger that has got the pid since.
signal_service() {
  local pid
  pid=$(running "$1") && kill -s "$2" "$pid" 2> /dev/null
}

# await_end SERVICE SECONDS
await_end() {
  local deadline=$((SECONDS + $2))
  while running "$1" > /dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

stop_service() {
  signal_service "$1" TERM || { rm -f "$DATA/run/$1.pid"; return 0; }
  if ! await_end "$1" "$STOP_SECONDS"; then
    warn "$1 did not end within $STOP_SECONDS s and is killed"
    signal_service "$1" KILL
    await_end "$1" "$STOP_SECONDS" || die "$1 cannot be killed: pid $(running "$1")"
  fi
  rm -f "$DATA/run/$1.pid" "$DATA/run/$1/$1.sock" "$DATA/run/$1/journal.sock"
  say "  $1 stopped"
}

# ---- up --------------------------------------------------------------------------------------------------------------

up_usage() {
  cat <<'TEXT'
Usage: caisson up [--data DIR] [--kafka HOST:PORT[,…] [--kafka-properties FILE]] [--allow DIR]… [--allow-hook FILE]…
Builds what has changed, starts the services, and returns when each of them answers. They go on in the background. Without
root they are the calling user's own, and what that cannot have is said: docs/rootless.md.

  --data DIR          everything that is kept (default: CAISSON_DATA or /var/lib/caisson)
  --kafka HOST:PORT   use this Kafka instead of starting a broker, from now on (or CAISSON_KAFKA); own: start one again
  --kafka-properties FILE
                      settings of its clients: TLS, SASL, … (or CAISSON_KAFKA_PROPERTIES): docs/kafka.md
  --allow DIR         root file systems and bundles may lie below DIR from now on
  --allow-hook FILE   containers may have FILE as a hook from now on: a program that runs as root, on the host
The guard's rules are DIR/guard.conf, which is yours to edit; the executor reads it when it starts.
TEXT
}

up_verb() {
  local kafka=${CAISSON_KAFKA:-} allowed=() hooks=()
  KAFKA_PROPERTIES=${CAISSON_KAFKA_PROPERTIES:-}
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) up_usage; return ;;
      --data) use_data "${2:?--data needs a directory}"; shift ;;
      --data=*) use_data "${1#*=}" ;;
      --kafka) kafka=${2:?--kafka needs HOST:PORT}; shift ;;
      --kafka=*) kafka=${1#*=} ;;
      --kafka-properties) KAFKA_PROPERTIES=${2:?--kafka-properties needs a file}; shift ;;
      --kafka-properties=*) KAFKA_PROPERTIES=${1#*=} ;;
      --allow) allowed+=("$(realpath -m -- "${2:?--allow needs a directory}")"); shift ;;
      --allow-hook) hooks+=("$(realpath -m -- "${2:?--allow-hook needs a file}")"); shift ;;
      *) misuse "Unknown argument: $1" "caisson up --help" ;;
    esac
    shift
  done
  require_namespaces up
  require_tools "${NEEDED_TOOLS[@]}"
  ensure_built
  use_data "$DATA"
  up "$kafka" "${#allowed[@]}" "${allowed[@]}" "${hooks[@]}"
}

# up KAFKA COUNT ALLOWED… HOOK…
up() {
  local start=$EPOCHREALTIME kafka=$1 allowed=("${@:3:$2}") hooks=("${@:3+$2}")
  make_directories
  exec 9> "$DATA/run/launcher.lock"
  flock -w "$READY_SECONDS" 9 || die "Another \`caisson up\` or \`down\` is at work on $DATA"
  choose_kafka "$kafka"
  check_observation
  check_trail
  check_cpu
  check_access
  check_kafka_properties
  mapfile -t RAN_BEFORE < <(running_services)
  make_guard "$DATA"
  allow rootfs.roots "${allowed[@]}"
  allow bundles.roots "${allowed[@]}"
  allow_hooks "${hooks[@]}"
  restart_after_change
  choose_ports
  keep_kafka_properties "$kafka"
  keep_access
  stage
  configure_logging
  local service
  for service in "${SERVICES[@]}"; do
    start_service "$service"
  done
  await_ready
  enrol
  good "ready in $(seconds_since "$start") s: data in $DATA, node $NODE, Kafka at $KAFKA"
}

# Searchable by all, since sockets are below; each service's own folder is its own. Without root all are one user's.
make_directories() {
  local service uid
  if [[ $EUID -ne 0 ]]; then
    install -d -m 0700 "$DATA" "$DATA/run" "$DATA/log" "$DATA/lib" "$DATA/rootfs" "$DATA/run/executor" "${SERVICES[@]/#/$DATA/}" "${SERVICES[@]/#/$DATA/log/}" \
      "${SERVICES[@]/#/$DATA/run/}"
    return 0
  fi
  install -d -m 0711 "$DATA" "$DATA/run" "$DATA/log"
  install -d -m 0755 "$DATA/lib"
  for service in "${SERVICES[@]}"; do
    uid=$(service_uid "$service")
    install -d -m 0700 -o "$uid" -g "$uid" "$DATA/$service" "$DATA/log/$service"
    [[ $service == auditor ]] || install -d -m 0755 -o "$uid" -g "$uid" "$DATA/run/$service"
  done
  install -d -m 0700 "$DATA/rootfs" # what containers write there is root's
  # Only the gateway, and root, may reach the executor; and the auditor, whose socket gets the folder's group.
  install -d -m 0750 -o 0 -g "$GATEWAY_UID" "$DATA/run/executor"
  install -d -m 2750 -o "$AUDITOR_UID" -g "$GATEWAY_UID" "$DATA/run/auditor"
  check_searchable
}

# The services' users must be able to walk to the data directory.
check_searchable() {
  setpriv --reuid "$GATEWAY_UID" --regid "$GATEWAY_UID" --clear-groups test -x "$DATA/run/gateway" \
    || die "The services' users cannot reach $DATA: a folder above it is closed to them" "choose a --data outside of home directories, or chmod o+x its parents"
}

# What no service could do, before anything is started.
check_observation() {
  [[ -z $OTLP_ENDPOINT || $OTLP_ENDPOINT =~ ^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[^[:space:]]*)?$ ]] || die "CAISSON_OTLP_ENDPOINT must be a collector's address, as http://127.0.0.1:4318: $OTLP_ENDPOINT" "docs/observe.md says more"
  [[ $TRACE_RATIO =~ ^(0|1|0?\.[0-9]+|1\.0+)$ ]] || die "CAISSON_TRACE_RATIO must be from 0 to 1: $TRACE_RATIO" "docs/observe.md says more"
  [[ $LOG_FORMAT == text || $LOG_FORMAT == json ]] || die "CAISSON_LOG_FORMAT must be text or json: $LOG_FORMAT" "docs/observe.md says more"
  [[ $JFR == yes || $JFR == no ]] || die "CAISSON_JFR must be yes or no: $JFR" "docs/observe.md says more"
  [[ $JFR == no || $DATA != *[,[:space:]\"]* ]] \
    || die "--data must have no comma, blank or quote with CAISSON_JFR=yes, for the JVM's own options: $DATA" "choose another path"
}

# What the auditor would refuse, likewise.
check_trail() {
  [[ -z $TRAIL_URL || $TRAIL_URL == jdbc:postgresql://* ]] \
    || die "CAISSON_TRAIL_URL must begin with jdbc:postgresql://: $TRAIL_URL" "docs/trail.md says more"
  require_readable auditor "$TRAIL_PASSWORD_FILE"
}

# Likewise.
check_cpu() {
  local name
  [[ -z $AUDITOR_INSTANCE || $AUDITOR_INSTANCE =~ ^[A-Za-z0-9._-]{1,64}$ ]] \
    || die "CAISSON_AUDITOR_INSTANCE must be 1 to 64 letters, digits, dots, dashes: $AUDITOR_INSTANCE" "docs/cpu.md says more"
  [[ -z $CPU_STANDBY_REPLICAS || $CPU_STANDBY_REPLICAS =~ ^[0-9]$ ]] \
    || die "CAISSON_CPU_STANDBY_REPLICAS must be from 0 to 9: $CPU_STANDBY_REPLICAS" "docs/cpu.md says more"
  for name in CPU_HISTORY CPU_SERIES_KEPT CPU_SILENT_KEPT; do
    [[ -z ${!name} || ${!name} =~ [DHMS]$ && ${!name} =~ ^P([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$ ]] \
      || die "CAISSON_$name must be a duration as PT15M or P8D: ${!name}" "docs/cpu.md says more"
  done
}

# What the gateway would refuse, likewise.
check_access() {
  local name file secured=$TLS_ADDRESS$HTTP_ADDRESS
  [[ -z $TLS_ADDRESS$HTTP_ADDRESS || -n $ACCESS_FILE ]] \
    || die "CAISSON_ACCESS_FILE must be given with CAISSON_TLS_ADDRESS and CAISSON_HTTP_ADDRESS" "docs/access.md says what is in it"
  [[ $TLS_CALLERS == required || $TLS_CALLERS == optional ]] || die "CAISSON_TLS_CALLERS must be required or optional: $TLS_CALLERS"
  for name in ACCESS_FILE POLICY_FILE ${secured:+TLS_CERTIFICATE TLS_KEY TLS_AUTHORITIES}; do
    file=${!name}
    [[ -n $file || $name != TLS_* ]] || die "CAISSON_$name must be given with CAISSON_TLS_ADDRESS and CAISSON_HTTP_ADDRESS"
    require_readable gateway "$file"
  done
  for name in ACCESS_FILE POLICY_FILE; do
    file=$(kept_access "$name")
    [[ -z $file || -v CAISSON_$name ]] \
      || die "CAISSON_$name was $file, and must be given again" "or set to nothing, for a gateway without one"
    [[ $file == "${!name}" ]] || ! running gateway > /dev/null \
      || die "The gateway runs with another CAISSON_$name: ${file:-none}" "\`caisson down\` first"
  done
}

# kept_access NAME: what the gateway was started with last. Without it, everybody could do everything in any way.
kept_access() { sed -n "s/^$1=//p" "$DATA/run/access.conf" 2> /dev/null || true; }

keep_access() { printf '%s=%s\n' ACCESS_FILE "$ACCESS_FILE" POLICY_FILE "$POLICY_FILE" > "$DATA/run/access.conf"; }

# What would be no use, or a secret that nobody can read, before anything of it is kept.
check_kafka_properties() {
  local service file
  for service in gateway auditor; do
    file=$(given_kafka_properties "$service")
    [[ -n $file ]] || continue
    [[ $OWN_BROKER == no ]] || die "Settings of Kafka's clients are for a Kafka of yours" "name it: --kafka HOST:PORT"
    [[ -f $file && -r $file ]] || die "Kafka's properties cannot be read: $file"
  done
}

# given_kafka_properties SERVICE: the file that is given now; that of the one service comes before that of both.
given_kafka_properties() {
  local file=CAISSON_KAFKA_PROPERTIES_${1^^}
  echo "${!file:-${KAFKA_PROPERTIES:-}}"
}

# require_readable SERVICE FILE: by the service's own user. No FILE: nothing to read.
require_readable() {
  local uid
  [[ -n $2 ]] || return 0
  [[ -e $2 ]] || die "There is no file $2"
  [[ $EUID -eq 0 ]] || return 0
  uid=$(service_uid "$1")
  setpriv --reuid "$uid" --regid "$uid" --clear-groups test -r "$2" \
    || die "The $1's user cannot read $2" "chown $uid $2, with mode 0400, in a folder that he can search"
}

# The class paths, where the services' users can read them, a folder for each build: a new one does not pull the jars away
# under a JVM that still runs.
stage() {
  local service build staged=("${SERVICES[@]}")
  build=$(< "$STAMP")
  LIB=$DATA/lib/${build:0:12}
  forget_old_builds
  # Tests of a few modules have not built it.
  [[ ! -d $HOME_DIR/services/executor-systemd/target/lib ]] || staged+=(executor-systemd)
  install -d -m 0755 "$LIB"
  rm -rf "$LIB/"*.new
  for service in "${staged[@]}"; do
    [[ ! -d $LIB/$service ]] || continue
    install -d -m 0755 "$LIB/$service.new"
    install -m 0644 "$HOME_DIR/services/$service/target/caisson-$service-$VERSION.jar" "$HOME_DIR/services/$service/target/lib/"*.jar "$LIB/$service.new"
    [[ ! -f $HOME_DIR/packaging/jvm/$service.options ]] || install -m 0644 "$HOME_DIR/packaging/jvm/$service.options" "$LIB/$service.new/jvm.options"
    mv "$LIB/$service.new" "$LIB/$service"
  done
}

forget_old_builds() {
  local folder
  for folder in "$DATA/lib/"*; do
    [[ $folder == "$LIB" ]] || in_use "$folder" || rm -rf "$folder"
  done
}

# in_use FOLDER: whether a service runs from it.
in_use() {
  local service pid
  for service in "${SERVICES[@]}"; do
    ! pid=$(running "$service") || ! grep -qaF "$1/" "/proc/$pid/cmdline" || return 0
  done
  return 1
}

# Where the services log, how, and how much: bounded by the logging of each. What runs keeps the format that it was started with.
configure_logging() {
  local logback=() executor=()
  if [[ $LOG_FORMAT == json ]]; then
    logback=(-e '/<encoder>/,/<\/encoder>/c\    <encoder class="dev.caisson.logging.JsonLines"/>')
    executor=(-e 's/java.util.logging.SimpleFormatter$/dev.caisson.executor.JsonFormatter/')
  fi
  # For the services' users, whatever the caller's umask is.
  sed -e '' "${logback[@]}" "$LAUNCHER/logback.xml" | install -m 0644 /dev/stdin "$DATA/log/logback.xml"
  sed -e "s|@LOG@|$DATA/log/executor/executor.log|" "${executor[@]}" "$LAUNCHER/executor.properties" > "$DATA/log/executor.properties"
}

# choose_kafka KAFKA: the one that is given, or else was given before; otherwise, and for "own", a broker of our own.
choose_kafka() {
  local ports=$DATA/run/ports.conf
  # shellcheck source=/dev/null
  [[ ! -r $ports ]] || source "$ports"
  KAFKA=${1:-${KAFKA:-}}
  if [[ $1 == own ]]; then
    OWN_BROKER=yes
  elif [[ -n $1 || ( -n $KAFKA && ${OWN_BROKER:-yes} == no ) ]]; then
    OWN_BROKER=no SERVICES=(executor gateway auditor)
  else
    OWN_BROKER=yes
  fi
}

# The ports are kept with the data, so that consumers find them again after a restart.
choose_ports() {
  local ports=$DATA/run/ports.conf
  if [[ -z $(running_services) ]]; then
    BROKER_PORT=$(free_port "$BROKER_PORT")
    GATEWAY_PORT=$(free_port "$GATEWAY_PORT")
    AUDITOR_PORT=$(free_port "$AUDITOR_PORT" "$GATEWAY_PORT")
  fi
  [[ $OWN_BROKER == no ]] || KAFKA=127.0.0.1:$BROKER_PORT
  printf '%s=%s\n' BROKER_PORT "$BROKER_PORT" GATEWAY_PORT "$GATEWAY_PORT" AUDITOR_PORT "$AUDITOR_PORT" \
    KAFKA "$KAFKA" OWN_BROKER "$OWN_BROKER" > "$ports"
}

# keep_kafka_properties KAFKA: for gateway and auditor, where each alone can read its own, in place of those of another Kafka.
keep_kafka_properties() {
  local service uid file kept owner
  for service in gateway auditor; do
    owner=()
    kept=$(kafka_properties_of "$service")
    file=$(given_kafka_properties "$service")
    if [[ -n $file ]]; then
      uid=$(service_uid "$service")
      [[ $EUID -ne 0 ]] || owner=(-o "$uid" -g "$uid")
      install -m 0400 "${owner[@]}" "$file" "$kept"
    elif [[ -n $1 || $OWN_BROKER == yes ]]; then
      rm -f "$kept"
    fi
  done
}

kafka_properties_of() { echo "$DATA/$1/kafka.properties"; }

running_services() {
  local service
  for service in "${SERVICES[@]}"; do
    ! running "$service" > /dev/null || echo "$service"
  done
}

# free_port FIRST [TAKEN]: the first of a hundred on which nothing listens, by the kernel's own table (state 0A: listen).
free_port() {
  local port
  for ((port = $1; port < $1 + 100; port++)); do
    [[ $port == "${2:-}" ]] || listens "$port" || listens $((port + 1)) || { echo "$port"; return; }
  done
  die "No free port was found from $1 on"
}

listens() {
  awk -v port=":$(printf '%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2> /dev/null
}

# start_service SERVICE: with nothing of ours but its own; standard output takes what the JVM says before logging works.
start_service() {
  local service=$1 uid command=()
  if running "$service" > /dev/null; then
    say "  $service runs already$(older_build "$service")"
    return 0
  fi
  uid=$(service_uid "$service")
  make_recordings "$service"
  SAID_BEFORE[$service]=$(stat -c %s "$(log_of "$service")" 2> /dev/null || echo 0)
  mapfile -d '' -t command < <("${service}_command")
  if [[ $EUID -ne 0 ]]; then
    [[ $service == executor ]] || command=(setpriv --no-new-privs "${command[@]}")
  elif [[ $uid -ne 0 ]]; then
    command=(setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all "${command[@]}")
  fi
  (cd "$DATA/$service" && exec 9>&- && umask 0077 && exec setsid env -i "${SERVICE_ENVIRONMENT[@]}" "${command[@]}" \
    < /dev/null > "$DATA/log/$service/start.log" 2>&1) &
  local pid=$!
  disown "$pid"
  printf '%s %s\n' "$pid" "$(start_time "$pid")" > "$DATA/run/$service.pid"
  STARTED=("$service" "${STARTED[@]}")
}

older_build() {
  grep -qaF "$LIB/" "/proc/$(running "$1")/cmdline" || echo ", from an older build: \`caisson down\` first renews it"
}

# Until all are ready, or one has ended, which no wait would bring back.
await_ready() {
  local service line said='' checks=() waiting
  for service in "${SERVICES[@]}"; do
    case $service in
      broker) checks+=("broker=$BROKER_PORT") ;;
      *) checks+=("$service=$(socket_of "$service")") ;;
    esac
  done
  exec 8< <(client ready --wait "$READY_SECONDS" "${checks[@]}")
  waiting=$!
  while all_running; do
    if read -r -t 0.2 -u 8 line; then
      say "  $said$line"
      said=
    elif (($? == 1)); then # not the time, but the end of what it says
      ! { wait "$waiting" && all_running; } || return 0
      break
    else
      said+=$line
    fi
  done
  kill "$waiting" 2> /dev/null || true
  give_up
}

# What did not run before `up` does not run after it either.
give_up() {
  local service
  all_running && die "Not every service became ready within $READY_SECONDS s; they go on (CAISSON_READY_SECONDS)" "\`caisson up\` waits again; \`caisson logs SERVICE --data $DATA\` shows what it says"
  for service in "${SERVICES[@]}"; do
    running "$service" > /dev/null || show_end "$service"
  done
  for service in "${STARTED[@]}"; do
    [[ " ${RAN_BEFORE[*]} " == *" $service "* ]] || stop_service "$service"
  done
  running executor > /dev/null || remove_if_empty
  die "Not every service became ready, and those that \`up\` had started are stopped" "\`caisson logs SERVICE --data $DATA\` shows what it says"
}

# The executor's key, made at its first start, is the one by which the auditor checks what it signs. Enrolled once: another
# one later is for somebody to look at.
enrol() {
  local key=$DATA/executor/node-key.pub.pem pinned=$DATA/nodes/$NODE.pem
  [[ -r $key ]] || return 0 # one of an older build still runs
  install -d -m 0755 "$DATA/nodes"
  if [[ ! -e $pinned ]]; then
    install -m 0644 "$key" "$pinned"
  elif ! grep -qxF "$(sed -n 2p "$key")" "$pinned"; then
    warn "The executor signs with another key than is enrolled for $NODE"
    say "  \`caisson trail verify\` will say so. If the new key is right, add it: cat $key >> $pinned" >&2
  fi
}

# One that was ready and has ended since was not.
all_running() {
  local service
  for service in "${SERVICES[@]}"; do
    running "$service" > /dev/null || return 1
  done
}

# show_end SERVICE: why one has ended by itself: the last cause that it tells of since its start, or else its last words.
show_end() {
  local said cause
  said=$({ log_since "$1"; cat "$DATA/log/$1/start.log"; } 2> /dev/null || true)
  [[ $LOG_FORMAT == text ]] || said=$(stacks_as_lines <<< "$said")
  cause=$(grep '^Caused by: ' <<< "$said" | tail -n 1 || true)
  if [[ -n $cause ]]; then
    warn "$1 has ended: ${cause#Caused by: *: }"
  else
    warn "$1 has ended; its last words:"
    tail -n "$LOG_LINES" <<< "$said" >&2
  fi
}

# What a service has said since it was started here; of one that was not, the end.
log_since() {
  local file before=${SAID_BEFORE[$1]:-}
  file=$(log_of "$1")
  if [[ -z $before ]]; then
    tail -n "$LOG_LINES" "$file"
  elif [[ $(stat -c %s "$file") -lt $before ]]; then # it is a new one since
    cat "$file"
  else
    tail -c "+$((before + 1))" "$file"
  fi
}

# What JSON has within a text.
stacks_as_lines() { sed -e 's/\\n/\n/g' | sed -e 's/\\t/\t/g' -e '/^Caused by: /{ s/"}$//; s/\\\(["\\]\)/\1/g }'; }

log_of() { if [[ $1 == executor ]]; then echo "$DATA/log/$1/$1.log.0"; else echo "$DATA/log/$1/$1.log"; fi; }

# ---- down ------------------------------------------------------------------------------------------------------------

down_usage() {
  cat <<'TEXT'
Usage: caisson down [--data DIR] [--force]
Stops the services. Containers go on running, and the next `caisson up` finds them again.

  --force   end and delete every container and sandbox first
TEXT
}

down_verb() {
  local force=no
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) down_usage; return ;;
      --data) use_data "${2:?--data needs a directory}"; shift ;;
      --data=*) use_data "${1#*=}" ;;
      -f | --force) force=yes ;;
      *) misuse "Unknown argument: $1" "caisson down --help" ;;
    esac
    shift
  done
  require_jdk
  use_data "$DATA"
  [[ -d $DATA/run ]] || { say "There is nothing in $DATA"; return 0; }
  exec 9> "$DATA/run/launcher.lock"
  flock -w "$READY_SECONDS" 9 || die "Another \`caisson up\` or \`down\` is at work on $DATA"
  [[ $force == no ]] || end_containers
  tell_what_goes_on "$force"
  stop_all
  if [[ $force == yes ]]; then remove_leftovers; else remove_if_empty; fi
  good "down"
}

# Callers first, the record last: what the executor still writes is relayed by the next start.
stop_all() {
  local service
  signal_service gateway TERM || true
  signal_service auditor TERM || true
  for service in gateway auditor executor broker; do
    stop_service "$service"
  done
}

# Through the gateway, so that the record has it.
end_containers() {
  local sandboxes
  running gateway > /dev/null && running executor > /dev/null || return 0
  mapfile -t sandboxes < <( (client sandbox ls --data "$DATA") 2> /dev/null | awk 'NR > 1 { print $1 }')
  [[ ${#sandboxes[@]} == 0 ]] || (client sandbox delete --data "$DATA" --force "${sandboxes[@]}") || true
}

tell_what_goes_on() {
  local left
  [[ $1 == no ]] && running gateway > /dev/null || return 0
  left=$( (client ps --data "$DATA") 2> /dev/null | awk 'NR > 1 && $3 != "stopped" { print $1 }' | paste -s -d ' ' || true)
  [[ -z $left ]] || say "  these go on running: $left (\`caisson up\` finds them again, \`caisson down --force\` ends them)"
}

# What a service that could not be asked has left: processes are killed by their cgroups, which are then removed.
remove_leftovers() {
  local group
  while read -r group; do
    kill_group "$group"
    remove_group "$group"
  done < <(our_cgroups)
}

# Without containers the tree of cgroups is only its top.
remove_if_empty() {
  local group
  while read -r group; do
    rmdir "$group" 2> /dev/null || true
  done < <(our_cgroups)
}

our_cgroups() {
  find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -path "/sys/fs/cgroup*$(cgroup_parent "$DATA")" 2> /dev/null
}

kill_group() {
  local file
  if [[ -w $1/cgroup.kill ]]; then
    echo 1 > "$1/cgroup.kill"
    return 0
  fi
  while read -r file; do
    xargs -r kill -s KILL < "$file" 2> /dev/null || true
  done < <(find "$1" -name cgroup.procs)
}

remove_group() {
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    find "$1" -depth -type d -exec rmdir {} + 2> /dev/null || true
    [[ -d $1 ]] || return 0
    sleep 0.1
  done
  warn "$1 cannot be removed: something still runs in it"
}

# ---- status and logs -------------------------------------------------------------------------------------------------

status_verb() {
  local json=no service pid up=0
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) say "Usage: caisson status [--data DIR] [--output json|table]: which service runs, as whom, and where it listens. Ends with 1 when one does not run."; return ;;
      --data) use_data "${2:?--data needs a directory}"; shift ;;
      --data=*) use_data "${1#*=}" ;;
      -o | --output) [[ ${2:-} == json ]] && json=yes; shift ;;
      --output=*) [[ ${1#*=} == json ]] && json=yes ;;
      *) misuse "Unknown argument: $1" "caisson status --help" ;;
    esac
    shift
  done
  use_data "$DATA"
  # shellcheck source=/dev/null
  [[ ! -r $DATA/run/ports.conf ]] || source "$DATA/run/ports.conf"
  [[ ${OWN_BROKER:-yes} == yes ]] || SERVICES=(executor gateway auditor)
  [[ $json == yes ]] || printf '%-9s %-8s %8s %6s %9s  %s\n' SERVICE STATE PID UID MEMORY LISTENS
  local rows=()
  for service in "${SERVICES[@]}"; do
    if pid=$(running "$service"); then
      up=$((up + 1))
      rows+=("$(status_row "$json" "$service" running "$pid")")
    else
      rows+=("$(status_row "$json" "$service" stopped '')")
    fi
  done
  if [[ $json == yes ]]; then
    printf '{"data":"%s","kafka":"%s","services":[%s]}\n' "$DATA" "${KAFKA:-}" "$(IFS=,; echo "${rows[*]}")"
  else
    printf '%s\n' "${rows[@]}"
  fi
  ((up == ${#SERVICES[@]}))
}

# status_row JSON SERVICE STATE PID
status_row() {
  local memory='-' where
  where=$(socket_of "$2")
  [[ $2 != broker ]] || where=${KAFKA:-127.0.0.1:$BROKER_PORT}
  [[ -z $4 ]] || memory=$(awk '/^VmRSS:/ { printf "%d", $2 / 1024 }' "/proc/$4/status" 2> /dev/null)
  if [[ $1 == yes ]]; then
    printf '{"service":"%s","state":"%s","pid":%s,"uid":%s,"memory_mib":%s,"listens":"%s"}' \
      "$2" "$3" "${4:-null}" "$(service_uid "$2")" "${memory/#-/null}" "$where"
  else
    printf '%-9s %-8s %8s %6s %9s  %s' "$2" "$3" "${4:--}" "$(service_uid "$2")" "$memory MiB" "$where"
  fi
}

logs_verb() {
  local follow=() chosen=() files=() service
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) say "Usage: caisson logs [SERVICE] [-f] [--data DIR]: what a service (broker, executor, gateway, auditor) or each of them says; -f goes on. \`caisson logs ID\` shows a container's; \`caisson logs ID --help\` tells more."; return ;;
      --data) use_data "${2:?--data needs a directory}"; shift ;;
      --data=*) use_data "${1#*=}" ;;
      -f | --follow) follow=(-F) ;;
      broker | executor | gateway | auditor) chosen+=("$1") ;;
      *) misuse "Unknown argument: $1" "caisson logs --help" ;;
    esac
    shift
  done
  for service in "${chosen[@]:-${SERVICES[@]}}"; do
    mapfile -t -O "${#files[@]}" files < <(find "$DATA/log/$service" -maxdepth 1 \( -name '*.log' -o -name '*.log.0' \) 2> /dev/null | sort)
  done
  [[ ${#files[@]} -gt 0 ]] || die "There are no logs in $DATA/log" "\`caisson up\` starts the services; --data names another directory"
  tail -n 200 "${follow[@]}" "${files[@]}"
}
