# Builds what has changed, once; and runs the client from what was built.
# shellcheck shell=bash

TARGET=$HOME_DIR/target
STAMP=$TARGET/launcher.stamp
BUILD_LOG=$TARGET/build.log
VERSION=0.1.0-SNAPSHOT
CLIENT_JAR=$HOME_DIR/cli/target/caisson-cli-$VERSION.jar
CLIENT_CACHE=$TARGET/client.aot
FAILURE_LINES=25

# What the build reads: every pom, and every source folder.
source_files() {
  (cd "$HOME_DIR" && find pom.xml .mvn packaging/jvm proto libs services cli bench -name target -prune -o -type f -print 2> /dev/null)
}

source_hash() {
  (cd "$HOME_DIR" && source_files | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1)
}

# A file or a folder that is newer than the stamp: cheap, and enough to know that nothing has changed.
anything_newer() {
  [[ -n $(cd "$HOME_DIR" && find pom.xml .mvn packaging/jvm proto libs services cli bench -name target -prune -o -newer "$STAMP" -print -quit 2> /dev/null) ]]
}

is_built() {
  [[ -f $STAMP && -f $CLIENT_JAR ]] || return 1
  anything_newer || return 0
  [[ $(< "$STAMP") == "$(source_hash)" ]] || return 1
  touch "$STAMP" 2> /dev/null || true
}

ensure_built() {
  require_jdk
  is_built || build
}

build_verb() {
  case ${1:-} in
    -h | --help) say "Usage: caisson build: compiles and packages every module whose sources have changed; tests are in \`caisson verify\`." ;;
    '') ensure_built && good "built" ;;
    *) misuse "Unknown argument: $1" "caisson build --help" ;;
  esac
}

build() {
  require_tools "${NEEDED_TOOLS[@]}"
  local start=$EPOCHREALTIME hash
  hash=$(source_hash)
  mkdir -p "$TARGET"
  say "Building with $JAVA_HOME (the log is $BUILD_LOG)"
  maven_build || { maven_errors "$BUILD_LOG" >&2; die "The build failed" "$BUILD_LOG has everything"; }
  printf '%s\n' "$hash" > "$STAMP"
  train_client
  good "built in $(seconds_since "$start") s"
}

# One line for each module as Maven comes to it. Tests are `verify`'s.
maven_build() {
  (cd "$HOME_DIR" && mvn -B -T 1C -Dquick -Dmaven.test.skip=true -Dstyle.color=never package) 2>&1 \
    | tee "$BUILD_LOG" \
    | sed -u -n 's/^\[INFO\] Building \(Caisson[^[]*[^ [0-9.]\) *[0-9][^[]* *\(\[[0-9/]*\]\).*/  \2 \1/p'
  return "${PIPESTATUS[0]}"
}

# maven_errors LOG: what went wrong, without Maven's advice on Maven; the end of a run is what people see of it.
maven_errors() {
  grep -v -E 'Help 1|[Rr]e-run Maven|For more information|full stack trace|can resume the build|mvn <args>|^\[ERROR\] *$' "$1" \
    | awk -v lines="$FAILURE_LINES" -f "$LAUNCHER/maven-errors.awk"
}

# The client lives for a fraction of a second, most of it spent on loading classes: an archive of them halves that.
# It is a convenience: without it everything works.
train_client() {
  local jar scratch
  rm -f "$CLIENT_CACHE"
  for jar in "$HOME_DIR"/cli/target/lib/picocli-*.jar; do
    "$JAVA_HOME/bin/java" -cp "$jar" "$LAUNCHER/NewerClasses.java" "$jar" > /dev/null 2>&1 || rm -f "$jar.newer"
  done
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/caisson-train.XXXXXX") || return 0
  java_client -XX:AOTCacheOutput="$CLIENT_CACHE" -Xlog:disable -- train "$scratch" > /dev/null 2>&1 || true
  rm -rf "$scratch"
}

# java_client JVM-OPTION… -- ARGUMENT…
java_client() {
  local jvm=()
  while [[ $1 != -- ]]; do
    jvm+=("$1")
    shift
  done
  shift
  "$JAVA_HOME/bin/java" "${jvm[@]}" "${CLIENT_FLAGS[@]}" -cp "$CLIENT_JAR:$HOME_DIR/cli/target/lib/*" dev.caisson.cli.Cli "$@"
}

# One compiler, one collector thread; Netty's flight recorder events cost 90 ms at start. That native access is denied would cost 200:
# with it the modules are not taken from the archive.
# Netty would look for the address of a network device, and say on stderr that there is none, as in a container without a network.
CLIENT_FLAGS=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx256m
  -Dio.netty.jfr.enabled=false -Dio.netty.machineId=02:00:00:00:00:01 -Dfile.encoding=UTF-8)

# Replaces this shell by the client, so that signals and the exit code are its own.
client() {
  local cache=()
  [[ ! -f $CLIENT_CACHE ]] || cache=(-XX:AOTCache="$CLIENT_CACHE" -Xlog:disable -Xlog:all=off)
  exec "$JAVA_HOME/bin/java" "${cache[@]}" "${CLIENT_FLAGS[@]}" -cp "$CLIENT_JAR:$HOME_DIR/cli/target/lib/*" dev.caisson.cli.Cli "$@"
}
