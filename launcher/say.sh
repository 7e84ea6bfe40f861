# Words to the user. Progress goes to standard output, what is wrong to standard error.
# shellcheck shell=bash

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' GREEN='' RED='' PLAIN=''
fi

say() { printf '%s\n' "$*"; }
title() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }
good() { printf '%sok%s    %s\n' "$GREEN" "$PLAIN" "$*"; }
note() { printf '%s%s%s\n' "$DIM" "$*" "$PLAIN"; }
warn() { printf '%scaisson:%s %s\n' "$RED" "$PLAIN" "$*" >&2; }

# die MESSAGE [HINT]: 125 is the exit code for what Caisson itself refuses or fails at.
die() {
  warn "$1"
  [[ $# -lt 2 ]] || printf '  hint: %s\n' "$2" >&2
  exit 125
}

# misuse MESSAGE [HINT]
misuse() {
  warn "$1"
  [[ $# -lt 2 ]] || printf '  hint: %s\n' "$2" >&2
  exit 2
}

# seconds_since START: START is a value of EPOCHREALTIME.
seconds_since() {
  awk -v now="$EPOCHREALTIME" -v start="$1" 'BEGIN { printf "%.1f", now - start }'
}
