# What this machine has, what is missing, and what that costs.
# shellcheck shell=bash

KERNEL_FLOOR=5.14
# capabilities(7) of the executor, with what each is for; the number is the bit in /proc/self/status.
CAPABILITIES=(
  "21:CAP_SYS_ADMIN:required:mounts and namespaces: no container can be made"
  "0:CAP_CHOWN:required:handing cgroup files to a sandbox's user namespace: no container can be made"
  "1:CAP_DAC_OVERRIDE:required:opening root file systems of other users"
  "6:CAP_SETGID:required:id maps of user namespaces: no container can be made"
  "7:CAP_SETUID:required:id maps of user namespaces: no container can be made"
  "8:CAP_SETPCAP:required:dropping capabilities: no container can be made"
  "5:CAP_KILL:required:signals to containers of other users"
  "23:CAP_SYS_NICE:optional:before Linux 6.6 with cgroup v2 no container can be made, where nothing has passed the cpuset controller on"
  "12:CAP_NET_ADMIN:required:the loopback device of a sandbox"
  "24:CAP_SYS_RESOURCE:optional:oom_score_adj below its present value and raised hard limits fail: specs that ask for them are refused"
)

ROWS=()
WORST=0

# row LEVEL NAME STATE DETAIL COST: LEVEL is ok, optional or required.
row() {
  local mark=ok
  case $1 in
    optional) mark=absent ;;
    required) mark=MISSING WORST=1 ;;
  esac
  ROWS+=("$mark"$'\t'"$2"$'\t'"$3"$'\t'"${4:-}")
}

# at_least HAVE WANT
at_least() { [[ $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

check_kernel() {
  local release
  release=$(uname -r)
  if at_least "$release" "$KERNEL_FLOOR"; then
    row ok kernel "$release"
  else
    row required kernel "$release" "$KERNEL_FLOOR is needed for cgroup.kill, close_range and id-mapped mounts: no container can be made"
  fi
  case $(uname -m) in
    x86_64) row ok machine x86_64 ;;
    *) row required machine "$(uname -m)" "caisson-init is tested on x86_64 only" ;;
  esac
}

check_cgroups() {
  local kind controller
  case $(stat -f -c %T /sys/fs/cgroup 2> /dev/null) in
    cgroup2fs) kind=v2 ;;
    tmpfs) [[ -d /sys/fs/cgroup/unified ]] && kind=hybrid || kind=v1 ;;
    *) kind=none ;;
  esac
  if [[ $kind == none ]]; then
    row required cgroups none "limits and CPU accounting: no container can be made"
    return 0
  fi
  row ok cgroups "$kind"
  check_cgroup_driver "$kind"
  for controller in memory cpu pids; do
    if has_controller "$kind" "$controller"; then
      row ok "cgroup $controller" there
    else
      row optional "cgroup $controller" absent "its limits are refused"
    fi
  done
}

# check_cgroup_driver KIND: what the executor would refuse to start without.
check_cgroup_driver() {
  local lacks=
  case $CGROUP_DRIVER in
    cgroupfs) row ok "cgroup driver" "cgroupfs, by CAISSON_CGROUP_DRIVER or its absence"; return 0 ;;
    systemd) ;;
    *) row required "cgroup driver" "$CGROUP_DRIVER" "CAISSON_CGROUP_DRIVER must be cgroupfs or systemd: the executor does not start"; return 0 ;;
  esac
  [[ $1 == v2 ]] || lacks+=", a host with cgroup v2 alone"
  [[ -d /run/systemd/system ]] || lacks+=", systemd as the init"
  [[ -n ${DBUS_SYSTEM_BUS_ADDRESS:-} || -S /run/dbus/system_bus_socket ]] || lacks+=", D-Bus"
  [[ $EUID -eq 0 ]] || lacks+=", root"
  if [[ -z $lacks ]]; then
    row ok "cgroup driver" "systemd, by CAISSON_CGROUP_DRIVER"
  else
    row required "cgroup driver" systemd "it needs ${lacks#, }: the executor does not start"
  fi
}

# has_controller KIND NAME
has_controller() {
  if [[ $1 == v2 ]]; then
    grep -qw "$2" /sys/fs/cgroup/cgroup.controllers
  else
    [[ -d /sys/fs/cgroup/$2 ]]
  fi
}

check_namespaces() {
  local name most
  for name in user pid mnt net ipc uts cgroup; do
    [[ -e /proc/self/ns/$name ]] || row required "$name namespaces" absent "no container can be made"
  done
  most=$(cat /proc/sys/user/max_user_namespaces 2> /dev/null || echo 0)
  if ((most > 0)); then
    row ok namespaces "at most $most user namespaces"
  else
    row required "user namespaces" 0 "sandboxes have one each: raise user.max_user_namespaces"
  fi
}

