# What the build and the services need from the machine: found, installed from Debian's packages, or named.
# shellcheck shell=bash disable=SC2034 # used by the files that source this one

JAVA_WANTED=25

# Tool and Debian package that has it. The first group is for the build and the services, the second for the tests.
NEEDED_TOOLS=(mvn:maven gcc:gcc busybox:busybox-static setpriv:util-linux awk:mawk)
TEST_TOOLS=(kcat:kcat node:nodejs npm:npm runc:runc crun:crun shellcheck:shellcheck jq:jq mkfs.erofs:erofs-utils pgrep:procps
  qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs /usr/lib/cni/bridge:containernetworking-plugins iptables:iptables ip:iproute2 openssl:openssl xz:xz-utils
  zsh:zsh groff:groff-base dbus-daemon:dbus-daemon)
# Library and its Debian package, for the services.
NEEDED_LIBRARIES=(libseccomp.so.2:libseccomp2)

# is_wanted_jdk DIR: a JDK (not only a runtime) of the version that is built with, or newer.
is_wanted_jdk() {
  local version
  [[ -x $1/bin/javac && -r $1/release ]] || return 1
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [[ -n $version && $version -ge $JAVA_WANTED ]]
}

# Sets JAVA_HOME: the one that is set, if it will do; else the first of /usr/lib/jvm; else that of `java` on the PATH.
find_jdk() {
  local candidate
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/* "$(java_on_path)"; do
    if [[ -n $candidate ]] && is_wanted_jdk "$candidate"; then
      export JAVA_HOME=$candidate
      return 0
    fi
  done
  return 1
}

java_on_path() {
  local java
  java=$(command -v java) || return 0
  dirname "$(dirname "$(readlink -f "$java")")"
}

require_jdk() {
  find_jdk || die "No JDK $JAVA_WANTED was found in JAVA_HOME, in /usr/lib/jvm or on the PATH" \
    "install Debian's openjdk-$JAVA_WANTED-jdk-headless where your release has it, else Eclipse Temurin's package temurin-$JAVA_WANTED-jdk; or unpack any JDK $JAVA_WANTED and set JAVA_HOME"
}

# missing_packages TOOL:PACKAGE…: prints the packages whose tools are not there.
missing_packages() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%:*}" > /dev/null || printf '%s\n' "${pair#*:}"
  done
  # gcc without the C library's headers builds caisson-init, but not the tests' programs.
  [[ " $* " != *' gcc:gcc '* || -e /usr/include/stdio.h ]] || printf 'libc6-dev\n'
}

# find_library NAME: prints where the loader finds it.
find_library() {
  local path
  for path in $(ldconfig -p 2> /dev/null | awk -v name="$1" '$1 == name { print $NF }') /usr/lib/*/"$1" /lib/*/"$1" /usr/lib64/"$1"; do
    if [[ -e $path ]]; then
      printf '%s\n' "$path"
      return 0
    fi
  done
  return 1
}

# missing_libraries: prints the packages whose libraries are not there.
missing_libraries() {
  local pair
  for pair in "${NEEDED_LIBRARIES[@]}"; do
    find_library "${pair%%:*}" > /dev/null || printf '%s\n' "${pair#*:}"
  done
}

# require_tools TOOL:PACKAGE…: installs what is missing when that is possible, or names the one command that does.
require_tools() {
  local missing
  mapfile -t missing < <(missing_packages "$@" && missing_libraries)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  local command="apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get > /dev/null || die "These are missing: ${missing[*]}" "install them with this system's package manager"
  [[ $EUID -eq 0 ]] || die "These are missing: ${missing[*]}" "sudo $command"
  install_packages "${missing[@]}"
}

install_packages() {
  say "Installing Debian packages: $*"
  local log
  log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } > "$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "Failed to install $*" "the lines above are apt-get's own"
  fi
  rm -f "$log"
}

# Namespaces are what an executor without root works with.
require_namespaces() {
  [[ $EUID -ne 0 ]] || return 0
  unshare --user --map-root-user --mount true 2> /dev/null || die "This host lets no user make namespaces, so \`caisson $1\` needs root" "sudo $HOME_DIR/caisson $1"
}

# Whether newuidmap(1) is there and subuid(5) has ids for this user.
has_subordinate_ids() {
  command -v newuidmap > /dev/null && command -v newgidmap > /dev/null \
    && grep -qE "^($EUID|$(id -un 2> /dev/null)):" /etc/subuid 2> /dev/null && grep -qE "^($EUID|$(id -un 2> /dev/null)):" /etc/subgid 2> /dev/null
}

# The client writes files with these names and formats; a shell without them gets nothing half-done.
require_root() {
  [[ $EUID -eq 0 ]] || die "\`caisson $1\` must be run as root: the executor makes namespaces, mounts and cgroups" "sudo $HOME_DIR/caisson $1"
}
