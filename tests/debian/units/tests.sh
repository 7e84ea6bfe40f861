#!/bin/bash
# On a host that systemd has booted, with the package installed: systemctl starts all of it, with the privileges that the units say, and
# nothing that systemd does to the executor's unit takes a container with it.
# shellcheck disable=SC2317 # what `holds` and `eventually` call
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/assert.sh
source ./assert.sh

readonly ROOTFS=/var/lib/caisson/rootfs/busybox
# What the host gives this machine is emulated.
readonly READY_SECONDS=240

echo "guest: Linux $(uname -r), $(systemctl --version | head -n 1)"

main_pid() { systemctl show --property MainPID --value "caisson-$1"; }

status_of() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$(main_pid "$1")/status"; }

active() { [[ $(systemctl is-active "caisson-$1") == active ]]; }

namespace_of() {
  local own
  own=$(readlink "/proc/$(main_pid "$1")/ns/$2") || { echo unknown; return; }
  [[ $own == "$(readlink "/proc/1/ns/$2")" ]] && echo host || echo own
}

# The same process as when began_at was noted; a zombie is not alive.
lives() {
  local state
  state=$(awk '/^State:/ { print $2 }' "/proc/$inside/status" 2> /dev/null) && [[ -n $state && $state != Z && $(began) == "$began_at" ]]
}

# proc_pid_stat(5): field 22, behind a name that may have spaces.
began() { sed 's/.*) //' "/proc/$inside/stat" 2> /dev/null | cut -d ' ' -f 20; }

restarted() { local now; now=$(main_pid executor) && [[ $now != 0 && $now != "$before" ]]; }

none_runs() { [[ "$(main_pid executor) $(main_pid gateway) $(main_pid auditor)" == "0 0 0" ]]; }

executes() { [[ $(caisson exec stays -- echo lives) == lives ]]; }

# process_of "WORD WORD ": whose command line it is.
process_of() {
  local each
  for each in /proc/[0-9]*; do
    [[ $(tr '\0' ' ' < "$each/cmdline") != "$1" ]] || echo "${each#/proc/}"
  done 2> /dev/null
}

no_scope() { [[ ! -d /proc/$inside ]] && ! systemctl is-active --quiet "$scope"; }

# Says how the tests ended, and what the services said where that was not well.
end() {
  local status=0
  conclude || status=$?
  [[ $status -eq 0 ]] || journalctl --no-pager -o cat -n 60 -u 'caisson*'
  echo "guest: ended with $status after $(cut -d . -f 1 /proc/uptime) s"
  sync
  exit "$status"
}

