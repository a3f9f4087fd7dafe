#!/bin/bash
# Starts PostgreSQL as the official image does: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD, PGDATA, their _FILE forms, /docker-entrypoint-initdb.d (*.sql, *.sh).
set -eu
. /usr/local/lib/stand-in.sh

case ${1:-} in
    -*) set -- postgres "$@" ;;
esac
[ "${1:-}" = postgres ] || exec "$@"

if is_root; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql /var/lib/postgresql
    become postgres "$0" "$@"
fi

initialise() {
    local password user database method
    password=$(value_of POSTGRES_PASSWORD)
    user=$(value_of POSTGRES_USER)
    user=${user:-postgres}
    database=$(value_of POSTGRES_DB)
    database=${database:-$user}
    method=$(value_of POSTGRES_HOST_AUTH_METHOD)
    [ -n "$password" ] || [ "$method" = trust ] ||
        die 'set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust to let everybody in'
    local secret
    secret=$(mktemp)
    printf '%s\n' "$password" >"$secret"
    local arguments=(--pgdata="$PGDATA" --username="$user" --auth-local=trust --auth-host=scram-sha-256)
    [ -z "$password" ] || arguments+=(--pwfile="$secret")
    # shellcheck disable=SC2086 # a list of words
    initdb "${arguments[@]}" ${POSTGRES_INITDB_ARGS:-}
    rm -f "$secret"
    printf '\nhost all all all %s\n' "${method:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
    printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"

    local scripts=(/docker-entrypoint-initdb.d/*) script
    [ "$database" != postgres ] || [ -e "${scripts[0]}" ] || return 0
    pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -c unix_socket_directories=/tmp" start
    local psql=(psql --no-psqlrc --set=ON_ERROR_STOP=1 --host=/tmp --username="$user")
    [ "$database" = postgres ] ||
        "${psql[@]}" --dbname=postgres --set=name="$database" <<<'CREATE DATABASE :"name"'
    for script in "${scripts[@]}"; do
        case $script in
            *.sql) "${psql[@]}" --dbname="$database" --file="$script" ;;
            *.sh) PGHOST=/tmp PGUSER=$user PGDATABASE=$database bash "$script" ;;
            *) [ ! -e "$script" ] || say "$script is neither .sql nor .sh: left out" ;;
        esac
    done
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
}

[ -s "$PGDATA/PG_VERSION" ] || initialise
exec "$@"
