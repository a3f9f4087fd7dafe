#!/bin/sh
# Measures queries of PostgreSQL and prints ratios as a table:
#
#     benchmarks/postgresql-queries.sh [--json FILE] [--svg DIRECTORY]
#
# See README.md for what each figure is.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

begin "$@"
java_figures PageDepth 31 "$svg"
java_figures QueueWorkers 7 "$svg"
finish 'page-time.svg, page-rows.svg, queue-workers.svg'
