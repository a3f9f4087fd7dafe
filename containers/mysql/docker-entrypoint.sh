#!/bin/bash
# Starts MySQL as the official image does: MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_ROOT_HOST,
# MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD, their _FILE forms, /docker-entrypoint-initdb.d (*.sql, *.sh).
set -eu
. /usr/local/lib/stand-in.sh

data=/var/lib/mysql
run=/var/run/mysqld

case ${1:-} in
    -*) set -- mysqld "$@" ;;
esac
[ "${1:-}" = mysqld ] || exec "$@"

if is_root; then
    mkdir -p $data $run /var/lib/mysql-files
    chown -R mysql:mysql $data $run /var/lib/mysql-files
    become mysql "$0" "$@"
fi

# In SQL text a backslash counts too.
mysql_text() { sql_text "${1//\\/\\\\}"; }

statements() {
    local root=$1 host=$2 database=$3 user=$4 password=$5
    echo 'SET sql_log_bin = 0;'
    if [ "$host" != localhost ]; then
        echo "CREATE USER 'root'@$(mysql_text "$host") IDENTIFIED BY $(mysql_text "$root");"
        echo "GRANT ALL ON *.* TO 'root'@$(mysql_text "$host") WITH GRANT OPTION;"
    fi
    # Names in back quotes, a back quote in them doubled.
    [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS \`${database//\`/\`\`}\`;"
    if [ -n "$user" ] && [ -n "$password" ]; then
        echo "CREATE USER $(mysql_text "$user")@'%' IDENTIFIED BY $(mysql_text "$password");"
        [ -z "$database" ] || echo "GRANT ALL ON \`${database//\`/\`\`}\`.* TO $(mysql_text "$user")@'%';"
    fi
}

initialise() {
    local root host database user password
    root=$(value_of MYSQL_ROOT_PASSWORD)
    host=$(value_of MYSQL_ROOT_HOST)
    database=$(value_of MYSQL_DATABASE)
    user=$(value_of MYSQL_USER)
    password=$(value_of MYSQL_PASSWORD)
    [ -n "$root" ] || [ -n "${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ] ||
        die 'set MYSQL_ROOT_PASSWORD, or MYSQL_ALLOW_EMPTY_PASSWORD=yes to let everybody in'
    [ "$user" != root ] || die 'MYSQL_USER is for another user than root, whose password is MYSQL_ROOT_PASSWORD'
    "$@" --initialize-insecure

    # On the socket alone: nobody else comes in before the passwords are set.
    "$@" --skip-networking --mysqlx=OFF &
    local server=$! waited=0
    until mysqladmin --user=root ping >/dev/null 2>&1; do
        kill -0 $server 2>/dev/null || die 'mysqld ended while its users were to be made'
        [ $((waited += 1)) -lt 1200 ] || die 'mysqld does not answer'
        sleep 0.1
    done
    statements "$root" "${host:-%}" "$database" "$user" "$password" | mysql --user=root
    local script
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sql) mysql --user=root ${database:+"$database"} <"$script" ;;
            *.sh) bash "$script" ;;
            *) [ ! -e "$script" ] || say "$script is neither .sql nor .sh: left out" ;;
        esac
    done
    # Last, so that nothing above needs the password.
    mysql --user=root <<END
SET sql_log_bin = 0;
ALTER USER 'root'@'localhost' IDENTIFIED BY $(mysql_text "$root");
SHUTDOWN;
END
    wait $server
}

[ -d $data/mysql ] || initialise "$@"
exec "$@"
