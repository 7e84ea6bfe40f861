#!/bin/busybox sh
# shellcheck shell=dash
# The guest's first process, on its initial RAM disk: what is needed to find the real root, and the modules of the
# executor's filesystems, which nothing loads later.
set -eu
mod=/modules
while read -r module; do
  /bin/busybox insmod "$mod/$module"
done < "$mod/order"
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /start
