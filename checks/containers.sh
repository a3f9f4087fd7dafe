#!/usr/bin/env bash
# What concerns containers and the images of containers/: plain refusals, and nothing left however a run is stopped.
#
#     checks/containers.sh [NAME...]      names: see "all" below; without one, those that need no images
#
# "images" and "compose_file" need a container engine with the stand-in images in it. The others need root and dockerd for an
# engine of their own; without it they are skipped. Ends what it starts, also on Ctrl-C.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=(refusals stopped_engine stopped_ci images compose_file)
# Engines and builds below it are this check's.
export TMPDIR=$work/tmp

bridges() { ip -oneline link | grep -oE ': (mastery[0-9]+|br-[0-9a-f]{12})' | sort; }

# Nothing names a file below $TMPDIR, has its root there, as what runs in a container does, is mounted there or lies there, and
# no bridge is new: after a while.
gone() {
    local bridges_before=$1 left=
    for _ in $(seq 300); do
        left=$(grep -lsa -- "${TMPDIR%p}[p]/mastery-" /proc/[0-9]*/cmdline | head -n 3 | tr '\n' ' ')
        left+=$(grep -lsE -- "^([^ ]+ ){4}/ .*$TMPDIR/mastery-" /proc/[0-9]*/mountinfo | head -n 3 | tr '\n' ' ')
        left+=$(grep -F " $TMPDIR/" /proc/mounts | cut -d ' ' -f 2 | head -n 3)
        left+=$(find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'mastery-*' | head -n 3 | tr '\n' ' ')
        left+=$(comm -13 <(echo "$bridges_before") <(bridges))
        [ -n "$left" ] || return 0
        sleep 0.2
    done
    problem "60 s later there is: $left"
}

refusals() {
    begin 'the images are not built where no container engine answers, and it is said'
    run 60 env DOCKER_HOST="unix://$work/nowhere.sock" "$repository/containers/build"
    fails; says 'no container engine answers'; nothing_left
    end

    begin 'an image that has no stand-in is refused with the ones that have'
    run 60 env DOCKER_HOST="unix://$work/nowhere.sock" "$repository/containers/build" sqlserver
    fails
    end

    begin 'another kind of images is refused with the valid ones'
    run 60 "$mastery" -Dmastery.images=fake doctor redis
    fails; says 'official or stand-in'; no_stack_trace
    end
}

no_engine_can_start() {
    is_root && command -v dockerd >/dev/null && return 1
    skip 'an engine of its own needs root and dockerd'
}

# In the engine of its own: a container with a volume, a network and a published port, from the programs of this machine.
busy=$work/busy.sh
cat >"$busy" <<'END'
#!/bin/bash
set -e
# shellcheck disable=SC2046
tar -c -h -C / $(ldd /bin/sleep | grep -oE '/[^ )]+' | sed 's,^/,,') bin/sleep | docker import - tiny >/dev/null
docker network create of-a-check >/dev/null
docker run --detach --volume /data --publish 127.0.0.1::80 tiny /bin/sleep 600 >/dev/null
: >"$1"
sleep 600
END
chmod 755 "$busy"

# Interrupts are ignored by what a shell without job control starts in the background, and by all that this starts: env undoes that.
stopped_engine() {
    no_engine_can_start && return
    local signal moment moments before pid
    for signal in TERM INT KILL; do
        moments='starting busy'
        [ $signal != TERM ] || moments+=' broken'
        for moment in $moments; do
            begin "an engine of one's own that is stopped by $signal while it is $moment leaves nothing"
            before=$(bridges)
            output=$work/out/engine
            rm -f "$work/tmp/reached"
            set -m
            (cd "$work/cwd" && exec env --default-signal=INT "$repository/containers/with-engine" "$busy" "$work/tmp/reached") </dev/null >"$output" 2>&1 &
            pid=$!
            set +m
            for _ in $(seq 600); do
                case $moment in
                    starting) compgen -G "$TMPDIR/mastery-engine.*/log" >/dev/null && break ;;
                    *) [ ! -e "$work/tmp/reached" ] || break ;;
                esac
                kill -0 $pid 2>/dev/null || break
                sleep 0.1
            done
            if ! kill -0 $pid 2>/dev/null; then
                wait $pid
                if [ $? = 75 ]; then
                    skip "$(tail -n 1 "$output")"
                    return
                fi
                problem 'it was over before it could be stopped'
            fi
            # Killed with all that it has of its own, it leaves what runs in its containers.
            # shellcheck disable=SC2046 # a list of pids
            [ "$moment" != broken ] ||
                kill -KILL $(grep -lsa -- "${TMPDIR%p}[p]/mastery-engine.*/exec" /proc/[0-9]*/cmdline | sed 's,^/proc/,,; s,/.*,,')
            if [ $signal = KILL ]; then kill -KILL $pid; else kill -$signal -- -$pid; fi
            wait_for $pid
            # Killed, it cannot end what it ran; whoever kills a run kills its command too.
            [ $signal != KILL ] || pkill_busy
            gone "$before"
            end
        done
    done
}

