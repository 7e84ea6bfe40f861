#!/usr/bin/env bash
# The Debian package in a Debian of its own (debootstrap), where no systemd runs: it installs, the client and each service's JVM start, users and
# directories are there; it is upgraded, and leaves nothing. lintian(1) finds no error, systemd-analyze(1) none in the units. Then a guest of
# qemu boots that Debian with systemd, and the units are started there (units/tests.sh).
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=launcher/say.sh
source "$ROOT/launcher/say.sh"
# shellcheck source=tests/guest/machine.sh
source "$ROOT/tests/guest/machine.sh"

[[ $EUID -eq 0 ]] || { echo "tests/debian/run.sh must be run as root, for chroot(2)" >&2; exit 1; }

# From which on a unit's exposure, by systemd-analyze security, is too much: of ten.
readonly MOST_EXPOSED=30

WORK=$(mktemp -d /tmp/caisson-debian.XXXXXX)
TREE=$WORK/tree
TREE_CACHE=$ROOT/target/debian-tree-dbus.tar
CACHE=$ROOT/target/guest
MEMORY_MIB=2048
readonly BOOT_SECONDS=2400
end() {
  trap - EXIT
  stop_guest
  umount "$TREE/proc" 2> /dev/null || true
  rm -rf --one-file-system "$WORK"
}
trap end EXIT

# A Debian as small as it is made, kept for the next time.
make_tree() {
  mkdir -p "$TREE"
  if [[ ! -f $TREE_CACHE ]]; then
    debootstrap --variant=minbase --include=adduser,libseccomp2,systemd,dbus bookworm "$WORK/fresh" > "$WORK/debootstrap.log" 2>&1 \
      || { tail -n 20 "$WORK/debootstrap.log"; exit 1; }
    tar -C "$WORK/fresh" --exclude='./var/cache/apt/archives/*.deb' -cf "$TREE_CACHE.new" .
    mv "$TREE_CACHE.new" "$TREE_CACHE"
    rm -rf --one-file-system "$WORK/fresh"
  fi
  tar -C "$TREE" -xf "$TREE_CACHE"
  mount -t proc proc "$TREE/proc"
}

# The tree as the disk of a machine: with its host's name, a root file system for containers, and the tests.
make_disk() {
  local machine=$WORK/machine
  cp -a --one-file-system "$TREE" "$machine"
  make_rootfs "$machine/var/lib/caisson/rootfs/busybox"
  ln -s lib/systemd/systemd "$machine/start"
  echo 0123456789abcdef0123456789abcdef > "$machine/etc/machine-id"
  echo guest > "$machine/etc/hostname"
  install -d "$machine/opt/tests"
  install -m 0755 "$ROOT/tests/debian/units/tests.sh" "$ROOT/tests/assert.sh" "$machine/opt/tests/"
  install -m 0644 "$ROOT/tests/debian/units/tests.service" "$machine/lib/systemd/system/caisson-tests.service"
  chroot "$machine" systemctl --quiet enable caisson-tests.service
  mke2fs -q -F -t ext4 -O ^has_journal -d "$machine" "$WORK/disk" 3072M > /dev/null
  rm -rf --one-file-system "$machine"
}

check_units() {
  mkdir -p "$CACHE"
  if ! fetch_packages; then
    local reason
    reason="no kernel: $(tail -n 1 "$CACHE/fetch.log" 2> /dev/null)"
    if [[ ${CAISSON_GUEST_DEMANDED:-no} == yes ]]; then failed "the units, as systemd starts them" "$reason"; else skipped "the units, as systemd starts them" "$reason"; fi
    return
  fi
  make_disk
  make_initramfs
  echo "  booting it"
  boot_guest units "$WORK/disk" "$BOOT_SECONDS" "cgroup_no_v1=all"
  holds "the units do what they should, as systemd starts them" guest_ended_well
}

