# Images of the services and of the client, made without a registry and without an engine: tar archives that `docker load` and
# `ctr image import` read.
# shellcheck shell=bash

# shellcheck source=launcher/services.sh
source "$LAUNCHER/services.sh"

IMAGE_TOOLS=(jq:jq dpkg-deb:dpkg apt-get:apt gzip:gzip tar:tar)
IMAGES=(executor gateway auditor broker client)
IMAGE_VERSION=${VERSION%-SNAPSHOT}
PACKAGING=$HOME_DIR/packaging
# Where everything is in an image, and in the Debian package.
PREFIX=usr/lib/caisson
# Debian packages of which an image has what the JVM links to.
BASE_PACKAGES=(libc6)
EXECUTOR_PACKAGES=(libseccomp2)
# glibc's own, without the locales, the tools and what nothing here loads.
BASE_FILES='/(ld-[^/]*|ld-linux[^/]*|lib(c|m|dl|pthread|rt|resolv|nss_dns|nss_files|seccomp)[.-][^/]*|copyright)$'
CYCLONEDX=org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeBom

images_usage() {
  cat <<'TEXT'
Usage: caisson images [--output DIR] [--classes DIR] [IMAGE…]
Makes the images of the services: executor, gateway, auditor, broker; and of the client. Each is a file ‹image›.tar for
`docker load -i` and `ctr image import`, tagged caisson/‹image›:VERSION. From the same sources, JDK, Debian packages and
lists of classes come the same bytes.

  --output DIR    where they come to be (default: target/images)
  --classes DIR   lists of the classes to archive, ‹image›.classes, instead of recording them from services that run a while
TEXT
}

