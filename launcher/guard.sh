# The guard's rules: what the executor allows, whoever asks. The file is the operator's; the launcher makes it once, and adds
# what `up` is told to add.
# shellcheck shell=bash

GUARD_CHANGED=no

# make_guard DATA
make_guard() {
  [[ ! -e $1/guard.conf ]] || return 0
  (umask 0077 && guard_rules "$1/rootfs" "$(cgroup_parent "$1")" > "$1/guard.conf.new")
  mv "$1/guard.conf.new" "$1/guard.conf"
}

# guard_rules ROOTFS CGROUP_PARENT
guard_rules() {
  local rules
  rules=$(< "$HOME_DIR/packaging/guard.conf")
  rules=${rules//@ROOTFS@/"$1"}
  printf '%s\n' "${rules//@CGROUP_PARENT@/"$2"}"
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
