# The executor's journal: its files checked, without a service.
# shellcheck shell=bash

journal_usage() {
  cat <<'TEXT'
Usage: caisson journal verify [DIR] [--key FILE] [--data DIR] [--output json|table]
Checks the files of the executor's journal, whether it runs or not: checksums, the chain, the sequences, and each checkpoint's
signature. Prints the epochs, and the first record that does not hold, with its segment, its offset and the reason; a last
record that is not whole is told and is no fault. Ends with 1 when something does not hold.

  DIR          a journal's directory, perhaps a copy (default: the executor's own, which only its user may read)
  --key FILE   the node's public keys in PEM (default: node-key.pub.pem beside DIR)
  --data DIR   the services' data directory (default: CAISSON_DATA or /var/lib/caisson)
TEXT
}

journal_verb() {
  local directory='' arguments=()
  [[ ${1:-} == verify ]] || { [[ ${1:-} != -h && ${1:-} != --help ]] || { journal_usage; return; }; misuse "What is to be done with the journal?" "caisson journal --help"; }
  shift
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) journal_usage; return ;;
      --data) use_data "${2:?--data needs a directory}"; shift ;;
      --data=*) use_data "${1#*=}" ;;
      -o | --output) arguments+=(--output "${2:?--output needs json or table}"); shift ;;
      --output=*) arguments+=(--output "${1#*=}") ;;
      --key) arguments+=(--key "${2:?--key needs a file}"); shift ;;
      --key=*) arguments+=(--key "${1#*=}") ;;
      -*) misuse "Unknown argument: $1" "caisson journal --help" ;;
      *) [[ -z $directory ]] || misuse "One directory at a time: $1" "caisson journal --help"; directory=$1 ;;
    esac
    shift
  done
  ensure_built >&2
  directory=$(realpath -m -- "${directory:-$DATA/executor/journal}")
  "$JAVA_HOME/bin/java" "${CLIENT_FLAGS[@]}" -cp "$HOME_DIR/services/executor/target/caisson-executor-$VERSION.jar:$HOME_DIR/services/executor/target/lib/*" \
    dev.caisson.executor.journal.JournalVerification "$directory" "${arguments[@]}"
}
