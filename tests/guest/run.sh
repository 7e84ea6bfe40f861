#!/usr/bin/env bash
# The executor on hosts such as most users have, and test machines have not: pure cgroup v2, every capability, AppArmor; and
# the same with SELinux. A guest of qemu with Debian's kernel runs the executor's own tests that are listed in `*.tests`. The
# machine is emulated, so that it does not matter what this one lends: a JVM is some 20 times slower there.
# On a third systemd is the init, for the driver that asks it for scopes.
# run.sh [apparmor | selinux | systemd [TEST…]]: only this host, only these tests.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
HOME_DIR=$ROOT
# shellcheck source=launcher/say.sh
source "$ROOT/launcher/say.sh"
# shellcheck source=launcher/toolchain.sh
source "$ROOT/launcher/toolchain.sh"
# shellcheck source=tests/guest/machine.sh
source "$HERE/machine.sh"

PATH=$PATH:/usr/sbin:/sbin # mke2fs
CACHE=$ROOT/target/guest
EXECUTOR=$ROOT/services/executor
SYSTEMD_DRIVER=$ROOT/services/executor-systemd
LINUX_JAR=caisson-linux-0.1.0-SNAPSHOT.jar
# For all hosts together, from when everything is fetched and built.
SECONDS_AT_MOST=${CAISSON_GUEST_SECONDS:-480}
DISK_MIB=2048
SYSTEMD_PACKAGES=(systemd libsystemd-shared dbus-daemon dbus-system-bus-common)

# The guest's JVM: no compiler that takes long, and nothing mapped elsewhere than where the archive was made for, which would
# cost 8 seconds; nothing said of the archive.
JVM=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx256m -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0
  -Dio.netty.jfr.enabled=false -Dio.netty.machineId=02:00:00:00:00:01 -Dcaisson.test.patience=120
  --add-modules dev.caisson.linux '--enable-native-access=dev.caisson.linux,ALL-UNNAMED' --illegal-native-access=deny)

stop() {
  trap - EXIT
  stop_guest
  [[ -z ${WORK:-} ]] || rm -rf --one-file-system "$WORK"
}

# skip REASON: said, and counted as the test runners count it; a failure where these hosts are demanded.
skip() {
  if [[ ${CAISSON_GUEST_DEMANDED:-no} == yes ]]; then
    die "The guests are demanded (CAISSON_GUEST_DEMANDED), and cannot run" "$1"
  fi
  printf '  skip  %s\nTests run: 1, Failures: 0, Errors: 0, Skipped: 1\n' "$1"
  exit 0
}

# ---- What it needs

require() {
  [[ $(uname -m) == x86_64 ]] || skip "the guest is an x86_64 one"
  local tool
  for tool in qemu-system-x86_64 mke2fs busybox; do
    command -v "$tool" > /dev/null || skip "needs $tool: \`caisson verify\` as root installs it on Debian"
  done
  find_jdk || skip "needs a JDK $JAVA_WANTED"
  JAVA_HOME=$(readlink -f "$JAVA_HOME")
  fetch_packages || skip "needs Debian's packages $KERNEL_PACKAGE, apparmor and secilc: $(tail -n 1 "$CACHE/fetch.log" 2> /dev/null)"
}

# systemd and its bus, likewise: where they cannot be had, only their host is left out.
fetch_systemd() {
  [[ ! -e $CACHE/systemd/done ]] || return 0
  rm -rf "$CACHE/systemd"
  mkdir "$CACHE/systemd"
  step "fetching systemd"
  (
    cd "$CACHE/systemd" \
      && { apt-get -o Acquire::Retries=3 download "${SYSTEMD_PACKAGES[@]}" || { apt-get update && apt-get -o Acquire::Retries=3 download "${SYSTEMD_PACKAGES[@]}"; }; } \
      && for package in *.deb; do dpkg-deb -x "$package" . && rm "$package" || exit 1; done
  ) > "$CACHE/fetch-systemd.log" 2>&1 || return 1
  touch "$CACHE/systemd/done"
}

# Classes and jars: `mvn verify` leaves them. Where `caisson verify` runs this, it has just done so.
build() {
  local changed
  [[ -z ${TEST_DIR:-} || ! -d $EXECUTOR/target/test-lib ]] || return 0
  changed=$(find "$ROOT"/{proto,libs,services/executor,services/executor-systemd} "$ROOT/pom.xml" -name target -prune -o -type f ! -name '*.md' -newer "$EXECUTOR/target/test-lib" -print -quit 2>&1) || true
  [[ -d $EXECUTOR/target/test-classes && -z $changed ]] && return 0
  step "building the executor and its tests"
  (cd "$ROOT" && mvn -B -q -Dquick -pl services/executor-systemd -am package > "$CACHE/build.log" 2>&1) \
    || die "The build failed" "$CACHE/build.log has everything"
  touch "$EXECUTOR/target/test-lib"
}