check_capabilities() {
  [[ $EUID -eq 0 ]] || return 0
  local effective entry bit name level cost
  effective=$(awk '/^CapEff:/ { print "0x" $2 }' /proc/self/status)
  for entry in "${CAPABILITIES[@]}"; do
    IFS=: read -r bit name level cost <<< "$entry"
    if (((effective >> bit) & 1)); then
      row ok "$name" held
    else
      row "$level" "$name" 'not held' "$cost"
    fi
  done
}

check_security_modules() {
  if [[ $(cat /sys/module/apparmor/parameters/enabled 2> /dev/null) == Y ]]; then
    row ok AppArmor 'in force'
  else
    row optional AppArmor absent "containers that name a profile are refused"
  fi
  if grep -q ' selinuxfs ' /proc/self/mounts; then
    row ok SELinux 'in force'
  else
    row optional SELinux absent "containers that name a label are refused"
  fi
}

check_tools() {
  local pair
  if find_jdk; then
    row ok JDK "$JAVA_HOME"
  else
    row required JDK none "JDK $JAVA_WANTED is needed to build and to run"
  fi
  for pair in "${NEEDED_TOOLS[@]}"; do
    check_tool required "$pair" "needed to build and to run; \`caisson build\` as root installs Debian's ${pair#*:}"
  done
  for pair in "${NEEDED_LIBRARIES[@]}"; do
    check_library "$pair" "needed to filter system calls: containers with a filter, and by default all have one, are refused; \`caisson build\` as root installs Debian's ${pair#*:}"
  done
  for pair in "${TEST_TOOLS[@]}"; do
    check_tool optional "$pair" "needed by \`caisson verify\` and \`bench\` only; Debian's ${pair#*:}"
  done
}

# check_tool LEVEL TOOL:PACKAGE COST
check_tool() {
  local path
  if path=$(command -v "${2%%:*}"); then
    row ok "${2%%:*}" "$path"
  else
    row "$1" "${2%%:*}" absent "$3"
  fi
}

# check_library LIBRARY:PACKAGE COST
check_library() {
  local path
  if path=$(find_library "${1%%:*}"); then
    row ok "${1%%:*}" "$path"
  else
    row required "${1%%:*}" absent "$2"
  fi
}

check_room() {
  local memory disk
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  disk=$(df -Pm "$HOME_DIR" | awk 'NR == 2 { print $4 }')
  if ((memory >= 1500)); then row ok memory "$memory MiB available"; else row optional memory "$memory MiB available" "four JVMs take about 700 MiB"; fi
  if ((disk >= 2000)); then row ok disk "$disk MiB free"; else row optional disk "$disk MiB free" "a first build takes about 1 GiB"; fi
}

# Without root, namespaces of one's own give most of what is needed.
check_user() {
  if [[ $EUID -eq 0 ]]; then
    row ok user root
  elif ! unshare --user --map-root-user --mount true 2> /dev/null; then
    row required user "uid $EUID" "users may not make namespaces here: \`caisson up\` must be run as root"
  else
    row optional user "uid $EUID, without root" "no id range for each sandbox, no images, and limits only where a cgroup is delegated"
    if has_subordinate_ids; then
      row ok 'subordinate ids' 'newuidmap and /etc/subuid'
    else
      row optional 'subordinate ids' absent "containers have user and group 0 only; Debian's uidmap, and a line in /etc/subuid and /etc/subgid"
    fi
  fi
}

doctor_usage() {
  cat <<'TEXT'
Usage: caisson doctor [--output json|table]
Lists what Caisson needs of this machine, what is missing, and what that costs.
Ends with 1 when something is missing without which no container can be made.
TEXT
}

doctor_verb() {
  local form=table
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) doctor_usage; return ;;
      -o | --output) form=${2:-}; shift ;;
      --output=*) form=${1#*=} ;;
      --data | --data=*) [[ $1 == *=* ]] || shift ;;
      *) misuse "Unknown argument: $1" "caisson doctor --help" ;;
    esac
    shift
  done
  check_user
  check_kernel
  check_cgroups
  check_namespaces
  check_capabilities
  check_security_modules
  check_tools
  check_room
  case $form in
    json) doctor_json ;;
    table) doctor_table ;;
    *) misuse "--output must be json or table: $form" ;;
  esac
  return "$WORST"
}

doctor_table() {
  local mark name detail cost line
  for line in "${ROWS[@]}"; do
    IFS=$'\t' read -r mark name detail cost <<< "$line"
    printf '%-8s %-18s %s%s\n' "$mark" "$name" "$detail" "${cost:+: $cost}"
  done
}

doctor_json() {
  local mark name detail cost line separator=''
  printf '['
  for line in "${ROWS[@]}"; do
    IFS=$'\t' read -r mark name detail cost <<< "$line"
    printf '%s\n  {"check":"%s","state":"%s","detail":"%s","cost":"%s"}' "$separator" "$name" "${mark,,}" "$detail" "${cost//\"/\'}"
    separator=,
  done
  printf '\n]\n'
}
