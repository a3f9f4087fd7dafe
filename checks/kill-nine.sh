#!/usr/bin/env bash
# kill -9 of the JVM in the middle of a run leaves no process, no container and no port, and the next run works.
#
#     checks/kill-nine.sh [--container] [TIMES=20] [ENGINE...]      engines: postgresql mysql redis cluster mongodb
#                                                  replicaset elasticsearch cassandra ring
#
# Half of the kills fall while the server is prepared, half after it listens; each after a random delay of 0-700 ms, or of
# less where the example is over sooner. With --container the servers run in containers of the engine that answers, and
# half of the kills fall while the first container is made, half after one runs; it needs the docker command.
# Topologies of several nodes are killed a fifth as often. Ends what it starts, also on Ctrl-C.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

source=native
patience=5000
if [ "${1:-}" = --container ]; then
    source=container
    # An engine removes a container of a server in its own time.
    patience=30000
    docker version >/dev/null || exit 2
    shift
fi
times=20
case ${1:-} in
    '' | *[!0-9]*) ;;
    *)
        times=$1
        shift
        ;;
esac
[ $# -gt 0 ] || set -- postgresql mysql redis cluster mongodb replicaset elasticsearch cassandra ring

example_of() {
    case $1 in
        postgresql) echo KeysetPagination ;;
        mysql) echo GapLocks ;;
        redis) echo BitmapAndHyperLogLog ;;
        cluster) echo HashSlotsAndTags ;;
        mongodb) echo EsrCompoundIndex ;;
        replicaset) echo FailoverRetryableWrites ;;
        elasticsearch) echo CustomAnalyzer ;;
        cassandra) echo QueryFirstTables ;;
        ring) echo ConsistencyWithNodeDown ;;
        *)
            echo "There is no engine '$1'. The engines: postgresql, mysql, redis, cluster, mongodb, replicaset, elasticsearch," \
                "cassandra, ring" >&2
            exit 2
            ;;
    esac
}

is_topology() { case $1 in cluster | replicaset | ring) ;; *) false ;; esac; }

milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }

servers_of() {
    local directory
    for directory in "$work"/tmp/mastery-run-"$1".*; do
        [ ! -d "$directory" ] || processes_below "$directory"
    done
}

# The containers whose label names the process: those that run, with --all the others too.
containers_of() {
    [ $source = container ] || return 0
    local owner=$1
    shift
    docker ps --no-trunc --format '{{.Label "mastery.owner"}} container {{.ID}}' "$@" |
        awk -v owner="$owner." 'index($1, owner) == 1 {print $2, $3}'
}

# The ports of this machine behind which such containers are.
published_by() {
    docker ps --format '{{.Label "mastery.owner"}} {{.Ports}}' |
        awk -v owner="$1." 'index($1, owner) == 1' | grep -o ':[0-9]*->' | tr -d ':>-' | tr '\n' ' '
}

# has_come PID prepared|listening
has_come() {
    # shellcheck disable=SC2046
    case $source-$2 in
        native-prepared) [ -n "$(servers_of "$1")" ] ;;
        native-listening) [ -n "$(ports_of $(servers_of "$1"))" ] ;;
        container-prepared) [ -n "$(containers_of "$1" --all)" ] ;;
        container-listening) [ -n "$(containers_of "$1")" ] ;;
    esac
}

