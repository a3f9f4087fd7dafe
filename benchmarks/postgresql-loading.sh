#!/bin/sh
# Measures loading and pool sizes on PostgreSQL and prints ratios as a table:
#
#     benchmarks/postgresql-loading.sh [--json FILE] [--svg DIRECTORY]
#
# See README.md for what each figure is.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

begin "$@"
java_figures LoadingRows "${MASTERY_ROWS:-1000000}" 5 "$svg"
java_figures PoolSizes 5 "$svg"
finish 'loading-rows.svg, pool-sizes.svg'