# The exit code of what was told to end; what does not heed that in two minutes is killed.
wait_for() {
    for _ in $(seq 600); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.2
    done
    if kill -0 "$1" 2>/dev/null; then
        problem 'did not end within 2 minutes of its signal'
        kill -KILL -- "-$1" 2>/dev/null
    fi
    wait "$1" 2>/dev/null
}

pkill_busy() {
    local pid
    for pid in $(grep -lsa -- "${work%?}[${work: -1}]/busy" /proc/[0-9]*/cmdline | sed 's,^/proc/,,; s,/cmdline$,,'); do
        kill -KILL "$pid" 2>/dev/null
    done
}

# The whole of CI, stopped before it comes to this check.
stopped_ci() {
    no_engine_can_start && return
    local signal moment before pid
    for pair in TERM:3 INT:engine TERM:images; do
        signal=${pair%%:*}
        moment=${pair#*:}
        begin "CI that is stopped by $signal at the moment '$moment' leaves no process, container, bridge, mount or file"
        before=$(bridges)
        output=$work/out/ci
        set -m
        (cd "$repository" && unset DOCKER_HOST && exec env --default-signal=INT .ci/run) </dev/null >"$output" 2>&1 &
        pid=$!
        set +m
        for _ in $(seq 900); do
            case $moment in
                engine) compgen -G "$TMPDIR/mastery-engine.*/docker.sock" >/dev/null && break ;;
                images) compgen -G "$TMPDIR/mastery-images.*/base" >/dev/null && sleep 5 && break ;;
                *) sleep "$moment" && break ;;
            esac
            kill -0 $pid 2>/dev/null || break
            sleep 0.2
        done
        kill -0 $pid 2>/dev/null || problem 'it was over before it could be stopped'
        kill -"$signal" $pid 2>/dev/null
        wait_for $pid
        [ $? -ge 128 ] || problem 'its exit code is not that of a signal'
        gone "$before"
        end
    done
}

images() {
    local trap_of=(TESTCONTAINERS_HOST_OVERRIDE=192.0.2.1 TESTCONTAINERS_RYUK_DISABLED=false
        TESTCONTAINERS_RYUK_CONTAINER_IMAGE=nowhere.invalid/ryuk:0 TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE=/nowhere
        TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX=nowhere.invalid/)
    local use=(-Dmastery.source=container -Dmastery.images=stand-in)

    begin "what is set for Testcontainers, and this machine's $(ls /.dockerenv 2>/dev/null || echo 'want of /.dockerenv'), change nothing"
    run 180 env "${trap_of[@]}" "$mastery" "${use[@]}" run LuaRateLimiter
    succeeds; says 'container, stand-in image'; no_stack_trace; nothing_left
    [ -z "$(docker ps --all --quiet --filter label=mastery.owner)" ] || problem 'a container is left'
    end "$seconds s"

    begin 'doctor calls a stand-in a stand-in'
    run 60 "$mastery" "${use[@]}" doctor redis
    succeeds; says 'Redis +container, stand-in image: Debian'
    end

    begin 'a stand-in that is not built is never pulled, and its cure is said'
    run 60 docker image rm --no-prune database-mastery/stand-in-redis:latest
    run 60 "$mastery" "${use[@]}" run LuaRateLimiter
    fails; says 'build it with containers/build'; never_says 'pulling'; no_stack_trace; nothing_left
    run 400 "$repository/containers/build" redis
    succeeds
    end

    begin 'a second build leaves the images as they are, and the servers that run from them'
    local server
    server=$(docker run --detach --init database-mastery/stand-in-redis)
    run 100 "$repository/containers/build" redis
    succeeds; says 'base: is there'; says 'redis: .* is there'
    [ "$(docker inspect --format '{{.State.Running}}' "$server" 2>/dev/null)" = true ] || problem 'a server that ran has been ended'
    docker rm --force --volumes "$server" >/dev/null 2>&1
    end "$seconds s"
}

# --- the servers of compose.yaml, in stand-in images

composed=(postgresql mysql redis mongodb elasticsearch cassandra)
project=

# The stand-in of MongoDB has no mongosh, which makes the replica set there.
overrides=$work/stand-ins.yaml
cat >"$overrides" <<'END'
services:
  mongodb:
    healthcheck:
      test: ["CMD", "mongo-command", "ping"]
END
cat >"$work/MakeReplicaSet.java" <<'END'
class MakeReplicaSet {
    public static void main(String[] url) {
        try (var client = com.mongodb.client.MongoClients.create(url[0])) {
            client.getDatabase("admin").runCommand(org.bson.Document.parse(
                    "{replSetInitiate: {_id: 'rs0', members: [{_id: 0, host: '127.0.0.1:27017'}]}}"));
        }
    }
}
END

