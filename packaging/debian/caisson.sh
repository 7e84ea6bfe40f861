#!/bin/sh
exec /usr/lib/caisson/runtime/bin/java @/usr/lib/caisson/client/java.args "$@"
