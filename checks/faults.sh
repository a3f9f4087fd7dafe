#!/usr/bin/env bash
# One claim, or a few, for each fault that a user can meet. What it starts and mounts is ended, also on Ctrl-C.
#
#     checks/faults.sh [NAME...]      names: see "all" below; without one, all
#
# Some need root (a small disk, a network of its own, another user) or Debian; where that is missing they are skipped.
# Torn, truncated and changed downloads, a proxy and a full disk in a download are shown by DownloadsTest, programs of all
# kinds by InstalledProgramsTest, and an interrupted unpacking by DebianTreeTest, in common-test-support.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=(names engine_that_cannot_be_had never_native settings empty_cache no_network no_npm read_only_cache full_disk old_program
    server_that_dies silent_url kept_server container_engine sql_server_in_a_container silent_container_engine)

native=-Dmastery.source=native

# A cache of this check's own. Redis is the smallest of the servers.
shared=$work/cache
fill_shared_cache() {
    [ ! -d "$shared/trees/redis" ] || return 0
    run 600 "$mastery" $native -Dmastery.cache="$shared" run LuaRateLimiter
    [ "$status" = 0 ]
}

# The programs that the examples use here, as installed ones: so a cache of one's own needs no second download.
own_programs() {
    local trees=${MASTERY_CACHE:-/var/cache/database-mastery}/trees server=
    [ "$1" != postgresql ] || server=postgres
    [ "$1" != mysql ] || server=mysqld
    [ "$1" != mongodb ] || server=mongod
    [ -n "$server" ] || return 1
    server=$(find -L "$trees/$1/usr" -name "$server" -type f -perm -u+x 2>/dev/null | head -n 1)
    [ -n "$server" ] && echo "-Dmastery.$1.home=${server%/*}"
}

