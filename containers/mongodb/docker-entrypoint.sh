#!/bin/bash
# Starts MongoDB as the official image does: MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD with their _FILE forms.
# There is no mongosh in this image, so a script in /docker-entrypoint-initdb.d is refused and not left out unseen.
set -eu
. /usr/local/lib/stand-in.sh

data=/data/db

case ${1:-} in
    -*) set -- mongod "$@" ;;
esac
case ${1:-} in
    mongod | mongos) ;;
    *) exec "$@" ;;
esac

if is_root; then
    [ "$1" != mongod ] || chown -R mongodb:mongodb /data/db /data/configdb
    become mongodb "$0" "$@"
fi

given() {
    local option=$1 argument
    shift
    for argument; do
        case $argument in "$option" | "$option="*) return 0 ;; esac
    done
    return 1
}

initialise() {
    local waited=0
    mongod --dbpath $data --port 27017 --bind_ip 127.0.0.1 --quiet >/tmp/initialise.log &
    local server=$!
    until mongo-command ping >/dev/null 2>&1; do
        if ! kill -0 $server 2>/dev/null || [ $((waited += 1)) -gt 600 ]; then
            cat /tmp/initialise.log >&2
            die 'mongod does not answer while its administrator is to be made'
        fi
        sleep 0.1
    done
    STAND_IN_USER=$1 STAND_IN_PASSWORD=$2 mongo-command create-root
    kill -INT $server
    wait $server
    rm -f /tmp/initialise.log
}

if [ "$1" = mongod ]; then
    user=$(value_of MONGO_INITDB_ROOT_USERNAME)
    password=$(value_of MONGO_INITDB_ROOT_PASSWORD)
    if [ -n "$user$password" ]; then
        [ -n "$user" ] && [ -n "$password" ] ||
            die 'set both of MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD'
        given --keyFile "$@" || given --auth "$@" || set -- "$@" --auth
    fi
    if [ ! -e $data/WiredTiger ]; then
        scripts=(/docker-entrypoint-initdb.d/*)
        [ ! -e "${scripts[0]}" ] || die "this stand-in has no mongosh to run ${scripts[0]} with"
        [ -z "$user" ] || initialise "$user" "$password"
    fi
    given --dbpath "$@" || given --config "$@" || given -f "$@" || set -- "$@" --dbpath $data
fi
given --bind_ip "$@" || given --bind_ip_all "$@" || given --config "$@" || given -f "$@" || set -- "$@" --bind_ip_all
unset MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD user password
exec "$@"