images_verb() {
  local wanted=() output=$TARGET/images classes=
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) images_usage; return ;;
      --output) output=${2:?--output needs a directory}; shift ;;
      --output=*) output=${1#*=} ;;
      --classes) classes=${2:?--classes needs a directory}; shift ;;
      --classes=*) classes=${1#*=} ;;
      executor | gateway | auditor | broker | client) wanted+=("$1") ;;
      *) misuse "Unknown argument: $1" "caisson images --help" ;;
    esac
    shift
  done
  [[ ${#wanted[@]} -gt 0 ]] || wanted=("${IMAGES[@]}")
  local start=$EPOCHREALTIME image
  begin_work "$output" "$classes"
  for image in "${wanted[@]}"; do
    is_made "$image" "$CLASSES" "$OUTPUT" || make_image "$image" "$CLASSES" "$OUTPUT"
  done
  image_table "$OUTPUT" "${wanted[@]}"
  good "images in $OUTPUT, made in $(seconds_since "$start") s: docker load -i $OUTPUT/${wanted[0]}.tar"
}

# begin_work OUTPUT CLASSES: what images and the package are made from. CLASSES may be none: then they are recorded.
begin_work() {
  require_tools "${NEEDED_TOOLS[@]}" "${IMAGE_TOOLS[@]}"
  ensure_built
  mkdir -p "$1"
  OUTPUT=$(realpath -- "$1")
  WORK=$(mktemp -d "$OUTPUT/.making.XXXXXX")
  trap 'rm -rf --one-file-system "$WORK"' EXIT
  IMAGE_TIME=$(sed -n 's|.*<project.build.outputTimestamp>\(.*\)</.*|\1|p' "$HOME_DIR/pom.xml")
  CLASSES=$2
  if [[ -z $CLASSES ]]; then
    CLASSES=$TARGET/classes-of-services
    record_classes "$CLASSES"
  elif [[ ! -d $CLASSES ]]; then
    die "There is no directory $CLASSES"
  fi
}

# record_classes DIR: which classes the services load when they start, run a container and are asked about it. Once for each build.
record_classes() {
  local service scratch=$WORK/classes failed=0
  if [[ -f $1/build && $(< "$1/build") == "$(< "$STAMP")" ]]; then
    return 0
  fi
  say "Recording which classes the services need"
  mkdir -p "$scratch"
  # Not as part of a condition, in which a failing command would end nothing.
  set +e
  (set -e; run_for_classes "$scratch") > "$WORK/record.log" 2>&1
  failed=$?
  set -e
  [[ $failed -eq 0 ]] \
    || { tail -n 30 "$WORK/record.log" >&2; die "The services could not be run to see which classes they need" "\`caisson doctor\` says what is missing; or give lists of classes: --classes"; }
  rm -rf "$1"
  mkdir -p "$1"
  for service in "${SERVICES[@]}" client; do
    normal_classes "$scratch/$service.classes" > "$1/$service.classes"
  done
  cp "$STAMP" "$1/build"
}

# run_for_classes DIR: what most of them do in their lives, on a data directory that is then gone; and what the client does.
run_for_classes() {
  local service lists=()
  # No Kafka, database or access file of somebody's.
  unset "${!CAISSON_@}"
  # shellcheck source=tests/services.sh
  source "$HOME_DIR/tests/services.sh"
  export CAISSON_CLASSES=yes CAISSON_PARKED=1
  trap stop_services EXIT
  start_services
  caisson run --id classes --rootfs "$TEST_ROOTFS" --memory 64m -- true
  caisson run --detach --id classes --rootfs "$TEST_ROOTFS" -- sleep 60
  caisson exec classes -- true
  caisson ps
  caisson stats classes
  caisson delete --force classes
  caisson trail verify
  for service in "${SERVICES[@]}"; do
    lists+=("$CAISSON_DATA/$service/classes.lst" "$1/$service.classes")
  done
  caisson down --force
  for ((service = 0; service < ${#lists[@]}; service += 2)); do
    cp "${lists[service]}" "${lists[service + 1]}"
  done
  java_client "-XX:DumpLoadedClassList=$1/client.classes" -- train "$1/train"
}

# normal_classes FILE: names alone, sorted: without what depends on the order in which threads came to them.
normal_classes() {
  grep -v -e '^@cp' -e '^#' "$1" | sed -E 's/ (id|super|interfaces|source): [0-9 ]+//g' | LC_ALL=C sort -u
}

# image_key IMAGE CLASSES: of all that an image is made from.
image_key() {
  {
    cat "$STAMP" "$JAVA_HOME/release" "$LAUNCHER/"{images,guard,build,commands}.sh "$HOME_DIR/LICENSE" "$PACKAGING/guard.conf" "$PACKAGING/images/modules.conf" "$2/$1.classes"
    # shellcheck disable=SC2046 # a word for each
    apt-cache policy $(debian_packages "$1") | grep Candidate
  } | sha256sum | cut -d ' ' -f 1
}

# is_made IMAGE CLASSES OUTPUT
is_made() { [[ -f $3/$1.tar && -f $3/$1.key && $(< "$3/$1.key") == "$(image_key "$1" "$2")" ]]; }

# make_image IMAGE CLASSES OUTPUT
make_image() {
  local root=$WORK/$1 layers=()
  say "  $1"
  rm -f "$3/$1.key"
  mkdir -p "$root"
  install_base "$1" "$root/base"
  install_runtime "$root/runtime" "$1"
  install_documents "$1" "$root"
  install_service "$1" "$root/service" "$2/$1.classes" "$root"
  layers=(base runtime service)
  local layer
  for layer in "${layers[@]}"; do
    pack_layer "$root/$layer" "$root/$layer.tar"
  done
  add_directories "$1" "$root/service.tar"
  write_image "$1" "$root" "$3/$1.tar" "${layers[@]}"
  image_key "$1" "$2" > "$3/$1.key"
  rm -rf "$root"
}

# debian_packages IMAGE
debian_packages() {
  printf '%s\n' "${BASE_PACKAGES[@]}"
  [[ $1 != executor ]] || printf '%s\n' "${EXECUTOR_PACKAGES[@]}"
}

# install_base IMAGE ROOT: what the JVM links to, from this Debian's own packages; and the service's user.
install_base() {
  local package uid all=$WORK/packages
  mkdir -p "$2" "$all"
  while read -r package; do
    [[ -d $all/$package ]] || unpack_package "$package" "$all/$package"
    (cd "$all/$package" && find . \( -type f -o -type l \) -regextype posix-extended -regex ".*$BASE_FILES" -print0 \
      | tar --create --no-recursion --null --files-from=- --file=-) | tar -x -C "$2" -f -
  done < <(debian_packages "$1")
  # Where /lib is a link into /usr, the packages leave it to another.
  [[ -e $2/lib ]] || ln -s usr/lib "$2/lib"
  [[ -e $2/lib64 || ! -e $2/usr/lib64 ]] || ln -s usr/lib64 "$2/lib64"
  uid=$(image_uid "$1")
  mkdir -p "$2/etc" "$2/var/lib/caisson" "$2/run/caisson" "$2/tmp"
  ln -s /run/caisson "$2/var/lib/caisson/run" # where the client looks
  printf 'root:x:0:0:root:/:/nonexistent\n' > "$2/etc/passwd"
  printf 'root:x:0:\n' > "$2/etc/group"
  [[ $uid -eq 0 ]] || { printf '%s:x:%d:%d::/:/nonexistent\n' "caisson-$1" "$uid" "$uid" >> "$2/etc/passwd"; printf '%s:x:%d:\n' "caisson-$1" "$uid" >> "$2/etc/group"; }
  printf 'hosts: files dns\n' > "$2/etc/nsswitch.conf"
}

# unpack_package NAME DIR: as apt trusts it.
unpack_package() {
  local downloads=$WORK/downloads
  mkdir -p "$downloads" "$2"
  # Not as apt's own user, who may not write here.
  (cd "$downloads" && apt-get -q -o APT::Sandbox::User=root download "$1" > "$WORK/apt.log" 2>&1) \
    || { tail -n 5 "$WORK/apt.log" >&2; die "Debian's package $1 cannot be had" "apt-get update"; }
  dpkg-deb -x "$downloads/$1"_*.deb "$2"
  dpkg-deb -f "$downloads/$1"_*.deb Version > "$2.version"
}

# image_uid IMAGE: only the executor is root. The others' are in docker-compose.yml, whoever makes the images.
image_uid() {
  case $1 in
    executor) echo 0 ;;
    gateway) echo 60901 ;;
    auditor) echo 60902 ;;
    broker) echo 60903 ;;
    client) echo 60904 ;;
  esac
}

