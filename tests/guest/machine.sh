# A guest of qemu with Debian's kernel, for tests of whole hosts; emulated, so that it is the same everywhere.
# Who sources this has CACHE, a directory that is kept, and WORK, one that is not; and launcher/say.sh.
# shellcheck shell=bash

MACHINE=$(dirname "${BASH_SOURCE[0]}")
KERNEL_PACKAGE=linux-image-cloud-amd64
MEMORY_MIB=1536
# Loaded in this order, each after what it needs.
MODULES=(virtio_pci virtio_blk overlay fuse loop erofs)

step() { printf '  %4s s  %s\n' "$SECONDS" "$1"; }

# Downloaded once and unpacked below target/; nothing is installed.
fetch_packages() {
  [[ ! -e $CACHE/packages/done ]] || return 0
  command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || return 1
  mkdir -p "$CACHE"
  rm -rf "$CACHE/packages"
  mkdir "$CACHE/packages"
  step "fetching Debian's kernel"
  { fetch || { apt-get update && fetch; }; } > "$CACHE/fetch.log" 2>&1 || return 1
  touch "$CACHE/packages/done"
}

fetch() {
  local kernel package
  kernel=$(apt-cache depends "$KERNEL_PACKAGE" | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
  [[ -n $kernel ]] || { echo "apt-get knows no $KERNEL_PACKAGE"; return 1; }
  (cd "$CACHE/packages" && apt-get -o Acquire::Retries=3 download "$kernel" apparmor secilc) || return 1
  for package in "$CACHE/packages/"*.deb; do
    dpkg-deb -x "$package" "$CACHE/packages" || return 1
    rm "$package"
  done
}

make_initramfs() {
  local base=$WORK/initramfs modules version name
  version=$(basename "$CACHE/packages/lib/modules/"*)
  modules=$CACHE/packages/lib/modules/$version
  mkdir -p "$base"/{bin,dev,root,modules}
  cp "$(command -v busybox)" "$base/bin/busybox"
  install -m 0755 "$MACHINE/boot.sh" "$base/init"
  busybox depmod -b "$CACHE/packages" "$version"
  for name in "${MODULES[@]}"; do
    needed_modules "$modules" "$name"
  done | awk '!seen[$0]++' > "$WORK/order"
  while read -r name; do
    cp "$modules/$name" "$base/modules/"
    basename "$name"
  done < "$WORK/order" > "$base/modules/order"
  (cd "$base" && find . | busybox cpio -o -H newc 2> /dev/null | gzip -1) > "$WORK/initramfs.gz"
}

# needed_modules DIRECTORY NAME: what it needs, and itself, in the order of loading: modules.dep has the opposite.
needed_modules() {
  awk -v name="$2" '$1 ~ "/" name "\\.ko:$" { sub(/:$/, "", $1); for (i = NF; i > 0; i--) print $i; found = 1 }
    END { exit !found }' "$1/modules.dep"
}

# boot_guest NAME DISK SECONDS PARAMETERS: boots it and shows what it says from its own first line on, `guest: Linux …`; then ENDED is
# qemu's status, and CONSOLE a file with all that it has said. Nothing is written to the disk.
boot_guest() {
  CONSOLE=$CACHE/$1.log
  ENDED=0
  : > "$CONSOLE"
  timeout "$3" qemu-system-x86_64 -M pc -accel tcg,thread=multi -cpu Nehalem -smp 2 -m "$MEMORY_MIB" \
    -nodefaults -display none -no-reboot -serial "file:$CONSOLE" \
    -kernel "$CACHE"/packages/boot/vmlinuz-* -initrd "$WORK/initramfs.gz" \
    -append "console=ttyS0 quiet panic=-1 systemd.show_status=no $4" \
    -drive "file=$2,format=raw,if=virtio,cache=unsafe,snapshot=on" < /dev/null > "$WORK/qemu.log" 2>&1 &
  GUEST=$!
  tail -n +1 -f --pid="$GUEST" "$CONSOLE" | sed -u -n -e 's/\r//g' -e 's/^.*\(guest: Linux\)/\1/' -e '/reboot: Power down/d' -e '/^guest: Linux/,$p' &
  local shown=$!
  wait "$GUEST" || ENDED=$?
  GUEST=''
  wait "$shown"
}

stop_guest() { [[ -z ${GUEST:-} ]] || kill "$GUEST" 2> /dev/null || true; }

# Whether the guest's last line says that its tests passed. Where there is none, what it said last is shown.
guest_ended_well() {
  local last
  last=$(tr -d '\r' < "$CONSOLE" | grep '^guest: ended with ' || true)
  case $last in
    'guest: ended with 0 '*) return 0 ;;
    'guest: ended with '*) return 1 ;;
  esac
  warn "The guest ended before its tests did (qemu: $ENDED); its last words:"
  cat "$WORK/qemu.log" >&2
  tail -n 30 "$CONSOLE" >&2
  return 1
}
