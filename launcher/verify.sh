# Every check and test, the cheap ones first.
# shellcheck shell=bash

VERIFY_LOG=$TARGET/verify.log
SYSTEM_TESTS=(system/privileges.sh system/access.sh system/bad-input.sh system/terminal.sh boundary/hostile-documents.sh interop/kcat.sh interop/http.sh interop/node/run.sh
  system/killed-services.sh system/kafka-away.sh system/external.sh system/pods.sh system/pod-of-ten.sh system/cpu.sh system/networks.sh system/rootless.sh
  inside/compare.sh guest/run.sh)

verify_usage() {
  cat <<'TEXT'
Usage: caisson verify [--skip-system]
       caisson verify --model OPERATIONS [--seed SEED]
       caisson verify --histories HISTORIES [--seed SEED]
       caisson verify --record EVENTS [--seed SEED]
       caisson verify --docker | --package
Runs, in this order: shellcheck on the scripts; formatting, boundaries, unit and integration tests of every module
(`mvn verify`); planted violations; the tests of running services in tests/. Needs root.

  --model OPERATIONS   only so many random operations on containers while the executor is killed, against a model. Says how it
                       gets on, and the seed of each round; a million take some hours, and 2 GiB of the disk
  --histories HISTORIES   only so many random histories of CPU samples, apportioned by Kafka Streams' own driver, by plain code and
                       by a second reading of the rules; a million take about an hour
  --record EVENTS      only one journal of so many events, while gateway, broker and auditors are killed, each at least once; nothing may
                       be lost or come twice. A hundred thousand take about five minutes
  --docker             only the images, under a Docker engine of its own: what docker-compose.yml starts, its privileges, containers in it,
                       the death of the executor's, and the tests of relay, trail and auditor with Kafka and PostgreSQL in containers. Needs
                       Docker Compose 2; about twenty minutes
  --package            only the Debian package, in a Debian that debootstrap makes, and its units in a guest that systemd boots; about
                       fifteen minutes
  --seed SEED          begin with the round of this seed; for --record, kill as it says
TEXT
}

verify_verb() {
  local system=yes operations='' histories='' events='' seed='' packaged=''
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) verify_usage; return ;;
      --skip-system) system=no ;;
      --docker | --package) packaged=${packaged:+2}${1#--} ;;
      --model) operations=${2:?--model needs a number}; shift ;;
      --model=*) operations=${1#*=} ;;
      --histories) histories=${2:?--histories needs a number}; shift ;;
      --histories=*) histories=${1#*=} ;;
      --record) events=${2:?--record needs a number}; shift ;;
      --record=*) events=${1#*=} ;;
      --seed) seed=${2:?--seed needs a number}; shift ;;
      --seed=*) seed=${1#*=} ;;
      *) misuse "Unknown argument: $1" "caisson verify --help" ;;
    esac
    shift
  done
  require_number --model "$operations"
  require_number --histories "$histories"
  require_number --record "$events"
  [[ "$operations $histories $events $packaged" =~ ^\ *([0-9]*|docker|package)\ *$ ]] \
    || misuse "--model, --histories, --record, --docker and --package must be given alone" "caisson verify --help"
  [[ -z $seed || $seed =~ ^-?[0-9]{1,19}$ ]] || misuse "--seed must be a number: $seed" "caisson verify --help"
  [[ -z $seed || -n $operations$histories$events ]] || misuse "--seed goes with --model, --histories or --record" "caisson verify --help"
  local start=$EPOCHREALTIME
  require_root verify
  require_jdk
  require_tools "${NEEDED_TOOLS[@]}" "${TEST_TOOLS[@]}"
  mkdir -p "$TARGET"
  if [[ -n $operations ]]; then
    check_model "$operations" "$seed"
  elif [[ -n $histories ]]; then
    check_histories "$histories" "$seed"
  elif [[ -n $events ]]; then
    check_record "$events" "$seed"
  elif [[ -n $packaged ]]; then
    "check_$packaged"
  else
    check_all "$system"
  fi
  title "Everything holds, in $(seconds_since "$start") s"
}

require_number() { [[ -z $2 || $2 =~ ^[1-9][0-9]{0,8}$ ]] || misuse "$1 must be a number from 1: $2" "caisson verify --help"; }

check_all() {
  check_scripts
  check_modules
  check_violations
  [[ $1 == no ]] || check_system
}

check_model() {
  title "The model: $1 operations (the log is $VERIFY_LOG)"
  model_verify "$@" || { maven_errors "$VERIFY_LOG" >&2; die "The executor and its model do not agree" "$VERIFY_LOG has everything"; }
  good "the model"
}