# ---- The archive of classes

# The directory of jars has the same name here and there, since the archive says where its classes come from.
gather_jars() {
  mkdir -p "$WORK/lib"
  cp -p "$EXECUTOR/target/test-lib/"*.jar "$EXECUTOR"/target/caisson-executor-*.jar "$WORK/lib/"
  cp -p "$SYSTEMD_DRIVER"/target/lib/{dbus-java,slf4j}-*.jar "$SYSTEMD_DRIVER"/target/caisson-executor-systemd-*.jar "$WORK/lib/"
  "$JAVA_HOME/bin/jar" --create --no-compress --file "$WORK/lib/tests.jar" -C "$EXECUTOR/target/test-classes" .
}

java_tests() {
  local jars=("$WORK/lib/"*.jar) path
  path=$(printf '%s\n' "${jars[@]}" | grep -v -F "/$LINUX_JAR" | paste -s -d :)
  printf '%s\0' "$JAVA_HOME/bin/java" "$@" "${JVM[@]}" -p "$WORK/lib/$LINUX_JAR" -cp "$path" dev.caisson.executor.InGuest
}

# Loading classes is what takes an emulated JVM a minute. One run of a container here notes what is loaded; without that
# archive everything works, later.
archive_classes() {
  local command
  mapfile -d '' -t command < <(java_tests "-XX:ArchiveClassesAtExit=$WORK/classes.jsa")
  "${command[@]}" 'RunIT#tellsOutputAndExitCode' > "$CACHE/archive.log" 2>&1 || step "without an archive of classes: $CACHE/archive.log says why"
}

# ---- The disk

make_root() {
  local root=$WORK/root applet
  mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib/x86_64-linux-gnu,usr/lib64,proc,sys,dev,run,tmp,root,etc}
  ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/usr/bin/busybox"
  for applet in $("$root/usr/bin/busybox" --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/usr/bin/$applet"
  done
  cp "$CACHE/packages/sbin/apparmor_parser" "$root/usr/sbin/"
  printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
  printf 'root:x:0:\n' > "$root/etc/group"
  printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
  install -m 0755 "$HERE/start.sh" "$root/start"
  install -m 0644 "$HERE/selinux.cil" "$root/selinux.cil"
  "$CACHE/packages/usr/bin/secilc" -o "$root/selinux.policy" -f /dev/null "$HERE/selinux.cil"
  cp "$WORK/"*.tests "$root/"
  write_command > "$root/tests"
  chmod 0755 "$root/tests"
  add_jdk "$root"
  add_libraries "$root"
  [[ " ${hosts[*]} " != *' systemd '* ]] || add_systemd "$root"
}

