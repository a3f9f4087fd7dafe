#!/bin/bash
# Starts Redis as the official image does: options or a configuration file as arguments, data in /data.
set -eu
. /usr/local/lib/stand-in.sh

case ${1:-} in
    -* | *.conf) set -- redis-server "$@" ;;
esac
case ${1:-} in
    redis-server | redis-sentinel) ;;
    *) exec "$@" ;;
esac

# The official one is built so: whoever publishes the port decides who comes in.
[ $# -gt 1 ] || set -- "$@" --protected-mode no

umask 077
if is_root; then
    chown -R redis:redis .
    become redis "$@"
fi
exec "$@"