# modules_of IMAGE…: what they need together, each once.
modules_of() {
  local image
  for image in "$@"; do sed -n "s/^$image=//p" "$PACKAGING/images/modules.conf"; done | tr , '\n' | LC_ALL=C sort -u | paste -s -d ,
}

# install_runtime ROOT IMAGE…: a JDK of the modules that they need alone.
install_runtime() {
  local modules root=$1
  modules=$(modules_of "${@:2}")
  if [[ ! -d $WORK/runtime-$modules ]]; then
    "$JAVA_HOME/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --compress=zip-6 \
      --output "$WORK/runtime-$modules" > "$WORK/jlink.log" 2>&1 || { cat "$WORK/jlink.log" >&2; die "jlink failed for ${*:2}"; }
    settle "$WORK/runtime-$modules"
  fi
  mkdir -p "$root/$PREFIX"
  cp -a "$WORK/runtime-$modules" "$root/$PREFIX/runtime"
}

# settle DIR: modes and times that are the same in each build. An archive of classes knows its files by them.
settle() {
  chmod -R a+rX,u+w,go-w "$1"
  find "$1" -exec touch -h -d "$IMAGE_TIME" {} +
}

# install_service IMAGE ROOT CLASSES DIR: its jars, how its JVM is started, and an archive of the classes that it loads at its start.
install_service() {
  local image=$1 home=$2/$PREFIX/$1 where=services/$1 jar=caisson-$1
  [[ $image != client ]] || where=cli jar=caisson-cli
  mkdir -p "$home"
  install -m 0644 "$HOME_DIR/$where/target/$jar-$VERSION.jar" "$HOME_DIR/$where/target/lib/"*.jar "$home"
  if [[ $image == executor ]]; then
    mkdir -p "$2/etc/caisson"
    guard_rules /var/lib/caisson/rootfs /caisson > "$2/etc/caisson/guard.conf"
  fi
  { java_options "$image"; printf -- '-XX:SharedArchiveFile=/%s/classes.jsa\n' "$PREFIX/$image"; command_line "$image" "/$PREFIX/$image" "$home"; } > "$home/java.args"
  # For probes, since there is no shell.
  [[ $image != executor ]] || sed '$s/.*/dev.caisson.executor.Alive/' "$home/java.args" > "$home/alive.args"
  install -m 0644 "$3" "$home/classes.lst"
  settle "$2"
  archive_classes "$image" "$4"
}

