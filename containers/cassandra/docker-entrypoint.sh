#!/bin/bash
# Starts Cassandra as the official image does: CASSANDRA_CLUSTER_NAME, _SEEDS, _LISTEN_ADDRESS, _BROADCAST_ADDRESS, _RPC_ADDRESS,
# _BROADCAST_RPC_ADDRESS, _NUM_TOKENS, _ENDPOINT_SNITCH, _DC, _RACK; MAX_HEAP_SIZE, JVM_EXTRA_OPTS.
set -eu
. /usr/local/lib/stand-in.sh

configuration=${CASSANDRA_CONF:-/etc/cassandra}

case ${1:-} in
    -*) set -- cassandra -f "$@" ;;
esac
[ "${1:-}" = cassandra ] || exec "$@"

if is_root; then
    chown -R cassandra:cassandra "$configuration" /var/lib/cassandra /var/log/cassandra
    become cassandra "$0" "$@"
fi

own=$(hostname --ip-address | cut -d ' ' -f 1)
: "${CASSANDRA_LISTEN_ADDRESS:=auto}"
[ "$CASSANDRA_LISTEN_ADDRESS" != auto ] || CASSANDRA_LISTEN_ADDRESS=$own
: "${CASSANDRA_BROADCAST_ADDRESS:=$CASSANDRA_LISTEN_ADDRESS}"
[ "$CASSANDRA_BROADCAST_ADDRESS" != auto ] || CASSANDRA_BROADCAST_ADDRESS=$own
: "${CASSANDRA_RPC_ADDRESS:=0.0.0.0}"
: "${CASSANDRA_BROADCAST_RPC_ADDRESS:=$CASSANDRA_BROADCAST_ADDRESS}"
: "${CASSANDRA_SEEDS:=$CASSANDRA_BROADCAST_ADDRESS}"

# put NAME VALUE: in place of the line with that name, commented out or not.
put() {
    local file=$configuration/cassandra.yaml value=${2//\\/\\\\}
    value=${value//|/\\|}
    sed -i -E "s|^(# *)?($1:).*|\\2 ${value//&/\\&}|" "$file"
}

sed -i -E "s|(- seeds:).*|\\1 \"$CASSANDRA_SEEDS\"|" "$configuration/cassandra.yaml"
for name in listen_address broadcast_address rpc_address broadcast_rpc_address cluster_name num_tokens endpoint_snitch; do
    variable=CASSANDRA_${name^^}
    [ -z "${!variable:-}" ] || put "$name" "${!variable}"
done
for pair in dc:CASSANDRA_DC rack:CASSANDRA_RACK; do
    variable=${pair#*:}
    [ -z "${!variable:-}" ] ||
        sed -i -E "s|^${pair%%:*}=.*|${pair%%:*}=${!variable}|" "$configuration/cassandra-rackdc.properties"
done
exec "$@"