# The bits of the names that a unit has.
bits_of() {
  local name mask=0
  local -A bits=([CHOWN]=0 [DAC_OVERRIDE]=1 [FOWNER]=3 [KILL]=5 [SETGID]=6 [SETUID]=7 [SETPCAP]=8 [NET_ADMIN]=12 [SYS_CHROOT]=18 [SYS_PTRACE]=19
    [SYS_ADMIN]=21 [SYS_NICE]=23 [SYS_RESOURCE]=24 [MKNOD]=27 [SETFCAP]=31)
  while read -r name; do
    [[ -z $name ]] || mask=$((mask | 1 << ${bits[${name#CAP_}]}))
  done < <(sed -n 's/^CapabilityBoundingSet=//p' "/lib/systemd/system/caisson-$1.service" | tr ' ' '\n')
  printf '%016x' "$mask"
}

holds "systemctl start caisson" systemctl start caisson
holds "all is ready" eventually "$READY_SECONDS" caisson ready gateway=/run/caisson/gateway/gateway.sock
holds "the executor answers" eventually "$READY_SECONDS" caisson ps
((FAILURES == 0)) || end
for service in executor gateway auditor; do
  holds "caisson-$service is active" active "$service"
  for set in CapPrm CapEff CapBnd; do
    # The executor's are what its unit says; the others have none, though the list is empty there.
    equal "$service: $set" "$(bits_of "$service")" "$(status_of "$service" "$set")"
  done
done
for service in gateway auditor; do
  equal "$service: its user" "$(id -u "caisson-$service")" "$(status_of "$service" Uid)"
  equal "$service: it cannot gain privileges" 1 "$(status_of "$service" NoNewPrivs)"
  equal "$service: a filter of system calls holds it" 2 "$(status_of "$service" Seccomp)"
done
# no_new_privs and filters of system calls would be every container's, too.
equal "the executor has nothing that containers must not inherit" "0 0" "$(status_of executor NoNewPrivs) $(status_of executor Seccomp)"
equal "the executor's network is its own" own "$(namespace_of executor net)"
equal "and has nothing in it" lo "$(awk -F: 'NR > 2 { gsub(/ /, "", $1); print $1 }' "/proc/$(main_pid executor)/net/dev" | paste -s -d ' ')"
equal "it is in the host's PID namespace" host "$(namespace_of executor pid)"

equal "a container runs, and its output and exit code come back" "hello 7" "$(caisson run --id hello --rootfs "$ROOTFS" -- sh -c 'printf "hello "; exit 7'; echo $?)"
holds "one goes on" caisson run --detach --id stays --memory 64m --rootfs "$ROOTFS" -- sleep 100000
inside=$(process_of 'sleep 100000 ')
began_at=$(began)
holds "its process is found" test "${inside:-0}" -gt 1

before=$(main_pid executor)
holds "everything in the executor's unit is killed" systemctl kill --kill-whom=all --signal=KILL caisson-executor
holds "systemd starts it again" eventually 120 restarted
holds "the container's process has lived on" lives
holds "a program can be executed in it" eventually "$READY_SECONDS" executes
holds "systemctl restart caisson-executor" systemctl restart caisson-executor
holds "the container's process has lived on" lives
holds "a program can be executed in it" eventually "$READY_SECONDS" executes
holds "systemctl stop caisson" systemctl stop caisson
holds "all services end with it" eventually 120 none_runs
holds "the container's process has lived on" lives
holds "systemctl start caisson takes it up again" systemctl start caisson
holds "a program can be executed in it" eventually "$READY_SECONDS" executes
caisson kill stays KILL
equal "it knows how it ended" 137 "$(caisson wait stays > /dev/null; echo $?)"
for each in hello stays; do caisson delete "$each" > /dev/null 2>&1; done
listed=$(caisson ps)
contains "the list is one" ID "$listed"
equal "nothing is left in it" "" "$(tail -n +2 <<< "$listed")"

sed -i 's/^#CGROUP_DRIVER=/CGROUP_DRIVER=/' /etc/default/caisson-executor
sed -i 's|^cgroup.parent *=.*|cgroup.parent = /caisson.slice|' /etc/caisson/guard.conf
holds "systemctl restart caisson-executor, with systemd as the driver of cgroups" systemctl restart caisson-executor
holds "a container runs" eventually "$READY_SECONDS" caisson run --detach --id scoped --memory 64m --rootfs "$ROOTFS" -- sleep 200000
inside=$(process_of 'sleep 200000 ')
began_at=$(began)
scope=$(sed -n 's|.*/\(caisson-[0-9a-f-]*\.scope\)/.*|\1|p' "/proc/${inside:-0}/cgroup")
holds "systemd has a scope for its sandbox" test -n "$scope"
holds "in the slice of the setting" grep -q '/caisson.slice/caisson-[0-9a-f-]*\.scope/' "/proc/${inside:-0}/cgroup"
before=$(main_pid executor)
holds "everything in the executor's unit is killed" systemctl kill --kill-whom=all --signal=KILL caisson-executor
holds "systemd starts it again" eventually 120 restarted
holds "the container's process has lived on" lives
holds "it is deleted" eventually "$READY_SECONDS" caisson delete --force scoped
holds "and its scope is gone" eventually 30 no_scope
holds "no unit has failed" test -z "$(systemctl list-units --state=failed --plain --no-legend 'caisson*')"
end
