#!/usr/bin/env bash
# Plants a violation of each rule that the build enforces, in a skeleton of this project (its poms without its sources), and
# shows that the build fails with that rule's words. A module without a violation shows that it is the violation that fails.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=launcher/say.sh
source "$ROOT/launcher/say.sh"
# shellcheck source=launcher/toolchain.sh
source "$ROOT/launcher/toolchain.sh"
require_jdk
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
LOG=$WORK/build.log

skeleton() {
  (cd "$ROOT" && find . -name target -prune -o \( -name pom.xml -o -path './.mvn/*' \) -type f -print0 | xargs -0 cp --parents -t "$WORK")
}

# plant NAME SOURCE [BUILD]: a leaf module with one class, and with a piece of <build> of its own.
plant() {
  mkdir -p "$WORK/planted/$1/src/main/java/planted"
  printf '%s\n' "$2" > "$WORK/planted/$1/src/main/java/planted/Planted.java"
  cat > "$WORK/planted/$1/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>dev.caisson</groupId>
    <artifactId>caisson-parent</artifactId>
    <version>0.1.0-SNAPSHOT</version>
    <relativePath>../../pom.xml</relativePath>
  </parent>
  <artifactId>planted-$1</artifactId>
  <dependencies>
    <dependency>
      <groupId>org.jspecify</groupId>
      <artifactId>jspecify</artifactId>
    </dependency>
  </dependencies>
  ${3:-}
</project>
POM
  sed -i "s|</modules>|  <module>planted/$1</module>\n  </modules>|" "$WORK/pom.xml"
}

# depend MODULE GROUP ARTIFACT [VERSION]: one more dependency of a real module.
depend() {
  local version=${4:+<version>$4</version>}
  sed -i "0,\\|<dependencies>|s||<dependencies><dependency><groupId>$2</groupId><artifactId>$3</artifactId>$version</dependency>|" "$WORK/$1/pom.xml"
}

# shellcheck disable=SC2016 # ${project.version} is Maven's, not the shell's.
plant_all() {
  plant clean 'package planted;

final class Planted {}'
  plant foreign 'package planted;

import java.lang.foreign.Arena;

record Planted(Arena arena) {}'
  plant restricted 'package planted;

import java.lang.foreign.MemorySegment;

final class Planted {
  static MemorySegment all(MemorySegment some) {
    return some.reinterpret(Long.MAX_VALUE);
  }
}' '<build><plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-enforcer-plugin</artifactId>
  <executions><execution><id>no-native-code</id><phase>none</phase></execution></executions></plugin></plugins></build>'
  plant format 'package planted;
final class   Planted { }'
  plant nullness 'package planted;

import org.jspecify.annotations.NullMarked;

@NullMarked
final class Planted {
  static String name() {
    return null;
  }
}'
  plant bug 'package planted;

final class Planted {
  static boolean same(Object one) {
    return one.equals(one);
  }
}'
  depend services/gateway dev.caisson caisson-linux '${project.version}'
  depend services/executor org.apache.kafka kafka-clients
  depend services/executor io.projectreactor reactor-core
  depend services/executor com.github.hypfvieh dbus-java-core
  depend services/auditor dev.caisson caisson-executor-api '${project.version}'
  depend services/broker dev.caisson caisson-journal-api '${project.version}'
  depend cli dev.caisson caisson-executor-api '${project.version}'
  depend cli io.micronaut micronaut-inject
}

# plant_layers NAME SOURCE: a class of the gateway's package `names`, and the gateway's own test of its layers.
plant_layers() {
  local sources=$WORK/planted/$1/src
  mkdir -p "$sources/main/java/dev/caisson/gateway/names" "$sources/test/java/dev/caisson/gateway" "$sources/test/resources"
  printf '%s\n' "$2" > "$sources/main/java/dev/caisson/gateway/names/Planted.java"
  cp "$ROOT/services/gateway/src/test/java/dev/caisson/gateway/ArchitectureTest.java" "$sources/test/java/dev/caisson/gateway"
  cp "$ROOT/services/gateway/src/test/resources/archunit.properties" "$sources/test/resources"
  depend "planted/$1" com.tngtech.archunit archunit
  depend "planted/$1" org.assertj assertj-core
  depend "planted/$1" org.junit.jupiter junit-jupiter
}