# java_options IMAGE
java_options() {
  if [[ $1 == client ]]; then
    printf '%s\n' "${CLIENT_FLAGS[@]}"
  else
    grep -v '^#' "$PACKAGING/jvm/$1.options"
  fi
}

# command_line IMAGE HOME FILES: class path and main class, of the jars in FILES where they are in HOME.
command_line() {
  local main except=
  case $1 in
    executor) main=dev.caisson.executor.Executor except='caisson-linux-*.jar' ;;
    gateway) main=dev.caisson.gateway.Gateway ;;
    auditor) main=dev.caisson.auditor.Auditor ;;
    broker) main=dev.caisson.broker.Broker ;;
    client) main=dev.caisson.cli.Cli ;;
  esac
  [[ $1 != executor ]] || printf -- '-p\n%s\n' "$2/caisson-linux-$VERSION.jar"
  printf -- '-cp\n%s\n%s\n' "$(find "$3" -name '*.jar' ! -name "$except" -printf "$2/%f\n" | LC_ALL=C sort | paste -s -d :)" "$main"
}

# archive_classes IMAGE DIR: the JVM of the image makes it, in the image: an archive knows its files by their paths, sizes and times.
# The same from the same list.
archive_classes() {
  local root=$WORK/root file=/$PREFIX/$1/classes.jsa
  mkdir -p "$root/proc" "$root/dev"
  cp -al "$2/base/." "$2/runtime/." "$2/service/." "$root"
  inside "$root" -Xshare:dump "-XX:SharedClassListFile=/$PREFIX/$1/classes.lst" -Xlog:cds=error -Xlog:class=error "@/$PREFIX/$1/java.args" > "$WORK/archive.log" 2>&1 \
    || { tail -n 20 "$WORK/archive.log" >&2; die "The classes of $1 could not be archived"; }
  # Instead of its main class, the version: with an archive that does not fit, the JVM would not come to it.
  { sed '$d' "$root/$PREFIX/$1/java.args" && echo -version; } > "$root/tmp/check.args"
  inside "$root" -Xshare:on @/tmp/check.args > "$WORK/archive.log" 2>&1 \
    || { cat "$WORK/archive.log" >&2; die "The archive of the classes of $1 cannot be used"; }
  mv "$root$file" "$2/service$file"
  touch -d "$IMAGE_TIME" "$2/service/$PREFIX/$1" "$2/service$file"
  rm -rf --one-file-system "$root"
}

# inside ROOT ARGUMENT…: its JVM, with nothing of this machine but /proc and a few devices.
inside() {
  local namespaces=(unshare --mount)
  [[ $EUID -eq 0 ]] || namespaces=(unshare --user --map-root-user --mount)
  # shellcheck disable=SC2016 # for the other shell
  "${namespaces[@]}" sh -c 'root=$1 && shift && mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" && exec chroot "$root" "$@"' sh \
    "$1" "/$PREFIX/runtime/bin/java" "${@:2}"
}

# install_documents IMAGE ROOT: licences, and what is inside: CycloneDX.
install_documents() {
  local documents=$2/service/usr/share/doc/caisson
  mkdir -p "$documents"
  install -m 0644 "$HOME_DIR/LICENSE" "$documents/LICENSE"
  bill_of_materials "$1" > "$documents/bom.cdx.json"
}

# bill_of_materials IMAGE: of the jars as Maven resolved them, the JDK, and the Debian packages.
bill_of_materials() {
  local where=services/$1 package others=()
  [[ $1 != client ]] || where=cli
  make_boms
  while read -r package; do
    others+=("pkg:deb/debian/$package@$(< "$WORK/packages/$package.version")")
  done < <(debian_packages "$1")
  others+=("pkg:generic/openjdk@$(sed -n 's/^JAVA_RUNTIME_VERSION="\(.*\)"/\1/p' "$JAVA_HOME/release")?vendor=$(sed -n 's/^IMPLEMENTOR="\(.*\)"/\1/p' "$JAVA_HOME/release" | tr ' ' -)")
  jq --args '.components += [$ARGS.positional[] | {type: "library", name: (split("@")[0] | split("/")[-1]), version: (split("@")[1] | split("?")[0]), purl: ., "bom-ref": .}]' \
    "${others[@]}" < "$HOME_DIR/$where/target/bom.json"
}

