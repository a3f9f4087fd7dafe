# shellcheck shell=bash
# Sourced by the checks: claims, a directory of their own, and the end of everything they start.
#
# A claim is begun, given its evidence, and ended:
#     begin 'an unknown example is refused'
#     run 30 ./mastery run Nonsense
#     fails; says 'Did you mean'; no_stack_trace; nothing_left
#     end
# Every process of a check works below $work, so that all of them, and nobody else's, are found there.

set -u
umask 022
export LC_ALL=C.UTF-8

repository=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
passed=0
failed=0
claim=
problems=()
evidence=
output=
status=0
# shellcheck disable=SC2034
seconds=0

# shellcheck disable=SC2329 # called by the trap
finish() {
    local code=$?
    trap '' INT TERM HUP
    # What a check has outside of $work.
    ! declare -F release >/dev/null || release
    end_processes_below "$work"
    awk -v below="$work/" 'index($2, below) == 1 {print $2}' /proc/mounts | sort -r | xargs -r -n 1 umount -l
    rm -rf "$work"
    exit "$code"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/mastery-check.XXXXXX") || exit 1
work=$(cd -P "$work" && pwd)
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# Others pass through: root's servers run as another user.
chmod 711 "$work"
mkdir -m 711 "$work/cwd" "$work/out"
mkdir -m 1777 "$work/tmp"

is_root() { [ "$(id -u)" = 0 ]; }

# The processes whose working directory is at or below a directory; one that is removed counts.
processes_below() {
    find /proc/[0-9]*/cwd -maxdepth 0 \( -lname "$1" -o -lname "$1/*" -o -lname "$1 (deleted)" \) \
        -printf '%h\n' 2>/dev/null | sed 's,^/proc/,,'
}

end_processes_below() {
    local pid found
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        found=no
        for pid in $(processes_below "$1"); do
            [ "$pid" != $$ ] || continue
            found=yes
            kill -9 "$pid" 2>/dev/null
        done
        [ "$found" = yes ] || return 0
        sleep 0.2
    done
}

# The ports on which processes listen, one a line.
ports_of() {
    [ $# -gt 0 ] || return 0
    local directories=()
    local pid
    for pid in "$@"; do directories+=("/proc/$pid/fd"); done
    # Local address, state and inode are the fields 2, 4 and 10 (proc_net_tcp in the kernel's documentation); 0A listens.
    find "${directories[@]}" -lname 'socket:*' -printf '%l\n' 2>/dev/null |
        awk -F '[][]' 'FILENAME == "-" {mine[$2]; next}
            {split($0, field, " +"); at = field[1] == "" ? 1 : 0}
            field[4 + at] == "0A" && field[10 + at] in mine {sub(".*:", "", field[2 + at]); print field[2 + at]}' \
            - /proc/net/tcp /proc/net/tcp6 | sort -u | while read -r port; do echo "$((16#$port))"; done
}

# The ones of these ports that something listens on.
listening_of() {
    local port hex
    for port in "$@"; do
        printf -v hex ':%04X' "$port"
        if awk -v end="$hex\$" '$4 == "0A" && $2 ~ end {found = 1} END {exit !found}' /proc/net/tcp /proc/net/tcp6; then
            echo "$port"
        fi
    done
}

# --- claims

begin() {
    claim=$1
    problems=()
    output=
}

problem() {
    # The output of the first thing that went wrong is the one to show.
    [ ${#problems[@]} -gt 0 ] || evidence=$output
    problems+=("$1")
}

end() {
    if [ ${#problems[@]} = 0 ]; then
        passed=$((passed + 1))
        echo "ok - $claim${1:+ ($1)}"
        return
    fi
    failed=$((failed + 1))
    echo "not ok - $claim"
    printf '    %s\n' "${problems[@]}"
    if [ -n "$evidence" ] && [ -s "$evidence" ]; then
        echo "    the last lines of the output:"
        tail -n 30 "$evidence" | sed 's/^/    | /'
    fi
}

skip() { echo "skip - $claim: $1"; }

total() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

# --- commands

# run SECONDS COMMAND...: with no input and everything printed in $output; sets $status and $seconds.
run() {
    local limit=$1 started=${EPOCHREALTIME/./}
    shift
    output=$(mktemp "$work/out/XXXXXX")
    (cd "$work/cwd" && exec timeout -k 5 "$limit" "$@") </dev/null >"$output" 2>&1 &
    # A signal interrupts wait, but not a command in the foreground.
    wait $!
    status=$?
    seconds=$(awk -v us=$((${EPOCHREALTIME/./} - started)) 'BEGIN {printf "%.1f", us / 1e6}')
    case $status in 124 | 137) problem "did not end within $limit s" ;; esac
}

fails() { [ "$status" != 0 ] || problem 'ended with exit code 0'; }
succeeds() { [ "$status" = 0 ] || problem "ended with exit code $status"; }
# In one line, or broken over several as doctor does.
says() { grep -Eq -- "$1" "$output" || tr -s '[:space:]' ' ' <"$output" | grep -Eq -- "$1" || problem "does not say: $1"; }
never_says() { ! grep -Eq -- "$1" "$output" || problem "says: $(grep -Em1 -- "$1" "$output")"; }
no_stack_trace() { never_says '^[[:space:]]+at [^[:space:]]+\(|^Exception in thread'; }
within() { awk -v s="$seconds" -v limit="$1" 'BEGIN {exit !(s <= limit)}' || problem "took $seconds s, not $1 s"; }

# No server and no directory of a run, but for the processes in $spared.
spared=
nothing_left() {
    local pid left=
    for _ in $(seq 25); do
        left=
        for pid in $(processes_below "$work"); do
            case " $spared $$ " in *" $pid "*) continue ;; esac
            [ ! -r "/proc/$pid/cmdline" ] || left+="$pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-80)) "
        done
        [ -n "$left" ] || break
        sleep 0.2
    done
    [ -z "$left" ] || problem "still running: $left"
    local directory
    for directory in "$work"/tmp*/mastery-run-*; do
        [ ! -e "$directory" ] || problem "still there: ${directory#"$work"/}"
    done
}

# Builds what is missing before anything is measured.
build() {
    "$repository/mastery" list >"$work/out/build" 2>&1 </dev/null || {
        cat "$work/out/build" >&2
        exit 1
    }
}

# The command, and temporary files below $work for it.
# shellcheck disable=SC2034 # used by the checks
mastery=$repository/mastery
export MASTERY_OPTS="-Djava.io.tmpdir=$work/tmp ${MASTERY_OPTS:-}"
