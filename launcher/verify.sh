# Every check and test, the cheap ones first.
# shellcheck shell=bash

VERIFY_LOG=$TARGET/verify.log
SYSTEM_TESTS=(system/privileges.sh system/bad-input.sh system/terminal.sh boundary/hostile-documents.sh interop/kcat.sh interop/node/run.sh
  system/killed-services.sh system/pods.sh system/pod-of-ten.sh system/networks.sh system/rootless.sh inside/compare.sh guest/run.sh)

verify_usage() {
  cat <<'TEXT'
Usage: caisson verify [--skip-system]
       caisson verify --model OPERATIONS [--seed SEED]
Runs, in this order: shellcheck on the scripts; formatting, boundaries, unit and integration tests of every module
(`mvn verify`); planted violations; the tests of running services in tests/. Needs root.

  --model OPERATIONS   only so many random operations on containers while the executor is killed, against a model. Says how it
                       gets on, and the seed of each round; a million take some hours, and 2 GiB of the disk
  --seed SEED          begin with the round of this seed
TEXT
}

verify_verb() {
  local system=yes operations='' seed=''
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) verify_usage; return ;;
      --skip-system) system=no ;;
      --model) operations=${2:?--model needs a number}; shift ;;
      --model=*) operations=${1#*=} ;;
      --seed) seed=${2:?--seed needs a number}; shift ;;
      --seed=*) seed=${1#*=} ;;
      *) misuse "Unknown argument: $1" "caisson verify --help" ;;
    esac
    shift
  done
  [[ -z $operations || $operations =~ ^[1-9][0-9]{0,8}$ ]] || misuse "--model must be a number from 1: $operations" "caisson verify --help"
  [[ -z $seed || $seed =~ ^-?[0-9]{1,19}$ ]] || misuse "--seed must be a number: $seed" "caisson verify --help"
  [[ -z $seed || -n $operations ]] || misuse "--seed goes with --model" "caisson verify --help"
  local start=$EPOCHREALTIME
  require_root verify
  require_jdk
  require_tools "${NEEDED_TOOLS[@]}" "${TEST_TOOLS[@]}"
  mkdir -p "$TARGET"
  if [[ -n $operations ]]; then
    check_model "$operations" "$seed"
  else
    check_all "$system"
  fi
  title "Everything holds, in $(seconds_since "$start") s"
}

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

# model_verify OPERATIONS SEED: prints what the test says of its progress.
model_verify() {
  (cd "$HOME_DIR" && mvn -B -Dquick -DskipTests=false -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false \
    -Dstyle.color=never -pl services/executor -am -Dtest=NoUnitTest -Dit.test=ModelIT -Dcaisson.model.operations="$1" \
    ${2:+-Dcaisson.model.seed="$2"} verify) 2>&1 | tee "$VERIFY_LOG" | sed -u -n 's/^model: /  /p'
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