# systemd, its bus, the units that these want, and one that runs the tests.
add_systemd() {
  local root=$1 from=$CACHE/systemd unit program library
  mkdir -p "$root"/usr/lib/systemd/system "$root"/usr/share/dbus-1/system.d "$root"/etc/systemd/system "$root"/var/lib
  ln -s /run "$root/var/run"
  for program in usr/lib/systemd/systemd usr/bin/systemctl usr/bin/dbus-daemon; do
    find_program "$from" "$program" "$root/usr/${program#usr/}"
  done
  for unit in sysinit basic sockets shutdown; do
    cp "$from/lib/systemd/system/$unit.target" "$root/usr/lib/systemd/system/"
  done
  cp "$HERE/systemd/"* "$root/usr/lib/systemd/system/"
  cp "$from/usr/share/dbus-1/system.conf" "$root/usr/share/dbus-1/"
  cp "$from/usr/share/dbus-1/system.d/org.freedesktop.systemd1.conf" "$root/usr/share/dbus-1/system.d/"
  printf 'messagebus:x:100:100::/nonexistent:/bin/false\n' >> "$root/etc/passwd"
  printf 'messagebus:x:100:\n' >> "$root/etc/group"
  echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
  LD_LIBRARY_PATH=$from/usr/lib/x86_64-linux-gnu/systemd:$from/lib/x86_64-linux-gnu/systemd \
    ldd "$root"/usr/lib/systemd/systemd "$root"/usr/bin/{systemctl,dbus-daemon} | awk '$2 == "=>" { print $3 }' | sort -u | while read -r library; do
      [[ $library == /* ]] || die "A library that systemd needs is missing here"
      install -D -m 0644 "$library" "$root/${library#"$from"}"
    done
}

# find_program FROM PATH TO: packages have it in /usr or, in older releases, beside it.
find_program() {
  local program=$1/$2
  [[ -e $program ]] || program=$1/${2#usr/}
  install -D -m 0755 "$program" "$3"
}

write_command() {
  local command archive=()
  [[ ! -e $WORK/classes.jsa ]] || archive=("-XX:SharedArchiveFile=$WORK/classes.jsa" -Xlog:disable -Xlog:all=off)
  mapfile -d '' -t command < <(java_tests "${archive[@]}")
  echo '#!/bin/sh'
  printf 'exec'
  printf ' %q' "${command[@]}"
  echo ' "$@"'
}

add_jdk() {
  mkdir -p "$1$JAVA_HOME" "$1$WORK"
  cp -RL --preserve=mode,timestamps "$JAVA_HOME"/{bin,conf,lib,release} "$1$JAVA_HOME/"
  rm -f "$1$JAVA_HOME"/lib/{src.zip,ct.sym}
  mv "$WORK/lib" "$1$WORK/lib"
  [[ ! -e $WORK/classes.jsa ]] || mv "$WORK/classes.jsa" "$1$WORK/"
}

# What the loader would find for each program and library that is run there.
add_libraries() {
  local seccomp library
  seccomp=$(find_library libseccomp.so.2)
  {
    printf '%s\n' "$seccomp"
    ldd "$seccomp" "$CACHE/packages/sbin/apparmor_parser" "$JAVA_HOME"/bin/java "$JAVA_HOME"/lib/{libjli,libjava,libnio,libnet,libzip,libjimage}.so \
      "$JAVA_HOME"/lib/server/libjvm.so | awk '$2 == "=>" { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }'
  } | sort -u | grep '^/' | grep -v -F "$JAVA_HOME" | while read -r library; do
    mkdir -p "$1$(dirname "$library")"
    cp -L "$library" "$1$library"
  done
}

# ---- The run

# boot_host HOST: which security module the guest has, or which init, and the name of its list.
boot_host() {
  local left=$((DEADLINE - SECONDS))
  ((left > 0)) || left=1 # none would be no limit
  boot_guest "$1" "$WORK/disk" "$left" "cgroup_no_v1=all security=$1 caisson.host=$1 systemd.unit=tests.service"
}

conclude() {
  guest_ended_well && return 0
  [[ $ENDED -ne 124 ]] || warn "The guests did not come to their ends within $SECONDS_AT_MOST s (CAISSON_GUEST_SECONDS)"
  return 1
}

echo "The executor on pure cgroup v2, with all capabilities, and with AppArmor or SELinux, in a guest"
trap stop EXIT
mkdir -p "$CACHE"
require
build
hosts=("${1:-apparmor}")
if [[ $# -eq 0 ]]; then
  hosts+=(selinux)
  if fetch_systemd; then
    hosts+=(systemd)
  elif [[ ${CAISSON_GUEST_DEMANDED:-no} == yes ]]; then
    skip "needs Debian's packages ${SYSTEMD_PACKAGES[*]}: $(tail -n 1 "$CACHE/fetch-systemd.log")"
  else
    step "without systemd as the init: $CACHE/fetch-systemd.log says why"
  fi
elif [[ $1 == systemd ]]; then
  fetch_systemd || skip "needs Debian's packages ${SYSTEMD_PACKAGES[*]}: $(tail -n 1 "$CACHE/fetch-systemd.log")"
fi
DEADLINE=$((SECONDS + SECONDS_AT_MOST))
WORK=$(mktemp -d "$CACHE/run.XXXXXX")
for host in "${hosts[@]}"; do
  [[ -e $HERE/$host.tests ]] || misuse "There is no host $host" "run.sh [apparmor | selinux | systemd [TEST…]]"
  grep -v -e '^#' -e '^$' "$HERE/$host.tests" > "$WORK/$host.tests"
done
[[ $# -le 1 ]] || printf '%s\n' "${@:2}" > "$WORK/$1.tests"
gather_jars
step "noting which classes a container needs"
archive_classes
step "making the guest's disk"
make_root
mke2fs -q -F -t ext4 -O ^has_journal -d "$WORK/root" "$WORK/disk" "${DISK_MIB}M" > /dev/null
make_initramfs
ended=0
for host in "${hosts[@]}"; do
  [[ $SECONDS -lt $DEADLINE ]] || die "There is no time left for $host" "$SECONDS_AT_MOST s are for all (CAISSON_GUEST_SECONDS)"
  step "booting with $host"
  boot_host "$host"
  conclude || ended=1
done
[[ $ended -eq 0 ]]