# Once for each build.
make_boms() {
  [[ ! -f $TARGET/boms.stamp || $(< "$TARGET/boms.stamp") != "$(< "$STAMP")" ]] || return 0
  (cd "$HOME_DIR" && mvn -B -q -Dquick -Dmaven.test.skip=true package "$CYCLONEDX" -DoutputFormat=json -DoutputName=bom -DincludeBomSerialNumber=false -DincludeTestScope=false \
    -pl services/executor,services/gateway,services/auditor,services/broker,cli -am) > "$WORK/boms.log" 2>&1 \
    || { maven_errors "$WORK/boms.log" >&2; die "The bills of materials could not be made"; }
  cp "$STAMP" "$TARGET/boms.stamp"
}

# pack_layer DIR FILE: the same bytes whoever makes it, and when.
pack_layer() {
  local tar=(tar --sort=name --format=gnu --mtime="$IMAGE_TIME" --owner=0 --group=0 --numeric-owner "--mode=a+rX,u+w,go-w")
  "${tar[@]}" -C "$1" --exclude=./tmp -cf "$2" .
  [[ ! -d $1/tmp ]] || tar --mtime="$IMAGE_TIME" --format=gnu --owner=0 --group=0 --numeric-owner --mode=1777 -C "$1" -rf "$2" ./tmp
}

# directories IMAGE: its own, with owner, group and mode. A volume that is mounted there for the first time becomes like them.
directories() {
  local own gateway
  own=$(image_uid "$1") gateway=$(image_uid gateway)
  case $1 in
    executor)
      printf '%s\n' "run/caisson/executor 0 $gateway 0750" "var/lib/caisson/executor 0 0 0700" "var/lib/caisson/nodes 0 0 0755" "var/lib/caisson/rootfs 0 0 0700"
      ;;
    gateway) echo "run/caisson/gateway $own $own 0755" ;;
    auditor) printf '%s\n' "run/caisson/auditor $own $gateway 2750" "var/lib/caisson/auditor $own $own 0700" ;;
    broker) echo "var/lib/caisson/broker $own $own 0700" ;;
  esac
}

# add_directories IMAGE LAYER
add_directories() {
  local path owner group mode
  mkdir -p "$WORK/directories"
  while read -r path owner group mode; do
    mkdir -p "$WORK/directories/$path"
    tar --format=gnu --mtime="$IMAGE_TIME" --owner="$owner" --group="$group" --numeric-owner --mode="$mode" --no-recursion -C "$WORK/directories" -rf "$2" "./$path"
  done < <(directories "$1")
}

# add_blob FILE BLOBS: prints its digest, under which it is found there.
add_blob() {
  local digest
  digest=$(sha256sum < "$1" | cut -d ' ' -f 1)
  mv "$1" "$2/$digest"
  printf '%s\n' "$digest"
}