plant_all_layers() {
  plant layered 'package planted;

final class Planted {}'
  plant_layers layered 'package dev.caisson.gateway.names;

record Planted(String name) {}'
  plant layers 'package planted;

final class Planted {}'
  plant_layers layers 'package dev.caisson.gateway.names;

import java.nio.file.Path;

record Planted(Path name) {}'
}

build() {
  built compile
}

# The test of the one rule: the others need all of the gateway.
build_layers() {
  built test -pl planted/layered,planted/layers -Dtest='ArchitectureTest#keepsNamesAndErrorsPure'
}

# built GOAL OPTION… : whether the build with violations ran, and failed.
built() {
  local offline=()
  [[ -z ${MAVEN_OFFLINE:-} ]] || offline=(-o)
  ! (cd "$WORK" && mvn "${offline[@]}" -B -Dstyle.color=never -Dexec.skip -Dprotobuf.skip --fail-at-end "$@" > "$LOG" 2>&1) || return 1
  # One that could not begin says so here, rather than as many failed expectations.
  grep -q '^\[INFO\] Reactor Summary' "$LOG" || { tail -n 20 "$LOG"; return 1; }
}

# said_of ARTIFACT: what Maven said while it built the module, and at its end of why it failed.
said_of() {
  awk -v artifact="$1" '/^\[INFO\] -+< / { inside = index($0, ":" artifact " >") }
    /^\[INFO\] Reactor Summary/ { inside = 0 }
    /^\[ERROR\] Failed to execute goal/ { inside = index($0, "on project " artifact ":") }
    inside { print }' "$LOG"
}

# fails ARTIFACT WORDS… : the module was not built, and each of the words was said of it.
fails() {
  local artifact=$1 said word
  shift
  said=$(said_of "$artifact")
  if [[ $said != *"[ERROR] Failed to execute goal"* ]]; then
    failed "a violation in $artifact fails the build" "$said"
    return 0
  fi
  for word in "$@"; do
    [[ $said == *"$word"* ]] || { failed "$artifact fails for the right reason" "expected: $word"$'\n'"$said"; return 0; }
  done
  passed "$artifact fails: ${*: -1}"
}

echo "Planted violations"
skeleton
plant_all
holds "the build with violations fails" build
holds "a module without a violation is built" grep '^\[INFO\] planted-clean .*SUCCESS' "$LOG"
fails planted-foreign 'Native code lives in libs/linux alone' 'java.lang.foreign.Arena'
fails planted-restricted 'warnings found and -Werror specified' 'reinterpret(long) is a restricted method'
fails planted-format 'spotless' 'format violations'
fails planted-nullness '[NullAway]'
fails planted-bug '[SelfEquals]'
fails caisson-gateway 'not allowed in this zone' 'caisson-linux'
fails caisson-executor 'not allowed in this zone' 'dbus-java-core' 'reactor-core' 'kafka-clients'
fails caisson-auditor 'not allowed in this zone' 'caisson-executor-api'
fails caisson-broker 'not allowed in this zone' 'caisson-journal-api'
fails caisson-cli 'not allowed in this zone' 'caisson-executor-api' 'micronaut-inject'
plant_all_layers
holds "the build with a class that reaches out of its layer fails" build_layers
holds "a class that keeps to its layer passes the test of layers" grep '^\[INFO\] planted-layered .*SUCCESS' "$LOG"
fails planted-layers 'Architecture Violation' 'dev.caisson.gateway.names.Planted' 'keepsNamesAndErrorsPure'
conclude
