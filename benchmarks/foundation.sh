#!/bin/sh
# Measures the foundation and prints the figures as a table: foundation.sh [--json FILE] [--verify] [--first-run]
#
# Needs Linux (/proc) and GNU date. See README.md for what each figure is.

set -u

usage() {
    cat <<'END'
Usage: benchmarks/foundation.sh [--json FILE] [--verify] [--first-run]

  --json FILE   also writes the figures, with every single value, to FILE
  --verify      also measures 'mvn verify' (minutes)
  --first-run   also measures a first run from a fresh clone with an empty Maven
                repository and an empty cache (minutes, and downloads)
END
}

die() {
    printf 'foundation.sh: %s\n' "$*" >&2
    exit 1
}

json=
verify=
first_run=
while [ $# -gt 0 ]; do
    case $1 in
        --json)
            [ $# -ge 2 ] || die '--json needs a file'
            json=$2
            shift
            ;;
        --verify) verify=yes ;;
        --first-run) first_run=yes ;;
        -h | --help)
            usage
            exit
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
    shift
done
case $json in /* | '') ;; *) json=$PWD/$json ;; esac

home=$(cd -P "$(dirname "$0")/.." && pwd) || exit 1
cd "$home" || exit 1
[ -r /proc/self/smaps_rollup ] || die 'this needs Linux with /proc/PID/smaps_rollup'
case $(date +%N) in *[!0-9]*) die 'this needs GNU date' ;; esac

# --- what is started is ended

work=$(mktemp -d "${TMPDIR:-/tmp}/mastery-benchmark-XXXXXX") || exit 1
kept=
finish() {
    trap '' INT TERM HUP
    [ -z "$kept" ] || ./mastery down >"$work/down" 2>&1 || cat "$work/down" >&2
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- measuring: one line per figure, NAME<tab>UNIT<tab>VALUE VALUE ...

figures=$work/figures
: >"$figures"

progress() { printf '%s ...\n' "$*" >&2; }

# wall NAME COUNT COMMAND...: seconds of the whole process; a failure ends everything, with the words of the command
wall() {
    name=$1
    count=$2
    shift 2
    progress "$name"
    values=
    while [ "$count" -gt 0 ]; do
        begin=$(date +%s%N)
        "$@" >"$work/output" 2>&1 </dev/null || {
            cat "$work/output" >&2
            die "failed: $*"
        }
        end=$(date +%s%N)
        values="$values $(awk "BEGIN { printf \"%.3f\", ($end - $begin) / 1e9 }")"
        count=$((count - 1))
    done
    printf '%s\ts\t%s\n' "$name" "${values# }" >>"$figures"
}

quietly() {
    "$@" >"$work/output" 2>&1 </dev/null || {
        cat "$work/output" >&2
        die "failed: $*"
    }
}

# java_figures CLASS ARGUMENT...: a class of this module that prints its figures
java_figures() {
    progress "$1"
    java_of_module "$@" >>"$figures" || die "$1 failed"
}

java_of_module() {
    main=$1
    shift
    # shellcheck disable=SC2086 # MASTERY_OPTS is a list of words
    "${JAVA_HOME:+$JAVA_HOME/bin/}java" ${MASTERY_OPTS:-} -cp "$class_path" "mastery.benchmarks.$main" "$@"
}

# A process and all below it, one id a line.
family() {
    echo "$1"
    # shellcheck disable=SC2013 # words, not lines
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        family "$child"
    done
}

# memory_of PID: kilobytes of a process and its children; a page that several share counts once (proportional set size)
memory_of() {
    total=0
    for pid in $(family "$1"); do
        pss=$(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null)
        [ -n "$pss" ] || die "cannot read the memory of process $pid"
        total=$((total + pss))
    done
}

# memory_figure NAME KILOBYTES
memory_figure() {
    printf '%s\tMB\t%s\n' "$1" "$(awk "BEGIN { printf \"%.1f\", $2 * 1024 / 1e6 }")" >>"$figures"
}

# The process of a kept server; nothing for a container.
server_pid() {
    ./mastery status "$1" | tr -s '\n ' '  ' | sed -n 's/.*process \([1-9][0-9]*\),.*/\1/p'
}

# --- preparing

./mastery status >"$work/status" 2>"$work/output" || cat "$work/output" >&2
grep -q '^No server is kept' "$work/status" || {
    cat "$work/status" >&2
    die 'servers are kept running, and this would end them. End them first: ./mastery down'
}

progress 'building'
quietly mvn -q -B -DskipTests -Dspotless.check.skip=true -pl benchmarks -am process-classes
class_path=$home/benchmarks/target/classes:$home/common-test-support/target/classes:$(cat benchmarks/target/mastery.classpath)

{
    printf 'commit\t%s%s\n' "$(git rev-parse --short HEAD 2>/dev/null || echo none)" \
        "$([ -z "$(git status --porcelain 2>/dev/null)" ] || echo ', with changes')"
    printf 'date\t%s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
    printf 'processors\t%s, %s\n' "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    printf 'load before\t%s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
    printf 'kernel\t%s\n' "$(uname -sr)"
    printf 'java\t%s\n' "$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -n 's/.*version "\([^"]*\)".*/\1/p')"
} >"$work/circumstances"

# --- figures

quietly ./mastery run KeysetPagination
wall 'run KeysetPagination' 5 ./mastery run KeysetPagination

for example in CustomAnalyzer QueryFirstTables; do
    quietly ./mastery run $example
    wall "run $example" 3 ./mastery run $example
done

# warm EXAMPLE ENGINE: the example on a server that is kept
warm() {
    kept=yes
    quietly ./mastery up "$2"
    quietly ./mastery run "$1"
    wall "run $1, server up" 5 ./mastery run "$1"
    quietly ./mastery down
    kept=
}
warm KeysetPagination postgresql
warm EsrCompoundIndex mongodb
warm CustomAnalyzer elasticsearch
warm QueryFirstTables cassandra

java_figures CleanDatabase 50
java_figures SharedFixture 5
java_figures TopologyStart 3

progress 'the servers idle'
kept=yes
engines='postgresql mysql redis mongodb elasticsearch cassandra'
# shellcheck disable=SC2086 # a list of words
quietly ./mastery up $engines
sleep 5
together=0
for engine in $engines; do
    pid=$(server_pid "$engine")
    [ -n "$pid" ] || continue
    memory_of "$pid"
    memory_figure "$engine idle" "$total"
    together=$((together + total))
done
[ "$together" -eq 0 ] || memory_figure 'the servers idle, together' "$together"
quietly ./mastery down
kept=

[ -z "$verify" ] || wall 'mvn verify, warm' 1 mvn -q -B verify

first_run() {
    git clone -q "$home" "$work/clone" &&
        MAVEN_OPTS="${MAVEN_OPTS:-} -Dmaven.repo.local=$work/repository" \
            MASTERY_OPTS="${MASTERY_OPTS:-} -Dmastery.cache=$work/cache" \
            "$work/clone/mastery" run KeysetPagination
}
if [ -n "$first_run" ]; then
    # the servers' user passes through to the programs in the cache
    chmod a+x "$work"
    wall 'clone and first run' 1 first_run
fi

java_of_module Figures "$figures" "$work/circumstances" ${json:+"$json"}