check_histories() {
  title "Apportioning: $1 histories (the log is $VERIFY_LOG)"
  histories_verify "$@" || { maven_errors "$VERIFY_LOG" >&2; die "Those who apportion do not agree" "$VERIFY_LOG has everything"; }
  good "the histories"
}

check_record() {
  title "The record: $1 events (the log is $VERIFY_LOG)"
  record_verify "$@" || { maven_errors "$VERIFY_LOG" >&2; die "The trail has not every event once" "$VERIFY_LOG has everything"; }
  good "the record"
}

check_docker() {
  title "The images, under a Docker engine"
  require_tools dockerd:docker.io ctr:containerd unzip:unzip xz:xz-utils jq:jq ip:iproute2
  "$HOME_DIR/tests/docker/run.sh" || die "The images do not do what they should" "tests/docker/run.sh can be run by itself"
  good "the images"
}

check_package() {
  title "The Debian package"
  require_tools debootstrap:debootstrap lintian:lintian systemd-analyze:systemd xz:xz-utils qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs
  "$HOME_DIR/tests/debian/run.sh" || die "The package does not do what it should" "tests/debian/run.sh can be run by itself"
  good "the package"
}

# model_verify OPERATIONS SEED
model_verify() {
  verify_alone 'model: ' -pl services/executor -Dtest=NoUnitTest -Dit.test=ModelIT -Dcaisson.model.operations="$1" \
    ${2:+-Dcaisson.model.seed="$2"}
}

# histories_verify HISTORIES SEED
histories_verify() {
  verify_alone 'histories: ' -pl services/auditor -Dtest='ReplayPropertyTest#asManyAsAreAskedFor' -Dit.test=NoTest \
    -Dcaisson.histories="$1" ${2:+-Dcaisson.histories.seed="$2"}
}

# record_verify EVENTS SEED: as fast as services that are killed all the time can follow, and long enough for each to be.
record_verify() {
  verify_alone 'record: ' -pl services/broker,services/gateway,services/auditor,tests/record -Dtest=NoUnitTest -Dit.test=HonestRunIT \
    -Dcaisson.record.events="$1" -Dcaisson.record.seconds="$(($1 > 9000 ? $1 / 600 : 15))" ${2:+-Dcaisson.record.seed="$2"}
}

# verify_alone PREFIX OPTION…: prints what the test says of its progress: lines that begin so.
verify_alone() {
  local prefix=$1
  shift
  (cd "$HOME_DIR" && mvn -B -Dquick -DskipTests=false -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dstyle.color=never -am "$@" verify) 2>&1 | tee "$VERIFY_LOG" | sed -u -n "s/^$prefix/  /p"
  return "${PIPESTATUS[0]}"
}

check_scripts() {
  title "Scripts"
  (cd "$HOME_DIR" && shellcheck -x caisson launcher/*.sh .ci/run tests/*.sh tests/*/*.sh tests/*/*/*.sh) \
    || die "shellcheck found something" "the lines above say what"
  good "shellcheck"
}

check_modules() {
  title "Modules: mvn verify (the log is $VERIFY_LOG)"
  maven_verify || { maven_errors "$VERIFY_LOG" >&2; die "mvn verify failed" "$VERIFY_LOG has everything"; }
  good "modules"
}

# Prints a line for each module and Surefire's counts; the rest is in the log.
maven_verify() {
  (cd "$HOME_DIR" && mvn -B -Dstyle.color=never --fail-at-end verify) 2>&1 | tee "$VERIFY_LOG" \
    | sed -u -n -e 's/^\[INFO\] Building \(Caisson.*\) [0-9.]*-SNAPSHOT *\(\[.*\)$/\2 \1/p' \
      -e 's/^\[[A-Z]*\] *\(Tests run:.*Time elapsed.*\)$/    \1/p' -e '/^\[INFO\] Tests run:/p'
  return "${PIPESTATUS[0]}"
}

check_violations() {
  title "Planted violations"
  MAVEN_OFFLINE=yes "$HOME_DIR/tests/boundary/planted-violations.sh" || die "A rule does not bite"
}

# One set of services for all of them; what each leaves is the next one's problem, so each compares before and after.
check_system() {
  local test failed=()
  title "Running services"
  # shellcheck source=tests/services.sh
  source "$HOME_DIR/tests/services.sh"
  start_services
  for test in "${SYSTEM_TESTS[@]}"; do
    title "tests/$test"
    "$HOME_DIR/tests/$test" || failed+=("$test")
  done
  stop_services
  [[ ${#failed[@]} -eq 0 ]] || die "These failed: ${failed[*]}" "each can be run by itself"
}
