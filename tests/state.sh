# What containers could leave behind on this machine, as text: to compare before and after.
# shellcheck shell=bash

# Not processes and mounts of others: only what belongs to this data directory, or to the services' process trees. One kind of
# thing a line, with how many: sandboxes that are parked for callers to come are always as many, but not always the same.
left_behind() {
  {
    processes_of_executor | sed 's/^/process /'
    echo "mounts $(mounts_of_executor)"
    find /sys/fs/cgroup -mindepth 1 -type d -path "*$(our_cgroup)*" 2> /dev/null | sed 's/^/cgroup /'
    find "$CAISSON_DATA/run" -type s 2> /dev/null | sed 's/^/socket /'
    find "$CAISSON_DATA/executor" \( -name journal -o -name usage \) -prune -o -type f -print 2> /dev/null | sed 's/^/file /'
  } | sed -E 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/‹uid›/g' | sort | uniq -c
}

same_as() { [[ $(left_behind) == "$1" ]]; }

our_cgroup() {
  awk -F/ '{ print "/caisson-" substr($0, 1, 8) }' < <(printf '%s' "$CAISSON_DATA" | sha256sum)
}

executor_pid() { cut -d ' ' -f 1 "$CAISSON_DATA/run/executor.pid"; }

# Names of the processes that descend from the executor, or were born in its sandboxes' cgroups.
processes_of_executor() {
  { descendants "$(executor_pid)"; cgroup_processes; } | sort -un | while read -r pid; do
    cat "/proc/$pid/comm" 2> /dev/null || true
  done
}

descendants() {
  local child
  while read -r child; do
    [[ $(awk '/^State:/ { print $2 }' "/proc/$child/status" 2> /dev/null) == Z ]] || echo "$child"
    descendants "$child"
  done < <(cat "/proc/$1/task/"*/children 2> /dev/null | tr ' ' '\n' | grep .)
}

cgroup_processes() {
  find /sys/fs/cgroup -path "*$(our_cgroup)*" -name cgroup.procs -exec cat {} + 2> /dev/null
}

# What the executor sees mounted is what it, and nobody else, could have left mounted on the host.
mounts_of_executor() {
  awk '{ print $5 }' "/proc/$(executor_pid)/mountinfo" 2> /dev/null | sort | sha256sum | cut -c 1-16
}