# servers SECONDS COMMAND...
servers() {
    run "$1" "$repository/checks/compose" --project-name "$project" --file "$repository/compose.yaml" --file "$overrides" "${@:2}"
}

# shellcheck disable=SC2329 # called when the checks end
release() { [ -z "$project" ] || servers 120 down --volumes; }

# of_project container|network|volume: what there is of it.
of_project() {
    local stopped=()
    [ "$1" != container ] || stopped=(--all)
    docker "$1" ls "${stopped[@]}" --quiet --filter "label=com.docker.compose.project=$project"
}

# ask_as PASSWORD: doctor looks at each server as the administrator with this password.
ask_as() {
    run 100 env MASTERY_POSTGRESQL_URL="jdbc:postgresql://127.0.0.1:$POSTGRESQL_PORT/postgres?user=postgres&password=$1" \
        MASTERY_MYSQL_URL="jdbc:mysql://127.0.0.1:$MYSQL_PORT/?user=root&password=$1" \
        MASTERY_REDIS_URL="redis://:$1@127.0.0.1:$REDIS_PORT" \
        MASTERY_MONGODB_URL="mongodb://root:$1@127.0.0.1:$MONGODB_PORT/?directConnection=true" \
        MASTERY_ELASTICSEARCH_URL="http://elastic:$1@127.0.0.1:$ELASTICSEARCH_PORT" \
        MASTERY_CASSANDRA_URL="cassandra://127.0.0.1:$CASSANDRA_PORT" "$mastery" doctor "${composed[@]}"
}

compose_file() {
    local engine port unhealthy bound kind libraries
    project=mastery-check-$$
    MASTERY_PASSWORD=$(head -c 18 /dev/urandom | base64 | tr '+/' 'ab')
    export MASTERY_PASSWORD
    for engine in "${composed[@]}"; do
        port=$((20000 + RANDOM % 10000))
        while [ -n "$(listening_of $port)" ]; do port=$((port + 1)); done
        export "${engine^^}_PORT=$port" "${engine^^}_IMAGE=database-mastery/stand-in-$engine"
    done

    begin 'the servers of compose.yaml become healthy'
    servers 120 up --detach "${composed[@]}"
    succeeds
    for _ in $(seq 600); do
        unhealthy=$(docker ps --all --filter "label=com.docker.compose.project=$project" --format '{{.Names}} is {{.Status}}' |
            grep -v '(healthy)')
        # What has ended, or is past its time to start, stays so.
        if [ -z "$unhealthy" ] || grep -Eq '\(unhealthy\)|is Exited' <<<"$unhealthy"; then break; fi
        sleep 0.2
    done
    if [ -n "$unhealthy" ]; then
        servers 60 logs --no-color --tail 8
        problem "$unhealthy"
    fi
    end

    begin 'they are published on the loopback interface only'
    # shellcheck disable=SC2046 # a list of ids
    bound=$(docker inspect --format '{{range .HostConfig.PortBindings}}{{range .}}{{.HostIp}}:{{.HostPort}} {{end}}{{end}}' $(of_project container))
    for engine in "${composed[@]}"; do
        port=${engine^^}_PORT
        grep -q "^127.0.0.1:${!port} \$" <<<"$bound" || problem "$engine is not on 127.0.0.1:${!port} alone, of these: $bound"
    done
    end

    begin 'they serve whoever has the password'
    IFS= read -r libraries <"$repository/launcher/target/mastery.classpath"
    run 60 java -cp "$libraries" "$work/MakeReplicaSet.java" \
        "mongodb://root:$MASTERY_PASSWORD@127.0.0.1:$MONGODB_PORT/?directConnection=true"
    succeeds
    ask_as "$MASTERY_PASSWORD"
    succeeds
    [ "$(grep -c 'external, ' "$output")" = ${#composed[@]} ] || problem 'not all of them are used by their URL'
    end

    begin 'they refuse whoever has another, but for Cassandra, whose image asks for none'
    ask_as another
    fails
    [ "$(grep -c 'CANNOT BE HAD HERE' "$output")" = $((${#composed[@]} - 1)) ] || problem 'not each of the others refuses'
    end

    begin 'down --volumes leaves no container, network or volume of them'
    servers 120 down --volumes
    succeeds
    for kind in container network volume; do
        [ -z "$(of_project $kind)" ] || problem "there is still: $kind $(of_project $kind | tr '\n' ' ')"
    done
    [ ${#problems[@]} -gt 0 ] || project=
    end
}

[ $# -gt 0 ] || set -- refusals stopped_engine stopped_ci
for name; do
    case " ${all[*]} " in
        *" $name "*) ;;
        *)
            echo "There is no check '$name'. The checks: ${all[*]}" >&2
            exit 2
            ;;
    esac
done
build
for name; do $name; done
total