# write_image IMAGE ROOT FILE LAYER…: OCI image-spec's layout, with the manifest.json of `docker save` beside it.
write_image() {
  local image=$1 root=$2 file=$3 layer blobs=$2/oci/blobs/sha256 config manifest tag
  local diffs=() digests=() sizes=()
  tag=docker.io/caisson/$image:$IMAGE_VERSION
  mkdir -p "$blobs"
  for layer in "${@:4}"; do
    diffs+=("sha256:$(sha256sum < "$root/$layer.tar" | cut -d ' ' -f 1)")
    gzip -n "$root/$layer.tar"
    sizes+=("$(stat -c %s "$root/$layer.tar.gz")")
    digests+=("$(add_blob "$root/$layer.tar.gz" "$blobs")")
  done
  image_config "$image" "${diffs[@]}" > "$root/config.json"
  local config_size manifest_size
  config_size=$(stat -c %s "$root/config.json")
  config=$(add_blob "$root/config.json" "$blobs")
  jq -n --arg config "$config" --argjson size "$config_size" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: ("sha256:" + $config), size: $size},
    layers: [range($ARGS.positional | length / 2) as $i | {mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest: ("sha256:" + $ARGS.positional[$i]), size: ($ARGS.positional[$i + ($ARGS.positional | length / 2)] | tonumber)}]}' \
    --args "${digests[@]}" "${sizes[@]}" > "$root/manifest.json"
  manifest_size=$(stat -c %s "$root/manifest.json")
  manifest=$(add_blob "$root/manifest.json" "$blobs")
  jq -n --arg digest "sha256:$manifest" --argjson size "$manifest_size" --arg tag "$tag" --arg version "$IMAGE_VERSION" '{schemaVersion: 2,
    manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size,
      annotations: {"io.containerd.image.name": $tag, "org.opencontainers.image.ref.name": $version}}]}' > "$root/oci/index.json"
  jq -n '{imageLayoutVersion: "1.0.0"}' > "$root/oci/oci-layout"
  jq -n --arg config "blobs/sha256/$config" --arg tag "${tag#docker.io/}" \
    '[{Config: $config, RepoTags: [$tag], Layers: [$ARGS.positional[] | "blobs/sha256/" + .]}]' --args "${digests[@]}" > "$root/oci/manifest.json"
  pack_layer "$root/oci" "$file"
}

# image_config IMAGE DIFF…: nothing of a shell: the JVM is the first process.
image_config() {
  local user command=()
  user=$(image_uid "$1")
  mapfile -t command < <(default_arguments "$1")
  jq -n --arg created "$IMAGE_TIME" --arg image "$1" --arg user "$user:$user" --arg version "$IMAGE_VERSION" --arg machine "$(image_machine)" --arg prefix "/$PREFIX" \
    --argjson environment "$(json_list "${SERVICE_ENVIRONMENT[@]}")" --argjson command "$(json_list "${command[@]}")" \
    '{created: $created, architecture: $machine, os: "linux",
      config: {User: $user, Env: $environment, Entrypoint: [$prefix + "/runtime/bin/java", "@" + $prefix + "/" + $image + "/java.args"], Cmd: $command, WorkingDir: "/",
        StopSignal: "SIGTERM", Labels: {"org.opencontainers.image.title": ("caisson " + $image), "org.opencontainers.image.version": $version, "org.opencontainers.image.licenses": "Apache-2.0"}},
      rootfs: {type: "layers", diff_ids: $ARGS.positional},
      history: [$ARGS.positional[] | {created: $created, created_by: "caisson images"}]}' --args "${@:2}"
}

# json_list WORD…: words may begin with a dash.
json_list() {
  { [[ $# -eq 0 ]] || printf '%s\n' "$@" | jq -R .; } | jq -s -c .
}

# default_arguments IMAGE: where its own things are when nothing else is said.
default_arguments() {
  case $1 in
    executor) printf '%s\n' --data /var/lib/caisson/executor --run /run/caisson/executor --node localhost ;;
    broker) printf '%s\n' --data /var/lib/caisson/broker --port 9092 --ready-file /tmp/ready ;;
    client) printf '%s\n' --help ;;
  esac
}

image_machine() { case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac; }

# image_table OUTPUT IMAGE…
image_table() {
  local image file
  printf '%-10s %10s %10s  %s\n' IMAGE FILE UNPACKED DIGEST
  for image in "${@:2}"; do
    file=$1/$image.tar
    printf '%-10s %6d MiB %6d MiB  %s\n' "$image" "$(($(stat -c %s "$file") >> 20))" "$(unpacked_mib "$file")" \
      "$(tar -xOf "$file" ./index.json | jq -r '.manifests[0].digest')"
  done
}

unpacked_mib() {
  local layer total=0
  while read -r layer; do
    total=$((total + $(tar -xOf "$1" "./$layer" | gzip -dc | wc -c)))
  done < <(tar -xOf "$1" ./manifest.json | jq -r '.[0].Layers[]')
  echo $((total >> 20))
}
