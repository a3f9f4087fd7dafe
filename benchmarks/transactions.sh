#!/bin/sh
# Measures cures of the lost update under contention, on PostgreSQL and MySQL, and prints ratios as a table:
#
#     benchmarks/transactions.sh [--json FILE] [--svg DIRECTORY]
#
# See README.md for what each figure is.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

begin "$@"
java_figures CuresUnderContention "${MASTERY_TICKETS:-1600}" "${MASTERY_ROUNDS:-5}" "$svg"
finish 'cures-postgresql-*.svg, cures-mysql-*.svg'
