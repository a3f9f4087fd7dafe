#!/bin/sh
# Measures pipelines, a cache stampede and the memory of structures on Redis and prints ratios as a table:
#
#     benchmarks/redis.sh [--json FILE] [--svg DIRECTORY]
#
# See README.md for what each figure is.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

begin "$@"
java_figures RedisOperations "${MASTERY_OPERATIONS:-100000}" 7 "$svg"
java_figures RedisStampede 7 "$svg"
java_figures RedisMemory "${MASTERY_MEMBERS:-1000000}" "$svg"
finish 'redis-operations.svg, redis-stampede.svg, redis-memory.svg'