inside() { chroot "$TREE" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# What is there of the package, and of what it has made.
traces() { (cd "$TREE" && find . -xdev -path ./proc -prune -o \( -iname '*caisson*' -o -path '*/caisson/*' \) -print | { grep -v '^./var/lib/dpkg/\|^./var/log/' || true; } | LC_ALL=C sort); }

id_of() { awk -F: -v name="$1" '$1 == name { print $3 }' "$TREE/etc/passwd"; }

group_of() { awk -F: -v name="$1" '$1 == name { print $3 }' "$TREE/etc/group"; }

owned() { stat -c '%a %u %g' "$TREE$1"; }

says() { "$@" 2>&1 || true; }

check_installed() {
  local gateway auditor
  gateway=$(id_of caisson-gateway) auditor=$(id_of caisson-auditor)
  holds "the gateway's user is there, and is nobody else" test "$gateway" -gt 0 -a "$gateway" != "$auditor"
  equal "only root and the gateway reach the executor" "750 0 $(group_of caisson-gateway)" "$(owned /run/caisson/executor)"
  equal "the gateway's sockets are its own" "755 $gateway $(group_of caisson-gateway)" "$(owned /run/caisson/gateway)"
  equal "the auditor's socket gets the gateway's group" "2750 $auditor $(group_of caisson-gateway)" "$(owned /run/caisson/auditor)"
  equal "the executor's data are root's" "700 0 0" "$(owned /var/lib/caisson/executor)"
  equal "the auditor's are its own" "700 $auditor $(group_of caisson-auditor)" "$(owned /var/lib/caisson/auditor)"
  equal "root file systems are behind a directory of root's" "700 0 0" "$(owned /var/lib/caisson/rootfs)"
  equal "the guard's rules are root's" "644 0 0" "$(owned /etc/caisson/guard.conf)"
  contains "the client runs" "caisson" "$(says inside caisson --version)"
  contains "the client says where it looked" "/run/gateway/gateway.sock" "$(says inside caisson ps)"
  contains "the executor's JVM runs" "must be given" "$(says inside /usr/lib/caisson/runtime/bin/java @/usr/lib/caisson/executor/java.args)"
  # shellcheck disable=SC2016 # for the shell in the tree
  contains "a JVM's archive of classes is taken" "sharing" "$(says inside sh -c 'sed \$d /usr/lib/caisson/gateway/java.args > /tmp/args; echo -version >> /tmp/args; /usr/lib/caisson/runtime/bin/java -Xshare:on @/tmp/args')"
  holds "the manual page is one" inside sh -c 'zcat /usr/share/man/man1/caisson.1.gz | grep -q "^.TH"'
}

echo "The Debian package"
MADE=$ROOT/target/package
"$ROOT/caisson" package --output "$MADE" > "$WORK/package.log" 2>&1 || { cat "$WORK/package.log"; exit 1; }
tail -n 1 "$WORK/package.log"
PACKAGE=$(echo "$MADE"/*.deb)
holds "lintian finds no error" lintian --fail-on error --tag-display-limit 0 "$PACKAGE"
make_tree
before=$(traces)
users=$(cat "$TREE/etc/passwd")
cp "$PACKAGE" "$TREE/tmp/caisson.deb"
holds "it installs" inside dpkg -i /tmp/caisson.deb
check_installed
# What an upgrade must keep.
echo '# mine' >> "$TREE/etc/caisson/guard.conf"
touch "$TREE/var/lib/caisson/executor/kept"
holds "it is upgraded" inside dpkg --force-confold -i /tmp/caisson.deb
holds "with the operator's own rules" grep -q '^# mine' "$TREE/etc/caisson/guard.conf"
holds "and what the executor keeps" test -e "$TREE/var/lib/caisson/executor/kept"
for unit in caisson caisson-executor caisson-gateway caisson-auditor; do
  equal "$unit.service: systemd finds nothing wrong" "" "$(systemd-analyze verify --root="$TREE" --man=no --recursive-errors=no "$unit.service" 2>&1 | grep -i "$unit" || true)"
done
for unit in caisson-gateway caisson-auditor; do
  exposure=$(systemd-analyze security --offline=yes --root="$TREE" --no-pager "$unit.service" 2> /dev/null | sed -n 's/.*exposure level for .*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
  holds "$unit.service: its exposure is ${exposure:-unknown} tenths" test "${exposure:-100}" -lt "$MOST_EXPOSED"
done
check_units
holds "it is removed" inside dpkg -r caisson
holds "what it kept stays" test -e "$TREE/var/lib/caisson/executor/kept"
holds "it is purged" inside dpkg -P caisson
rm "$TREE/tmp/caisson.deb"
equal "nothing is left" "$before" "$(traces)"
equal "but its users" "$users" "$(grep -v '^caisson-' "$TREE/etc/passwd")"
conclude