# With their descendants: a helper that works elsewhere counts too.
family_of() {
    local next=$1 found=
    while [ -n "$next" ]; do
        # shellcheck disable=SC2086 # a list of pids
        next=$(for pid in $next; do cat /proc/"$pid"/task/*/children 2>/dev/null; done)
        found+=" $next"
    done
    # shellcheck disable=SC2046,SC2086
    printf '%s\n' $found $(servers_of "$1") | sort -un
}

alive() {
    local pid
    for pid in "$@"; do
        # A zombie holds nothing; it waits for its parent.
        case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) in '' | Z | X) ;; *) echo "$pid" ;; esac
    done
}

# The longest delay; a run that is over before its kill halves it.
longest=700

# kill_once EXAMPLE prepared|listening: adds what is wrong to the problems; fails if the run was over before the kill.
slowest=0
killed_listening=0
killed=
kill_once() {
    local example=$1 phase=$2 jvm delay ready=no deadline started
    output=$(mktemp "$work/out/XXXXXX")
    (cd "$work/cwd" && exec "$mastery" -Dmastery.source=$source run "$example") </dev/null >"$output" 2>&1 &
    jvm=$!
    deadline=$(($(milliseconds) + 60000))
    while kill -0 $jvm 2>/dev/null && [ "$(milliseconds)" -lt $deadline ]; do
        if has_come $jvm "$phase"; then
            ready=yes
            break
        fi
        sleep 0.02
    done
    delay=$((RANDOM % (longest + 1)))
    sleep "$(printf '0.%03d' $delay)"
    local processes ports
    processes=$(family_of $jvm)
    # shellcheck disable=SC2086
    ports=$(ports_of $processes)
    [ -z "$(containers_of $jvm)" ] || ports+=" $(published_by $jvm)"
    if [ $ready = no ] || ! kill -9 $jvm 2>/dev/null; then
        wait $jvm 2>/dev/null
        return 1
    fi
    started=$(milliseconds)
    wait $jvm 2>/dev/null
    killed+=" $processes"
    # Killed at the end of its own cleaning up, it shows nothing.
    [ $source = container ] || compgen -G "$work/tmp/mastery-run-$jvm.*" >/dev/null || return 1
    [ -z "$ports" ] || killed_listening=$((killed_listening + 1))
    local left took
    while :; do
        # shellcheck disable=SC2046,SC2086
        left=$(alive $processes $(servers_of $jvm) && listening_of $ports | sed 's/^/port /' && containers_of $jvm --all)
        took=$(($(milliseconds) - started))
        if [ -z "$left" ] || [ $took -ge $patience ]; then break; fi
        sleep 0.02
    done
    [ $took -le $slowest ] || slowest=$took
    if [ -n "$left" ]; then
        problem "killed $delay ms after $phase: $((patience / 1000)) s later there are $(tr '\n' ' ' <<<"$left")"
        # shellcheck disable=SC2086
        for pid in $(alive $processes); do problem "  $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-160)"; done
    fi
    return 0
}

for engine; do
    example_of "$engine" >/dev/null || exit
done
build

for engine; do
    example=$(example_of "$engine")
    rounds=$times
    ! is_topology "$engine" || rounds=$(((times + 4) / 5))

    # The run would use that server and start none.
    if ! is_topology "$engine" && "$mastery" status "$engine" 2>/dev/null | grep -q process; then
        begin "$engine: kill -9 of the JVM"
        skip "a server is kept running here (mastery down $engine)"
        continue
    fi

    begin "$engine: a run of $example works before anything is killed"
    run 600 "$mastery" -Dmastery.source=$source run "$example"
    succeeds
    nothing_left
    end "$seconds s"

    begin "$engine: kill -9 of the JVM, in $rounds runs, leaves no process, container or port after $((patience / 1000)) s"
    slowest=0
    killed_listening=0
    killed=
    misses=0
    longest=700
    round=0
    while [ $round -lt "$rounds" ]; do
        phase=$([ $((round % 2)) = 0 ] && echo listening || echo prepared)
        if kill_once "$example" "$phase"; then
            round=$((round + 1))
        elif [ $((misses += 1)) -gt $((rounds + 6)) ]; then
            problem "$misses runs were over, or had failed, before they could be killed"
            break
        else
            longest=$((longest > 20 ? longest / 2 : longest))
        fi
    done
    [ $killed_listening -gt 0 ] || problem 'no kill met a listening server'
    end "after at most $slowest ms; $killed_listening killed with open ports; delays of 0-$longest ms"

    begin "$engine: the next run works and sweeps what the killed ones left"
    if [ $source = native ]; then
        stale=("$work"/tmp/mastery-run-*)
        [ -e "${stale[0]}" ] || problem 'the killed runs left no directory: this claim shows nothing'
    fi
    run 600 "$mastery" -Dmastery.source=$source run "$example"
    succeeds
    nothing_left
    for pid in $killed; do
        # By which tools attach to a JVM: this lies in no directory of a run.
        [ ! -S "/tmp/.java_pid$pid" ] || problem "still there: /tmp/.java_pid$pid"
    done
    end "$seconds s"
done

total
