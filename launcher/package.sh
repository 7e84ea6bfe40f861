# The Debian package: what the images have, one JDK for all of it, with units of systemd.
# shellcheck shell=bash

# shellcheck source=launcher/images.sh
source "$LAUNCHER/images.sh"

PACKAGED=(executor gateway auditor client)

package_usage() {
  cat <<'TEXT'
Usage: caisson package [--output DIR] [--classes DIR]
Makes caisson_VERSION_ARCHITECTURE.deb: executor, gateway, auditor and client, units of systemd, users and directories.

  --output DIR    where it comes to be (default: target/package)
  --classes DIR   as of `caisson images`
TEXT
}

package_verb() {
  local output=$TARGET/package classes=
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) package_usage; return ;;
      --output) output=${2:?--output needs a directory}; shift ;;
      --output=*) output=${1#*=} ;;
      --classes) classes=${2:?--classes needs a directory}; shift ;;
      --classes=*) classes=${1#*=} ;;
      *) misuse "Unknown argument: $1" "caisson package --help" ;;
    esac
    shift
  done
  begin_work "$output" "$classes"
  local start=$EPOCHREALTIME root=$WORK/package service file
  install_base executor "$root/base"
  install_runtime "$root/runtime" "${PACKAGED[@]}" systemd
  mkdir -p "$root/service"
  for service in "${PACKAGED[@]}"; do
    say "  $service"
    install_service "$service" "$root/service" "$CLASSES/$service.classes" "$root"
  done
  install_systemd_driver "$root/service/$PREFIX/executor"
  assemble "$root" "$WORK/deb"
  file=$OUTPUT/caisson_${IMAGE_VERSION}_$(image_machine).deb
  SOURCE_DATE_EPOCH=$(date -d "$IMAGE_TIME" +%s) dpkg-deb --root-owner-group -Zxz --build "$WORK/deb" "$file" > "$WORK/dpkg.log" || { cat "$WORK/dpkg.log" >&2; die "The package could not be made"; }
  good "$file, $(($(stat -c %s "$file") >> 20)) MiB, made in $(seconds_since "$start") s: apt install $file"
}

# install_systemd_driver DIR: what speaks to systemd is on the executor's class path only where it is asked for: CGROUP_DRIVER of its unit.
install_systemd_driver() {
  local driver=$HOME_DIR/services/executor-systemd/target jar jars=
  mkdir -p "$1/systemd"
  for jar in "$driver/caisson-executor-systemd-$VERSION.jar" "$driver/lib/"*.jar; do
    [[ ! -e $1/$(basename "$jar") ]] || continue
    install -m 0644 "$jar" "$1/systemd"
    jars+=:/$PREFIX/executor/systemd/$(basename "$jar")
  done
  cp "$1/java.args" "$1/cgroupfs.args"
  # After its own jars, so that the archive of classes still holds.
  sed "/^-cp\$/{n;s|\$|$jars|}" "$1/java.args" > "$1/systemd.args"
}

# assemble ROOT DEB: the tree of the package, and what dpkg is told of it.
assemble() {
  local deb=$2 units=$2/lib/systemd/system service file
  mkdir -p "$deb/DEBIAN"
  cp -a "$1/runtime/." "$1/service/." "$deb"
  rm -rf "${deb:?}/usr/share/doc"
  install -D -m 0755 "$PACKAGING/debian/caisson.sh" "$deb/usr/bin/caisson"
  for file in "$PACKAGING"/systemd/*.service; do install -D -m 0644 "$file" "$units/$(basename "$file")"; done
  install -D -m 0644 "$PACKAGING/systemd/caisson.sysusers" "$deb/usr/lib/sysusers.d/caisson.conf"
  install -D -m 0644 "$PACKAGING/systemd/caisson.tmpfiles" "$deb/usr/lib/tmpfiles.d/caisson.conf"
  for service in executor gateway auditor; do
    install -D -m 0644 "$PACKAGING/debian/caisson-$service.default" "$deb/etc/default/caisson-$service"
  done
  for service in "${PACKAGED[@]}"; do
    install_documents "$service" "$WORK/documents-$service"
    install -D -m 0644 "$WORK/documents-$service/service/usr/share/doc/caisson/bom.cdx.json" "$deb/usr/share/doc/caisson/$service.cdx.json"
  done
  install -D -m 0644 "$PACKAGING/debian/copyright" "$deb/usr/share/doc/caisson/copyright"
  { printf 'caisson (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n' "$IMAGE_VERSION"
    printf ' -- Caisson maintainers <maintainers@caisson.invalid>  %s\n' "$(LC_ALL=C date -u -R -d "$IMAGE_TIME")"; } | gzip -n -9 > "$deb/usr/share/doc/caisson/changelog.gz"
  install -D -m 0644 "$PACKAGING/debian/lintian-overrides" "$deb/usr/share/lintian/overrides/caisson"
  install_help "$deb"
  (cd "$deb" && find etc -type f -printf '/%p\n' | LC_ALL=C sort) > "$deb/DEBIAN/conffiles"
  for file in postinst prerm postrm; do install -m 0755 "$PACKAGING/debian/$file" "$deb/DEBIAN/$file"; done
  sed -e "s/@VERSION@/$IMAGE_VERSION/" -e "s/@ARCHITECTURE@/$(image_machine)/" -e "s/@SIZE@/$(du -sk --apparent-size "$deb" | cut -f 1)/" "$PACKAGING/debian/control" > "$deb/DEBIAN/control"
  (cd "$deb" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) > "$deb/DEBIAN/md5sums"
  chmod -R u+w,go-w "$deb"
  find "$deb" -type d -exec chmod 0755 {} +
  find "$deb" -newermt "$IMAGE_TIME" -exec touch -h -d "$IMAGE_TIME" {} +
}

# install_help DEB: the manual page and completion, as the client itself writes them.
install_help() {
  mkdir -p "$1/usr/share/man/man1" "$1/usr/share/bash-completion/completions" "$1/usr/share/zsh/vendor-completions"
  (client man) | gzip -n -9 > "$1/usr/share/man/man1/caisson.1.gz"
  (client completion bash) > "$1/usr/share/bash-completion/completions/caisson"
  (client completion zsh) > "$1/usr/share/zsh/vendor-completions/_caisson"
}
