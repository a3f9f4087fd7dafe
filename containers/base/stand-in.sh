# shellcheck shell=bash
# Sourced by the entrypoints.

die() {
    printf 'entrypoint: %s\n' "$*" >&2
    exit 1
}

say() { printf 'entrypoint: %s\n' "$*"; }

# The value of NAME, or the content of the file that NAME_FILE names; empty without either.
value_of() {
    local name=$1 file=${1}_FILE
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then die "$name and $file are both set; set one"; fi
    if [ -z "${!file:-}" ]; then
        printf '%s' "${!name:-}"
    elif [ -r "${!file}" ]; then
        printf '%s' "$(<"${!file}")"
    else
        die "$file names ${!file}, which cannot be read"
    fi
}

is_root() { [ "$(id -u)" = 0 ]; }

# become USER COMMAND...: in place of this shell, so that the server gets the signals.
become() {
    local user=$1
    shift
    HOME=/tmp exec setpriv --reuid="$user" --regid="$user" --init-groups -- "$@"
}

# Two quotes for one, as SQL wants it.
sql_text() {
    local text=$1
    printf "'%s'" "${text//\'/\'\'}"
}
