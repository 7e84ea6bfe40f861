# Where things are, and whose they are. Each has an environment variable, for whoever must have it otherwise.
# shellcheck shell=bash disable=SC2034 # used by the files that source this one

# Who names a data directory means the services there, whatever context is the current one.
[[ -z ${CAISSON_DATA:-} ]] || export CAISSON_CONTEXT=${CAISSON_CONTEXT:-local}

# Whoever is not root has services of their own.
if [[ $EUID -eq 0 ]]; then
  DATA=${CAISSON_DATA:-/var/lib/caisson}
else
  DATA=${CAISSON_DATA:-${XDG_DATA_HOME:-${HOME:-/nonexistent}/.local/share}/caisson}
fi
export CAISSON_DATA=$DATA
SERVICES=(broker executor gateway auditor)

# One user and group for each service, without an entry in passwd(5): ids that neither adduser (up to 59999) nor systemd
# (60001 to 60577, 61184 to 65519) gives to anybody.
GATEWAY_UID=${CAISSON_GATEWAY_UID:-60901}
AUDITOR_UID=${CAISSON_AUDITOR_UID:-60902}
BROKER_UID=${CAISSON_BROKER_UID:-60903}
[[ $EUID -eq 0 ]] || GATEWAY_UID=$EUID AUDITOR_UID=$EUID BROKER_UID=$EUID

# First port that is tried, on loopback only.
BROKER_PORT=${CAISSON_BROKER_PORT:-19092}
GATEWAY_PORT=${CAISSON_GATEWAY_PORT:-7180}
AUDITOR_PORT=${CAISSON_AUDITOR_PORT:-7181}

# CAISSON_USERS: numbers or names of the users, beside root, who may call the gateway, separated by commas.

# How many sandboxes the executor makes in advance, to hand them out without a wait.
PARKED=${CAISSON_PARKED:-4}

# Percent of 10 s from which on it is told that a container's tasks wait for memory. 0: never.
MEMORY_PRESSURE=${CAISSON_MEMORY_PRESSURE:-0}
# How the record is kept: group or always; what is done when it is full: fail-closed or fail-open; its size; and for how long.
JOURNAL_DURABILITY=${CAISSON_JOURNAL_DURABILITY:-group}
JOURNAL_FULL=${CAISSON_JOURNAL_FULL:-fail-closed}
JOURNAL_MIB=${CAISSON_JOURNAL_MIB:-1024}
JOURNAL_RETENTION_HOURS=${CAISSON_JOURNAL_RETENTION_HOURS:-24}

# yes: what containers of all tenants use is told on the gateway's management port, to every user of this host.
CONTAINER_METRICS=${CAISSON_CONTAINER_METRICS:-no}

# How the services write their logs: text, or json with one object a line. yes: each service records itself with JDK Flight Recorder.
# docs/observe.md.
LOG_FORMAT=${CAISSON_LOG_FORMAT:-text}
JFR=${CAISSON_JFR:-no}

# The address of a collector of traces, as http://127.0.0.1:4318, and of the traces that begin here the part that is recorded. Empty: no
# spans are made. docs/observe.md.
OTLP_ENDPOINT=${CAISSON_OTLP_ENDPOINT:-}
TRACE_RATIO=${CAISSON_TRACE_RATIO:-1}

# Who makes the cgroups of sandboxes: cgroupfs (the executor alone) or systemd (docs/cgroups.md).
CGROUP_DRIVER=${CAISSON_CGROUP_DRIVER:-cgroupfs}

# The audit trail's PostgreSQL, as jdbc:postgresql://HOST/DATABASE, the user, a file with his password that the auditor's user can
# read, and how long a record is kept, as 365d. Empty: a file of the auditor's own, and a year (docs/trail.md).
TRAIL_URL=${CAISSON_TRAIL_URL:-}
TRAIL_USER=${CAISSON_TRAIL_USER:-}
TRAIL_PASSWORD_FILE=${CAISSON_TRAIL_PASSWORD_FILE:-}
TRAIL_RETENTION=${CAISSON_TRAIL_RETENTION:-}
# Of several auditors with one Kafka each has a name of its own. How many of the others keep a copy of each account; how long the figures
# of each sample are kept, a container can be scraped, and the account of a silent sandbox is kept, as PT15M or P8D. Empty: what
# docs/cpu.md says.
AUDITOR_INSTANCE=${CAISSON_AUDITOR_INSTANCE:-}
CPU_STANDBY_REPLICAS=${CAISSON_CPU_STANDBY_REPLICAS:-}
CPU_HISTORY=${CAISSON_CPU_HISTORY:-}
CPU_SERIES_KEPT=${CAISSON_CPU_SERIES_KEPT:-}
CPU_SILENT_KEPT=${CAISSON_CPU_SILENT_KEPT:-}
# Who may call the gateway, and with a certificate: docs/access.md.
ACCESS_FILE=${CAISSON_ACCESS_FILE:-}
# In which way: docs/policies.
POLICY_FILE=${CAISSON_POLICY_FILE:-}
TLS_ADDRESS=${CAISSON_TLS_ADDRESS:-}
# The same for HTTP with JSON: docs/http.md.
HTTP_ADDRESS=${CAISSON_HTTP_ADDRESS:-}
TLS_CERTIFICATE=${CAISSON_TLS_CERTIFICATE:-}
TLS_KEY=${CAISSON_TLS_KEY:-}
TLS_AUTHORITIES=${CAISSON_TLS_AUTHORITIES:-}
TLS_CALLERS=${CAISSON_TLS_CALLERS:-required}

# CNI: the directory of the host's networks, those of plugins, and the network namespace that they are in (empty: this one).
CNI_CONFIGURATIONS=${CAISSON_CNI_CONFIGURATIONS:-/etc/cni/net.d}
CNI_PLUGINS=${CAISSON_CNI_PLUGINS:-/usr/lib/cni:/opt/cni/bin}
CNI_NETWORK=${CAISSON_CNI_NETWORK:-}

NODE=${CAISSON_NODE:-$(uname -n)}

service_uid() {
  case $1 in
    executor) echo "$EUID" ;;
    gateway) echo "$GATEWAY_UID" ;;
    auditor) echo "$AUDITOR_UID" ;;
    broker) echo "$BROKER_UID" ;;
  esac
}

socket_of() { echo "$DATA/run/$1/$1.sock"; }

# use_data DIR: everything of the services is below it.
use_data() {
  DATA=$(realpath -m -- "$1")
  # sun_path of unix(7) has 108 bytes; the longest socket is run/executor/executor.sock.
  ((${#DATA} <= 75)) || die "--data must have at most 75 bytes, for the sockets below it: $DATA" "choose a shorter path"
}
