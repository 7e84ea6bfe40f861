# What JDK Flight Recorder keeps of each service that was started with CAISSON_JFR=yes, and how to get at it.
# shellcheck shell=bash

recordings_of() { echo "$DATA/$1/jfr"; }

# as_service SERVICE COMMAND…: by the service's own user. Its folder is its own, links and all: root follows none of them. It may look
# into what its user runs: so that has nothing of the caller's, neither environment nor terminal.
as_service() {
  local uid
  uid=$(service_uid "$1")
  if [[ $EUID -ne 0 || $uid -eq 0 ]]; then
    "${@:2}"
  else
    env -i "${SERVICE_ENVIRONMENT[@]}" setsid -w setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs "${@:2}" < /dev/null
  fi
}

# make_recordings SERVICE: where its next process writes. What the one before it has left is kept until there is something newer.
make_recordings() {
  local folder
  [[ $JFR == yes ]] || return 0
  folder=$(recordings_of "$1")
  (umask 0077 && as_service "$1" mkdir -p "$folder")
  ! as_service "$1" test -s "$folder/exit.jfr" || as_service "$1" mv -T "$folder/exit.jfr" "$folder/exit.before.jfr"
  as_service "$1" rmdir "$folder/repository" 2> /dev/null || true # empty, unless it was killed
  if as_service "$1" test -d "$folder/repository"; then
    as_service "$1" rm -rf "$folder/repository.before"
    as_service "$1" mv -T "$folder/repository" "$folder/repository.before"
  fi
}

jfr_usage() {
  cat <<'TEXT'
Usage: caisson jfr dump SERVICE [FILE] [--data DIR]
Writes what JDK Flight Recorder has recorded of a running service (broker, executor, gateway, auditor), at most its last 6 h and
64 MiB, and says where it is: FILE, or else a file in the service's own directory. The service goes on, and so does its recording.
It must have been started with CAISSON_JFR=yes: docs/observe.md.
TEXT
}

jfr_verb() {
  local words=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      -h | --help) jfr_usage; return ;;
      --data) use_data "${2:?--data needs a directory}"; shift ;;
      --data=*) use_data "${1#*=}" ;;
      -*) misuse "Unknown argument: $1" "caisson jfr --help" ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  [[ ${words[0]:-} == dump ]] || misuse "caisson jfr has one verb, dump: ${words[0]:-none was given}" "caisson jfr dump SERVICE [FILE]"
  [[ ${words[1]:-} =~ ^(broker|executor|gateway|auditor)$ ]] \
    || misuse "SERVICE must be broker, executor, gateway or auditor: ${words[1]:-none was given}" "caisson jfr dump gateway"
  ((${#words[@]} <= 3)) || misuse "Unknown argument: ${words[3]}" "caisson jfr dump SERVICE [FILE]"
  require_jdk
  use_data "$DATA"
  dump_recording "${words[1]}" "${words[2]:-}"
}

# dump_recording SERVICE FILE: by the service itself, into its own directory; it could not write elsewhere.
dump_recording() {
  local service=$1 file=$2 pid dump said
  pid=$(running "$service") || die "The $service does not run" "CAISSON_JFR=yes caisson up --data $DATA"
  is_recorded "$pid" \
    || die "The $service runs without a recording" "caisson down --data $DATA && CAISSON_JFR=yes caisson up --data $DATA (containers go on running)"
  [[ -z $file ]] || check_destination "$file"
  dump=$(recordings_of "$service")/$(date -u +%Y%m%dT%H%M%S)-$$.jfr
  # It comes from the service, which may have been taken over.
  said=$(as_service "$service" "$JAVA_HOME/bin/jcmd" "$pid" JFR.dump name=caisson "filename=$dump" 2>&1 | tr -cd '[:print:]\n') || die "The $service did not write its recording: $said"
  as_service "$service" test -s "$dump" || die "The $service did not write its recording: $said"
  [[ -z $file ]] || move_dump "$service" "$dump" "$file"
  good "${file:-$dump} ($(size_of "${file:-$dump}")); \`jfr summary\` and JDK Mission Control read it"
}

is_recorded() { grep -qaz '^-XX:StartFlightRecording=name=caisson,' "/proc/$1/cmdline"; }

check_destination() {
  [[ ! -e $1 ]] || die "There is already $1" "choose another FILE, or remove it"
  [[ -d $(dirname -- "$1") ]] || die "There is no directory $(dirname -- "$1")" "mkdir -p $(dirname -- "$1")"
}

# move_dump SERVICE DUMP FILE: what a recording tells, paths and command lines among it, is for its owner alone.
move_dump() {
  (umask 0077 && set -o noclobber && as_service "$1" cat "$2" > "$3") || die "Failed to write $3: the recording is $2"
  as_service "$1" rm -f "$2"
}

size_of() { du -h --apparent-size -- "$1" 2> /dev/null | cut -f 1; }
