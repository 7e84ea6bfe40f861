# The topics as kcat reads them, a client that was not written here.
# shellcheck shell=bash

kafka() { sed -n 's/^KAFKA=//p' "$CAISSON_DATA/run/ports.conf"; }

# consume TOPIC: each message as a line of JSON: kcat's envelope with the headers as an object.
consume() {
  kcat -b "$(kafka)" -C -t "$1" -o beginning -e -q -X isolation.level=read_committed -J \
    | jq -c '{key, offset, partition, headers: (if .headers then .headers | [_nwise(2) | {(.[0]): .[1]}] | add else {} end)}'
}
