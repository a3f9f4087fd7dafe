# shellcheck shell=sh
# What the benchmarks with plots share. Sourced by them: `begin "$@"`, `java_figures MAIN...`, `finish PLOTS`.
#
# Needs Linux (/proc).

set -u

name=${0##*/}

usage() {
    cat <<END
Usage: benchmarks/$name [--json FILE] [--svg DIRECTORY]

  --json FILE       also writes the figures, with every single value, to FILE
  --svg DIRECTORY   where the plots go; by default benchmarks/target/plots
END
}

die() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 1
}

progress() { printf '%s ...\n' "$*" >&2; }

# Runs a main of the module with its arguments.
java_of_module() {
    main=$1
    shift
    # shellcheck disable=SC2086 # MASTERY_OPTS is a list of words
    "${JAVA_HOME:+$JAVA_HOME/bin/}java" ${MASTERY_OPTS:-} -cp "$class_path" "mastery.benchmarks.$main" "$@"
}

# The same; what it prints are figures.
java_figures() {
    progress "$1"
    java_of_module "$@" >>"$work/figures" || die "$1 failed"
}

# Reads the options, builds, and notes what the figures depend on.
begin() {
    home=$(cd -P "$(dirname "$0")/.." && pwd) || exit 1
    json=
    svg=$home/benchmarks/target/plots
    while [ $# -gt 0 ]; do
        case $1 in
            --json | --svg)
                [ $# -ge 2 ] || die "$1 needs a place to write to"
                case $2 in /*) place=$2 ;; *) place=$PWD/$2 ;; esac
                if [ "$1" = --json ]; then json=$place; else svg=$place; fi
                shift
                ;;
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
    cd "$home" || exit 1
    [ -r /proc/loadavg ] || die 'this needs Linux with /proc'
    mkdir -p "$svg" || exit 1

    work=$(mktemp -d "${TMPDIR:-/tmp}/mastery-benchmark-XXXXXX") || exit 1
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP

    progress 'building'
    mvn -q -B -DskipTests -Dspotless.check.skip=true -pl benchmarks -am process-classes >"$work/output" 2>&1 </dev/null || {
        cat "$work/output" >&2
        die 'the build failed'
    }
    class_path=$home/benchmarks/target/classes
    for module in common-test-support 01-relational-databases 02-nosql-databases 04-database-design; do
        class_path=$class_path:$home/$module/target/classes
    done
    class_path=$class_path:$(cat benchmarks/target/mastery.classpath)

    {
        printf 'commit\t%s%s\n' "$(git rev-parse --short HEAD 2>/dev/null || echo none)" \
            "$([ -z "$(git status --porcelain 2>/dev/null)" ] || echo ', with changes')"
        printf 'date\t%s\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
        printf 'processors\t%s, %s\n' "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
        printf 'load before\t%s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
        printf 'kernel\t%s\n' "$(uname -sr)"
        printf 'java\t%s\n' "$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -n 's/.*version "\([^"]*\)".*/\1/p')"
    } >"$work/circumstances"
}

# Prints the table and names the plots.
finish() {
    java_of_module Figures "$work/figures" "$work/circumstances" ${json:+"$json"} || exit 1
    printf '\nplots: %s in %s\n' "$1" "$svg"
}
