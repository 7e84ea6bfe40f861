# Every check and test, the cheap ones first.
# shellcheck shell=bash

VERIFY_LOG=$TARGET/verify.log
SYSTEM_TESTS=(system/privileges.sh system/bad-input.sh system/terminal.sh boundary/hostile-documents.sh interop/kcat.sh interop/node/run.sh
  system/killed-services.sh system/pods.sh system/pod-of-ten.sh system/networks.sh system/rootless.sh inside/compare.sh guest/run.sh)

verify_usage() {
  cat <<'TEXT'
Usage: caisson verify [--skip-system]
Runs, in this order: shellcheck on the scripts; formatting, boundaries, unit and integration tests of every module
(`mvn verify`); planted violations; the tests of running services in tests/. Needs root.
TEXT
}

verify_verb() {
  local system=yes
  case ${1:-} in
    -h | --help) verify_usage; return ;;
    --skip-system) system=no ;;
    '') ;;
    *) misuse "Unknown argument: $1" "caisson verify --help" ;;
  esac
  local start=$EPOCHREALTIME
  require_root verify
  require_jdk
  require_tools "${NEEDED_TOOLS[@]}" "${TEST_TOOLS[@]}"
  mkdir -p "$TARGET"
  check_scripts
  check_modules
  check_violations
  [[ $system == no ]] || check_system
  title "Everything holds, in $(seconds_since "$start") s"
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
