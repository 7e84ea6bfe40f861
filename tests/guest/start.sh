#!/bin/sh
# The guest's first process on its root: a host as it comes with pure cgroup v2, and the tests on it; or a host that systemd
# boots, which then runs this for the tests. The last line says how they ended; without it, they did not.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LC_ALL=C.UTF-8

if [ $$ -eq 1 ]; then
  mount -t proc proc /proc
  if grep -q caisson.host=systemd /proc/cmdline; then
    umount /proc
    exec /usr/lib/systemd/systemd
  fi
  mount -t sysfs sysfs /sys
  mkdir -p /dev/pts /dev/shm
  mount -t devtmpfs dev /dev
  mkdir -p /dev/pts /dev/shm
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  mount -t securityfs securityfs /sys/kernel/security
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
case "$* $(cat /sys/kernel/security/lsm)" in
  systemd*)
    host=systemd
    said=$(systemctl --version | head -n 1)
    ;;
  *selinux*)
    host=selinux
    mount -t selinuxfs selinuxfs /sys/fs/selinux
    # The kernel takes a policy in one piece.
    dd if=/selinux.policy of=/sys/fs/selinux/load bs=1M 2> /dev/null
    echo 1 > /sys/fs/selinux/enforce
    said="SELinux $(cat /sys/fs/selinux/enforce)"
    ;;
  *)
    host=apparmor
    said="AppArmor $(cat /sys/module/apparmor/parameters/enabled)"
    ;;
esac
dmesg -n 1
ip link set lo up
hostname guest
cd /root || poweroff -f
echo "guest: Linux $(uname -r), cgroup v2 with $(cat /sys/fs/cgroup/cgroup.controllers), $said"
# shellcheck disable=SC2046
/tests $(cat "/$host.tests") 2> /tmp/log
status=$?
[ "$status" -eq 0 ] || tail -n 60 /tmp/log
echo "guest: ended with $status after $(cut -d . -f 1 /proc/uptime) s"
poweroff -f