# The programs that are no installation which can be named, in the cache of the checks: read where they are.
link_programs() {
    local cache=${MASTERY_CACHE:-/var/cache/database-mastery} path found=1
    for path in "$cache/trees/$1" "$cache/made/$1"-[0-9]*; do
        [ -d "$path" ] || continue
        mkdir -p "$(dirname "$shared/${path#"$cache"/}")"
        ln -sfn "$path" "$shared/${path#"$cache"/}"
        found=0
    done
    return $found
}

skip_unless_root() {
    is_root || {
        skip "$1 needs root"
        return 1
    }
}

# A copy of this repository, built, with its libraries, for another user and for changed sources.
copy=$work/repository
copy_repository() {
    [ ! -d "$copy" ] || return 0
    mkdir -p "$copy/launcher/target" "$copy/libraries"
    (cd "$repository" && tar -c --exclude=target --exclude=.git .) | tar -x -C "$copy"
    (cd "$repository" && tar -c ./*/target/classes) | tar -x -C "$copy"
    local libraries library path=
    IFS=: read -ra libraries <"$repository/launcher/target/mastery.classpath"
    for library in "${libraries[@]}"; do
        cp "$library" "$copy/libraries/"
        path+=:$copy/libraries/${library##*/}
    done
    echo "${path#:}" >"$copy/launcher/target/mastery.classpath"
    chmod -R go+rX "$copy"
}

# --- names

names() {
    begin 'run of an unknown example names the nearest'
    run 30 "$mastery" run KeysetPaginaton
    fails; says 'Did you mean'; says 'KeysetPagination'; no_stack_trace; nothing_left
    end

    begin 'run of something that is near to nothing says where the list is'
    run 30 "$mastery" run Xylophone
    fails; says 'mastery list'; no_stack_trace
    end

    begin 'run of an ambiguous name lists the candidates'
    copy_repository
    local sources=$copy/01-relational-databases/src/main/java/mastery
    mkdir -p "$sources/mysql/advanced"
    sed 's/package mastery.postgresql.advanced/package mastery.mysql.advanced/' \
        "$sources/postgresql/advanced/KeysetPagination.java" >"$sources/mysql/advanced/KeysetPagination.java"
    touch "$copy/launcher/target/mastery.classpath"
    run 30 "$copy/mastery" run KeysetPagination
    rm -r "$sources/mysql/advanced/KeysetPagination.java"
    rmdir "$sources/mysql/advanced" 2>/dev/null
    touch "$copy/launcher/target/mastery.classpath"
    fails; says 'postgresql/advanced/KeysetPagination'; says 'mysql/advanced/KeysetPagination'; no_stack_trace; nothing_left
    end

    begin 'run of an unknown topic lists the topics'
    run 30 "$mastery" run --all nonsense
    fails; says 'redis/caching'; no_stack_trace
    end

    begin 'run without a name, and an unknown command, say what to type'
    run 30 "$mastery" run
    fails; says 'mastery list'; no_stack_trace
    run 30 "$mastery" rum
    fails; says 'Did you mean run'; no_stack_trace
    end

    begin 'up, down and doctor of an unknown engine list the engines'
    local command
    for command in up down doctor; do
        run 30 "$mastery" $command oracle
        fails; says 'postgresql, mysql, redis, mongodb, elasticsearch, cassandra, sqlserver'; no_stack_trace
    done
    nothing_left
    end
}

engine_that_cannot_be_had() {
    begin 'an engine that cannot be had: why, and the cure'
    run 60 env DOCKER_HOST="unix://$work/no.sock" "$mastery" -Dmastery.source=container run KeysetPagination
    fails; says 'cannot be had'; says 'Cure:'; says '-Dmastery.postgresql.url'; no_stack_trace; nothing_left
    end

    begin 'doctor ends with an error, and says the cure, where an engine cannot be had'
    run 60 env DOCKER_HOST="unix://$work/no.sock" "$mastery" -Dmastery.source=container doctor redis
    fails; says 'CANNOT BE HAD'; says 'cure:'; no_stack_trace
    end
}

never_native() {
    begin 'SQL Server without an accepted licence: why, and the cure, in run, up and doctor'
    local command
    for command in 'run TryCatchXactAbort' 'up sqlserver' 'doctor sqlserver'; do
        # shellcheck disable=SC2086 # a command and its name
        run 60 env DOCKER_HOST="unix://$work/no.sock" "$mastery" $command
        fails; says 'never started natively'; says 'licence'; says '-Dmastery.sqlserver.acceptEula=true'
        says '-Dmastery.sqlserver.url'; no_stack_trace
    done
    nothing_left
    end

    begin 'SQL Server as the only thing that is missing does not keep up from starting the others'
    fill_shared_cache || problem 'the cache could not be filled'
    run 120 "$mastery" $native -Dmastery.cache="$shared" up redis sqlserver
    fails; says '^Redis'; says 'SQL Server cannot be had'; no_stack_trace
    run 60 "$mastery" $native -Dmastery.cache="$shared" down redis
    succeeds; nothing_left
    end
}

settings() {
    begin 'a source that does not exist is refused with the ones that do'
    run 30 "$mastery" -Dmastery.source=magic run LuaRateLimiter
    fails; says 'external, container or native'; no_stack_trace; nothing_left
    run 30 "$mastery" -Dmastery.source=magic doctor
    fails; says 'external, container or native'; no_stack_trace
    end

    begin 'a URL that cannot be read is refused with an example'
    run 30 "$mastery" -Dmastery.postgresql.url=nonsense run KeysetPagination
    fails; says 'jdbc:postgresql://'; no_stack_trace
    run 30 "$mastery" -Dmastery.mysql.url=nonsense run GapLocks
    fails; says 'jdbc:mysql://'; no_stack_trace
    run 30 "$mastery" -Dmastery.redis.url=nonsense run LuaRateLimiter
    fails; says 'redis://'; no_stack_trace; nothing_left
    run 30 "$mastery" '-Dmastery.sqlserver.url=jdbc:sqlserver://127.0.0.1;password=se;cret' run SnapshotConflict
    fails; says 'jdbc:sqlserver://127.0.0.1:1433'; never_says 'cret'; no_stack_trace; nothing_left
    run 30 "$mastery" -Dmastery.mongodb.url=nonsense run EsrCompoundIndex
    fails; says 'mongodb://'; no_stack_trace; nothing_left
    run 30 "$mastery" -Dmastery.elasticsearch.url=nonsense run CustomAnalyzer
    fails; says 'http://elastic:password@'; no_stack_trace; nothing_left
    end
}

# --- the cache and the network

empty_cache() {
    begin 'two runs at once with an empty cache: both work, one of them downloads'
    local first second out_first out_second cache=$work/cache-empty
    out_first=$work/out/first
    out_second=$work/out/second
    (cd "$work/cwd" && exec timeout -k 5 600 "$mastery" $native -Dmastery.cache="$cache" run LuaRateLimiter) \
        </dev/null >"$out_first" 2>&1 &
    first=$!
    (cd "$work/cwd" && exec timeout -k 5 600 "$mastery" $native -Dmastery.cache="$cache" run LuaRateLimiter) \
        </dev/null >"$out_second" 2>&1 &
    second=$!
    wait $first || problem 'the first failed'
    wait $second || problem 'the second failed'
    output=$work/out/both
    cat "$out_first" "$out_second" >"$output"
    local unpacked
    unpacked=$(grep -c 'Unpacking' "$output")
    [ "$unpacked" = 1 ] || problem "unpacked $unpacked times"
    [ -z "$(find "$cache/trees" -maxdepth 1 -name '*.making')" ] || problem 'a half-made tree is left'
    no_stack_trace; nothing_left
    end
}

no_network() {
    local alone=(unshare -n sh -c 'ip link set lo up && exec "$@"' sh)
    begin 'without network, a filled cache is enough'
    skip_unless_root 'a network of its own' || return
    command -v ip >/dev/null || {
        skip 'there is no ip (iproute2)'
        return
    }
    unshare -n true 2>/dev/null || {
        skip 'this machine gives no network namespace'
        return
    }
    fill_shared_cache || problem 'the cache could not be filled'
    run 60 "${alone[@]}" "$mastery" $native -Dmastery.cache="$shared" run LuaRateLimiter
    succeeds; says 'Learned'; nothing_left
    end

    begin 'without network and with an empty cache, the reason and the cure'
    run 120 "${alone[@]}" "$mastery" $native -Dmastery.cache="$work/cache-none" run LuaRateLimiter
    fails; says 'Check the network'; says 'Cure:'; no_stack_trace; nothing_left
    end "$seconds s"
}

no_npm() {
    begin 'without npm MongoDB cannot be fetched: why, and the cure'
    # Every program of this machine but npm, in one directory.
    mkdir -p "$work/bin"
    local directory
    for directory in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
        find "$directory" -maxdepth 1 ! -type d -perm /111 ! -name npm ! -name mongod -exec ln -st "$work/bin" {} + 2>/dev/null
    done
    run 60 env PATH="$work/bin" "$mastery" $native -Dmastery.cache="$work/cache-npm" doctor mongodb
    fails; says 'no npm on PATH: install npm'; says 'CANNOT BE HAD'; says 'cure:'; no_stack_trace
    run 60 env PATH="$work/bin" "$mastery" $native -Dmastery.cache="$work/cache-npm" run EsrCompoundIndex
    fails; says 'no npm on PATH: install npm'; says 'Cure:'; no_stack_trace; nothing_left
    end
}

read_only_cache() {
    begin 'a cache that cannot be written: the reason and the cure'
    skip_unless_root 'another user' || return
    copy_repository
    local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$work/home")
    mkdir -p "$work/home" "$work/closed"
    mkdir -m 700 "$work/tmp-nobody"
    chown 65534:65534 "$work/home" "$work/tmp-nobody"
    local options=("$native" "-Djava.io.tmpdir=$work/tmp-nobody" "-Duser.home=$work/home")
    # shellcheck disable=SC2016 # expanded by the inner shell
    if ! "${nobody[@]}" sh -c 'cd "$1" && java -version' sh "$work/cwd" >/dev/null 2>&1; then
        skip 'user 65534 cannot run java'
        return
    fi
    run 60 "${nobody[@]}" "$copy/mastery" "${options[@]}" -Dmastery.cache="$work/closed" run LuaRateLimiter
    fails; says "Cannot write $work/closed"; says 'no permission'; says '-Dmastery.cache='; no_stack_trace; nothing_left
    end

    begin 'a cache that cannot be made: the reason and the cure'
    run 60 "${nobody[@]}" "$copy/mastery" "${options[@]}" -Dmastery.cache="$work/closed/below" run LuaRateLimiter
    fails; says 'no permission'; says '-Dmastery.cache='; no_stack_trace; nothing_left
    run 60 "${nobody[@]}" "$copy/mastery" "${options[@]}" -Dmastery.cache="$work/closed/below" up redis
    fails; says 'no permission'; no_stack_trace; nothing_left
    end

    begin 'a filled cache that cannot be written is used'
    fill_shared_cache || problem 'the cache could not be filled'
    run 60 "${nobody[@]}" "$copy/mastery" "${options[@]}" -Dmastery.cache="$shared" run LuaRateLimiter
    succeeds; nothing_left
    end
}

small_disk() {
    mkdir -p "$2"
    mount -t tmpfs -o size="$1",mode=1777 mastery-check "$2"
}

full_disk() {
    begin 'a full disk below the cache, when packages are fetched'
    skip_unless_root 'a small disk' || return
    if ! small_disk 1m "$work/full"; then
        skip 'this machine mounts no tmpfs'
        return
    fi
    local size
    for size in 1m 40m; do
        # 1 MB does not hold the package lists, 40 MB do not hold the packages.
        mount -o remount,size=$size "$work/full"
        run 300 "$mastery" $native -Dmastery.cache="$work/full" run LuaRateLimiter
        fails; says 'the disk is full'; says 'Free some space'; no_stack_trace; nothing_left
    done
    umount "$work/full"
    end

    begin 'a full disk below the temporary files, when a server is prepared'
    local engine example sizes
    for engine in postgresql:KeysetPagination:'0 200k 2m 16m' mysql:GapLocks:'0 2m 16m' redis:LuaRateLimiter:'0' \
        mongodb:EsrCompoundIndex:'0 16m 120m'; do
        IFS=: read -r _ example sizes <<<"$engine"
        for size in $sizes; do
            # A disk of size 0 is one that is full from the beginning.
            small_disk "${size/#0/4k}" "$work/tmp-full"
            [ "$size" != 0 ] || head -c 8192 /dev/zero >"$work/tmp-full/filled" 2>/dev/null
            run 300 "$mastery" $native -Djava.io.tmpdir="$work/tmp-full" run "$example"
            [ "$status" != 0 ] || problem "$example on $size ended with exit code 0"
            grep -Eqi 'no space|disk is full|Free some space' "$output" || problem "$example on $size: no word about space"
            ! grep -Eq '^[[:space:]]+at ' "$output" || problem "$example on $size: a stack trace"
            nothing_left
            umount "$work/tmp-full" || umount -l "$work/tmp-full"
            [ ${#problems[@]} = 0 ] || break
        done
    done
    end

    begin 'a full disk when a data template is kept in the cache'
    local home
    home=$(own_programs mysql) || {
        skip 'MySQL is not in the cache'
        return
    }
    small_disk 8m "$work/full"
    run 300 "$mastery" $native "$home" -Dmastery.cache="$work/full" run GapLocks
    umount "$work/full"
    fails; says 'Free some space'; no_stack_trace; nothing_left
    end
}

# --- programs and servers

old_program() {
    begin 'an installed program that is too old is passed over, and doctor says so'
    mkdir -p "$work/old"
    printf '#!/bin/sh\necho "postgres (PostgreSQL) 15.13"\n' >"$work/old/postgres"
    chmod 755 "$work/old/postgres"
    run 60 env PATH="$work/old:$PATH" "$mastery" $native -Dmastery.cache="$work/cache-old" doctor postgresql
    succeeds; says "PostgreSQL 15.13 at $work/old/postgres is older than 18"; says 'native, Debian'; no_stack_trace
    end

    begin 'MongoDB: an installed program that is too old is passed over, and doctor says so'
    printf '#!/bin/sh\necho "db version v7.0.14"\n' >"$work/old/mongod"
    chmod 755 "$work/old/mongod"
    run 60 env PATH="$work/old:$PATH" "$mastery" $native -Dmastery.cache="$work/cache-old" doctor mongodb
    says "MongoDB 7.0.14 at $work/old/mongod is older than 8.0"; no_stack_trace
    rm "$work/old/mongod"
    end

    begin 'a run with a program that is too old on PATH uses a newer one'
    fill_shared_cache || problem 'the cache could not be filled'
    printf '#!/bin/sh\necho "Redis server v=6.0.16 sha=00000000:0"\n' >"$work/old/redis-server"
    chmod 755 "$work/old/redis-server"
    run 60 env PATH="$work/old:$PATH" "$mastery" $native -Dmastery.cache="$shared" doctor redis
    succeeds; says 'Redis 6.0.16 .* is older than [0-9]'; says 'native, 8'; no_stack_trace
    run 60 env PATH="$work/old:$PATH" "$mastery" $native -Dmastery.cache="$shared" run LuaRateLimiter
    succeeds; says 'Redis 8'; nothing_left
    end
}

server_that_dies() {
    begin 'a server that dies at start: its last log lines'
    local bin=$work/dying/bin
    mkdir -p "$work/dying" "$bin"
    cat >"$bin/postgres" <<'END'
#!/bin/sh
[ "$1" != --version ] || { echo 'postgres (PostgreSQL) 18.6'; exit; }
echo 'LOG:  the first of three lines'
echo 'LOG:  the second of three lines'
echo 'FATAL:  the disk of this server is made of cheese'
exit 1
END
    cat >"$bin/initdb" <<'END'
#!/bin/sh
for word; do
    case $word in --pgdata=*) exec mkdir -p "${word#--pgdata=}" ;; esac
done
END
    cp "$bin/initdb" "$bin/pg_basebackup"
    chmod 755 "$bin"/*
    run 60 "$mastery" $native -Dmastery.cache="$work/cache-dying" -Dmastery.postgresql.home="$work/dying" run KeysetPagination
    fails; says 'first of three'; says 'second of three'; says 'made of cheese'; says 'exit code 1'; no_stack_trace; nothing_left
    run 60 "$mastery" $native -Dmastery.cache="$work/cache-dying" -Dmastery.postgresql.home="$work/dying" up postgresql
    fails; says 'made of cheese'; no_stack_trace; nothing_left
    end

    begin 'a program that cannot prepare its data: what it said'
    printf '#!/bin/sh\necho "initdb: error: no such moon"\nexit 3\n' >"$bin/initdb"
    run 60 "$mastery" $native -Dmastery.cache="$work/cache-dying" -Dmastery.postgresql.home="$work/dying" run KeysetPagination
    fails; says 'no such moon'; no_stack_trace; nothing_left
    end

    begin 'a home without the program is named, not passed over in silence'
    run 60 "$mastery" $native -Dmastery.postgresql.home="$work/out" doctor postgresql
    says "names $work/out"
    no_stack_trace
    end
}

# --- URLs

# A server that accepts and never says a word, and a port on which nobody listens.
silent() {
    (
        cd "$work/cwd" && exec perl -MIO::Socket::INET -e '
            my $closed = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) or die;
            my $port = $closed->sockport; close $closed;
            my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 100) or die;
            $| = 1; print $s->sockport, " ", $port, "\n"; sleep 3600'
    ) >"$work/silent" &
    silent_pid=$!
    for _ in $(seq 100); do
        [ ! -s "$work/silent" ] || break
        sleep 0.05
    done
    read -r silent_port closed_port <"$work/silent"
    spared+=" $silent_pid"
}

end_silent() {
    kill "$silent_pid"
    wait "$silent_pid" 2>/dev/null
    spared=
}

silent_url() {
    if ! command -v perl >/dev/null; then
        begin 'a URL that does not answer is named within 10 s'
        skip 'there is no perl to play the server'
        return
    fi
    silent
    local engine url example port
    for engine in postgresql mysql redis mongodb elasticsearch cassandra sqlserver; do
        case $engine in
            postgresql) url='jdbc:postgresql://127.0.0.1:PORT/postgres?user=postgres&password=x' example=KeysetPagination ;;
            mysql) url='jdbc:mysql://127.0.0.1:PORT/?user=root&password=x' example=GapLocks ;;
            redis) url='redis://default:x@127.0.0.1:PORT' example=LuaRateLimiter ;;
            sqlserver) url='jdbc:sqlserver://127.0.0.1:PORT;user=sa;password=x' example=SnapshotConflict ;;
            mongodb) url='mongodb://root:x@127.0.0.1:PORT/' example=EsrCompoundIndex ;;
            cassandra) url='cassandra://mastery:x@127.0.0.1:PORT' example=QueryFirstTables ;;
            elasticsearch) url='http://elastic:x@127.0.0.1:PORT' example=CustomAnalyzer ;;
        esac
        begin "$engine: a URL that does not answer is named within 10 s"
        local took=
        for port in $silent_port $closed_port; do
            run 30 "$mastery" "-Dmastery.$engine.url=${url/PORT/$port}" run $example
            fails; says "127.0.0.1:$port"; says 'cannot be used|does not answer'; says "mastery.$engine.url"; within 10; no_stack_trace
            took+="${took:+, }$seconds s"
        done
        nothing_left
        end "silent, closed: $took"
    done
    begin 'doctor names a URL that does not answer'
    run 30 "$mastery" "-Dmastery.redis.url=redis://default:x@127.0.0.1:$closed_port" doctor redis
    fails; says "127.0.0.1:$closed_port"; says 'cure:'; no_stack_trace
    end
    end_silent
}

# url_of OUTPUT ENGINE
url_of() {
    local scheme=$2
    [ "$scheme" != elasticsearch ] || scheme=http
    grep -Eo "(jdbc:)?$scheme://[^ ]+" "$1" | head -n 1
}

kept_server() {
    local engine example url port process home cache
    for engine in postgresql mysql redis mongodb elasticsearch cassandra; do
        case $engine in
            postgresql) example=KeysetPagination ;;
            mysql) example=GapLocks ;;
            redis) example=LuaRateLimiter ;;
            mongodb) example=EsrCompoundIndex ;;
            elasticsearch) example=CustomAnalyzer ;;
            cassandra) example=QueryFirstTables ;;
        esac
        begin "$engine: up twice keeps one server, run uses it, down ends it"
        # In a cache of its own: the servers that somebody keeps here are not touched.
        cache=("-Dmastery.cache=$shared")
        if [ $engine = redis ]; then
            fill_shared_cache || problem 'the cache could not be filled'
        elif home=$(own_programs $engine); then
            cache+=("$home")
        elif link_programs $engine; then
            :
        else
            skip "$engine is not in the cache"
            continue
        fi
        run 300 "$mastery" $native "${cache[@]}" up $engine
        succeeds; no_stack_trace
        process=$(grep -Eo 'process [0-9]+' "$output" | grep -Eo '[0-9]+')
        url=$(url_of "$output" $engine)
        port=$(sed -E 's,.*@?127\.0\.0\.1:([0-9]+).*,\1,' <<<"$url")
        local ports
        ports=$(ports_of "$process")
        [ -n "$ports" ] || problem "process '$process' of up listens on no port"
        run 60 "$mastery" $native "${cache[@]}" up $engine
        succeeds; says "process ${process}[^0-9]"
        [ "$(url_of "$output" $engine)" = "$url" ] || problem 'the second up shows another URL'
        run 60 "$mastery" $native "${cache[@]}" status $engine
        succeeds; says "process ${process}[^0-9]"
        run 60 "$mastery" $native "${cache[@]}" doctor $engine
        succeeds; says "kept up on port $port"
        # With the directory for native servers closed, only the kept one can be what it runs on.
        run 120 "$mastery" $native "${cache[@]}" -Djava.io.tmpdir="$work/nowhere" run $example
        succeeds; no_stack_trace
        kill -0 "$process" 2>/dev/null || problem 'run ended the kept server'
        end

        begin "$engine: a wrong password is named, the right one serves"
        run 60 "$mastery" "-Dmastery.$engine.url=$url" "${cache[@]}" -Djava.io.tmpdir="$work/nowhere" run $example
        succeeds; no_stack_trace
        run 60 "$mastery" "-Dmastery.$engine.url=$(sed -E 's,(password=)[^&]*,\1wrong,; s,://([^:/]*):[^@]*@,://\1:wrong@,' <<<"$url")" \
            "${cache[@]}" run $example
        fails; says "127.0.0.1:$port"; says '[Pp]assword|Access denied|WRONGPASS'; within 10; no_stack_trace
        never_says ':wrong|=wrong'
        end

        begin "$engine: down leaves no process, no port and no data"
        run 60 "$mastery" $native "${cache[@]}" down $engine
        succeeds; says 'ended'
        # shellcheck disable=SC2086
        [ -z "$(listening_of $ports)" ] || problem "something listens on $ports"
        local left
        left=$(find "$shared/kept" -mindepth 1 ! -name '*.lock' 2>/dev/null | head -n 5)
        [ -z "$left" ] || problem "left: $left"
        nothing_left
        run 60 "$mastery" $native "${cache[@]}" down $engine
        succeeds; says 'was not running'
        end

        begin "$engine: a kept server that was killed is replaced by the next up"
        run 300 "$mastery" $native "${cache[@]}" up $engine
        process=$(grep -Eo 'process [0-9]+' "$output" | grep -Eo '[0-9]+')
        kill -9 "$process"
        run 300 "$mastery" $native "${cache[@]}" up $engine
        succeeds; never_says "process ${process}[^0-9]"; no_stack_trace
        run 60 "$mastery" $native "${cache[@]}" down $engine
        succeeds; nothing_left
        end
    done
}

# --- container engines

# A file that is imported as an image, which says what it was given, and ends.
stand_in_for_sql_server() {
    local root=$work/stand-in library
    mkdir -p "$root/bin"
    cp -L /bin/sh "$root/bin/sh"
    for library in $(ldd /bin/sh | grep -o '/[^ ]*'); do
        mkdir -p "$root${library%/*}"
        cp -L "$library" "$root$library"
    done
    # shellcheck disable=SC2016 # expanded in the container
    printf '#!/bin/sh\n%s\nexit 3\n' \
        'echo "read: $ACCEPT_EULA $MSSQL_PID $MSSQL_MEMORY_LIMIT_MB, a password of ${#MSSQL_SA_PASSWORD}"' >"$root/bin/start"
    chmod 755 "$root/bin/start"
    tar -C "$root" -cf "$work/stand-in.tar" .
}

# At an engine that has a network for containers.
sql_server_in_a_container() {
    begin "SQL Server's image is started with what it reads, and its end is told with its log"
    skip_unless_root 'dockerd' || return
    local image
    image=$(sed -n 's/^sqlserver=//p' "$repository/common-test-support/src/main/resources/mastery/support/server/images.properties")
    stand_in_for_sql_server
    # shellcheck disable=SC2016 # expanded by the inner shell
    run 180 "$repository/containers/with-engine" sh -c '
        docker import -c "ENTRYPOINT [\"/bin/start\"]" "$1" "$2" && "$3" -Dmastery.sqlserver.acceptEula=true doctor sqlserver &&
            "$3" -Dmastery.sqlserver.acceptEula=true run SnapshotConflict
        code=$?
        [ -z "$(docker ps -aq)" ] || echo "a container is left"
        exit $code' sh "$work/stand-in.tar" "$image" "$mastery"
    if [ "$status" = 75 ]; then
        skip "no container engine starts here: $(tail -n 1 "$output")"
        return
    fi
    fails; says 'SQL Server +container, image'
    says 'ended at start with exit code 3'; says 'read: Y Developer 2048, a password of 24'
    never_says 'a container is left'; no_stack_trace; nothing_left
    end
}

# A real one, installed or unpacked here, whose way to the registries ends at a closed port.
container_engine() {
    begin 'a container engine that answers but cannot pull: native, and it says so'
    skip_unless_root 'dockerd' || return
    local path=$PATH directory=$work/docker
    mkdir -p "$directory"
    if ! command -v dockerd >/dev/null; then
        # Unpacked, not installed: installing would start it as a service.
        if ! (cd "$directory" && apt-get -o APT::Sandbox::User=root download docker.io containerd runc) >"$work/out/apt" 2>&1; then
            skip "no dockerd here, and apt-get cannot download docker.io: $(tail -n 1 "$work/out/apt")"
            return
        fi
        local package
        for package in "$directory"/*.deb; do dpkg-deb -x "$package" "$directory/programs"; done
        path=$directory/programs/usr/sbin:$directory/programs/usr/bin:$PATH
    fi
    local had_run_docker=no
    [ ! -e /run/docker ] || had_run_docker=yes
    (
        cd "$work/docker" && exec env PATH="$path" HTTP_PROXY=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY= \
            dockerd --host "unix://$directory/docker.sock" --data-root "$directory/data" --exec-root "$directory/exec" \
            --pidfile "$directory/pid" --storage-driver vfs --bridge none --iptables=false --ip-forward=false --ip-masq=false
    ) </dev/null >"$work/out/dockerd" 2>&1 &
    local daemon=$!
    for _ in $(seq 150); do
        perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new($ARGV[0]) or exit 1;
            print $s "GET /_ping HTTP/1.0\r\n\r\n"; exit(<$s> =~ / 200 / ? 0 : 1)' "$directory/docker.sock" 2>/dev/null && break
        kill -0 $daemon 2>/dev/null || break
        sleep 0.2
    done
    if ! kill -0 $daemon 2>/dev/null; then
        skip "dockerd does not start here: $(grep -Ei 'failed|error' "$work/out/dockerd" | tail -n 1 | cut -c1-200)"
        return
    fi
    spared=$(processes_below "$directory" | tr '\n' ' ')
    fill_shared_cache || problem 'the cache could not be filled'
    run 300 env DOCKER_HOST="unix://$directory/docker.sock" "$mastery" -Dmastery.cache="$shared" run LuaRateLimiter
    succeeds; says 'runs natively: the container engine answers but cannot pull'; no_stack_trace; within 60; nothing_left
    local took=$seconds
    run 60 env DOCKER_HOST="unix://$directory/docker.sock" "$mastery" -Dmastery.cache="$shared" doctor redis
    succeeds; says 'it would be pulled'; no_stack_trace
    end "$took s with the example"

    begin "the licence of SQL Server's image comes before the pull, and nothing is pulled without it"
    run 60 env DOCKER_HOST="unix://$directory/docker.sock" "$mastery" run SnapshotConflict
    fails; says 'licence'; never_says 'pulling|runs natively'; no_stack_trace; nothing_left
    run 120 env DOCKER_HOST="unix://$directory/docker.sock" "$mastery" -Dmastery.sqlserver.acceptEula=true run SnapshotConflict
    fails; says 'pulling the image .*mssql'; says 'cannot pull'; never_says 'runs natively'; no_stack_trace; nothing_left
    end

    begin 'only containers allowed, and they cannot be pulled: the reason and the cure'
    run 60 env DOCKER_HOST="unix://$directory/docker.sock" "$mastery" -Dmastery.source=container run KeysetPagination
    fails; says 'cannot pull'; says 'Cure:'; no_stack_trace; nothing_left
    run 60 env DOCKER_HOST="unix://$directory/docker.sock" "$mastery" -Dmastery.source=container up redis
    fails; no_stack_trace; nothing_left
    end
    spared=
    kill $daemon
    wait $daemon 2>/dev/null
    [ $had_run_docker = yes ] || find /run/docker -depth -type d -empty -delete
}

silent_container_engine() {
    begin 'a container engine that is gone, or accepts and never answers: native, without hanging'
    silent
    run 120 env DOCKER_HOST="tcp://127.0.0.1:$silent_port" "$mastery" -Dmastery.cache="$shared" run LuaRateLimiter
    succeeds; says 'runs natively: the container engine at .* does not answer'; no_stack_trace; within 40; nothing_left
    local took=$seconds
    run 120 env DOCKER_HOST="tcp://127.0.0.1:$closed_port" "$mastery" -Dmastery.cache="$shared" run LuaRateLimiter
    succeeds; says 'runs natively: the container engine at .* does not answer'; no_stack_trace; within 40; nothing_left
    end_silent
    end "$took s, $seconds s"
}

[ $# -gt 0 ] || set -- "${all[@]}"
for name; do
    case " ${all[*]} " in
        *" $name "*) ;;
        *)
            echo "There is no fault '$name'. The faults: ${all[*]}" >&2
            exit 2
            ;;
    esac
done
build
for name; do $name; done
total
