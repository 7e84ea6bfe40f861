# The guard's rules: what the executor allows, whoever asks. The file is the operator's; the launcher makes it once, and adds
# what `up` is told to add.
# shellcheck shell=bash

GUARD_CHANGED=no

# make_guard DATA
make_guard() {
  [[ ! -e $1/guard.conf ]] || return 0
  (umask 0077 && cat > "$1/guard.conf") <<CONF
# What the executor allows, whoever asks. Read when it starts.

# Directories below which root file systems may lie: containers can change what is in them.
rootfs.roots = $1/rootfs

# Whether root file systems and volumes that containers can write to may lie where others than root can go. A set-user-ID program
# that a container leaves there is root's on the host, for whoever can reach it.
roots.exposed = false

# Whether a root file system may be an image (EROFS): the kernel parses what somebody else has written, as root.
rootfs.images = false

# Directories below which OCI bundles may be said to lie. Hooks are told the path; nothing is opened there.
bundles.roots = $1/rootfs

# Directories below which sources of bind mounts may lie.
mounts.roots =

# Ids of the host of which each sandbox gets 65536 of its own; nothing else on the host may use them. Default:
# user-namespace.auto-ids = 1879048192-2147483647

# Directories below which namespaces lie that may be joined by path, as /run/netns. Those of a tenant's own sandboxes may be
# joined by /proc/PID/ns/TYPE anyway. Of a user namespace, user-namespace.mapped-ids must lend the ids too.
namespaces.roots =

# Networks that sandboxes may be joined to, by the names in the host's CNI configuration (/etc/cni/net.d), the first for those who
# name none; and the ports of the host that may lead to a sandbox, as in 8000-8999: docs/networks.md.
# networks.cni = NAME …
# networks.host-ports = FIRST-LAST

# Whether a container may be without a filter of system calls; those that bring none get the default one.
seccomp.unconfined = false

# Directories below which those listen who answer system calls (SCMP_ACT_NOTIFY). They decide what such a call does.
seccomp.listeners =

# System calls that no filter may let pass have a default of their own: those that no namespace divides, as kexec_load and
# init_module. seccomp.denied = name … replaces it.

# Whether device files in bind mounts may work (option dev), and what containers may use beside the standard devices, as in
# c:10:229 (character device 10:229) or b:7:* (every block device of major 7). Also the most that any cgroup of theirs allows.
devices = false
devices.allowed =

# The most that a hard limit of a process may be (getrlimit(2)), as in RLIMIT_NOFILE=1048576 or RLIMIT_CORE=unlimited. What is above
# the executor's own limits it raises, up to this. Named ones replace these defaults, others are not bounded:
# limits.rlimits = RLIMIT_NOFILE=1048576 RLIMIT_NICE=20 RLIMIT_RTPRIO=0

# The most processes and memory that a container may have. Where one is said, each container must have a limit, at most that:
# limits.pids = 4096
# limits.memory-bytes = 8589934592

# The most that all log files of a container may have, in bytes:
# limits.log-bytes = 1073741824

# What else has a default of its own, and is not weaker than this unless it is said: namespaces.host, user-namespace.host and
# new-privileges = false; user-namespace.mapped-ids = FIRST-LAST, none; capabilities = those that containers usually have;
# limits.sandboxes = 1000, limits.containers = 4000, limits.execs-per-sandbox = 64, limits.hook-timeout-seconds = 30 (of all hooks of one kind together),
# limits.forwards = 128, limits.forwards-per-tenant = 96 and limits.forwards-per-sandbox = 64 (open connections of port-forward).

# Whether a process may come before all others of the host: SCHED_FIFO, SCHED_RR, SCHED_DEADLINE, IOPRIO_CLASS_RT, a nice value
# below 0. Only where user-namespace.host is allowed too: the kernel gives these to nobody in a user namespace of its own.
scheduling.realtime = false

# Whether memory.disableOOMKiller may keep the kernel from ending who is out of memory, and whether linux.resources.network may mark
# packets for the host's own rules: docs/resources.md.
# oom-killer.disable = true
# networks.marks = true

# Names of options and variables whose values the record does not show, beside the usual ones, and exceptions: docs/recording.md.
# redaction.names = -p *-dsn
# redaction.shown = --token-file

# Ids of users who may hand descriptors to containers, beside root: docs/donated-descriptors.md.
donations.users =

# The cgroup below which all others are.
cgroup.parent = $(cgroup_parent "$1")

# Whether linux.cgroupsPath of a config.json says where there, as a kubelet needs it. Otherwise it has no effect, which is told.
# cgroup.paths = true

# Programs that containers may have as hooks, run as root on the host: hook = /path [uid=OWNER] [sha256=DIGEST].
CONF
}

# allow KEY DIRECTORY…: adds what is not there yet.
allow() {
  local key=$1 directory
  for directory in "${@:2}"; do
    if ! grep -qE "^$key *=.* ${directory//./\\.}( |$)" "$DATA/guard.conf"; then
      sed -i "s|^$key *=.*|& $directory|" "$DATA/guard.conf"
      GUARD_CHANGED=yes
    fi
  done
}

# allow_hooks FILE…
allow_hooks() {
  local file
  for file in "$@"; do
    [[ -f $file && -x $file ]] || die "A hook must be a program: $file"
    if ! grep -qE "^hook *= *${file//./\\.}( |$)" "$DATA/guard.conf"; then
      printf 'hook = %s uid=%s\n' "$file" "$(stat -c %u "$file")" >> "$DATA/guard.conf"
      GUARD_CHANGED=yes
    fi
  done
}

# Containers go on while the executor takes up its new rules.
restart_after_change() {
  [[ $GUARD_CHANGED == no ]] || ! running executor > /dev/null || stop_service executor
}
