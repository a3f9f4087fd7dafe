#!/bin/bash
# Starts Elasticsearch as the official image does: each variable whose name has a dot in it, or begins with ES_SETTING_, is a
# setting; ELASTIC_PASSWORD (or ELASTIC_PASSWORD_FILE), ES_JAVA_OPTS; arguments such as -Ename=value.
#
# The bare distribution has no launcher of its own, so the server is given its settings and secrets as that launcher would:
# on the standard input (see server-arguments).
set -eu
. /usr/local/lib/stand-in.sh

home=/usr/share/elasticsearch

case ${1:-} in
    eswrapper | elasticsearch) shift ;;
    -E*) ;;
    *) [ $# = 0 ] || exec "$@" ;;
esac
! is_root || become elasticsearch "$0" "$@"

password=$(value_of ELASTIC_PASSWORD)
settings=/tmp/settings
: >"$settings"
while IFS= read -r -d '' variable; do
    name=${variable%%=*}
    value=${variable#*=}
    case $name in
        ES_SETTING_*)
            name=${name#ES_SETTING_}
            # Two underscores stand for one, one for a dot.
            name=${name//__/$'\x01'}
            name=${name//_/.}
            name=${name//$'\x01'/_}
            printf '%s\t%s\n' "${name,,}" "$value"
            ;;
        [a-z]*.*) printf '%s\t%s\n' "$name" "$value" ;;
    esac
done </proc/self/environ >>"$settings"
for argument; do
    case $argument in
        -E*=*) name=${argument#-E} && printf '%s\t%s\n' "${name%%=*}" "${argument#*=}" >>"$settings" ;;
        *) die "'$argument' is no setting: only -Ename=value is understood" ;;
    esac
done

# Words of the list of exports, as the server's own launcher has them.
exports=(
    jdk.jlink/jdk.tools.jlink.internal java.base/sun.net.www java.base/sun.net.www.protocol.ftp
    java.base/sun.net.www.protocol.file java.base/sun.net.www.protocol.jar java.base/sun.net.www.protocol.http
    java.base/sun.net.www.protocol.https java.base/sun.net.www.protocol.mailto java.base/sun.nio.ch
    java.base/jdk.internal.foreign java.base/jdk.internal.foreign.abi java.base/jdk.internal.foreign.layout
    java.net.http/jdk.internal.net.http jdk.jdi/com.sun.tools.jdi)
jars=("$home"/lib/entitlement-bridge/elasticsearch-entitlement-bridge-*.jar)
options=(-Xms512m -Xmx512m)
# shellcheck disable=SC2206 # a list of words
options+=(-XX:+UseSerialGC ${ES_JAVA_OPTS:-}
    -XX:+ExitOnOutOfMemoryError -XX:-OmitStackTraceInFastThrow -Xss1m
    -Djava.io.tmpdir=/tmp -Djava.awt.headless=true -Dfile.encoding=UTF-8 -Djna.nosys=true
    -Djava.locale.providers=SPI,COMPAT -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true
    -Dio.netty.recycler.maxCapacityPerThread=0 -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true
    -Dlog4j2.formatMsgNoLookups=true -Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1
    -Dorg.apache.lucene.vectorization.upperJavaFeatureVersion=17
    -Des.path.home="$home" -Des.distribution.type=docker -Des.entitlements.enabled=true
    -XX:+EnableDynamicAgentLoading -Djdk.attach.allowAttachSelf=true
    --patch-module=java.base="${jars[0]}"
    --add-exports=java.base/org.elasticsearch.entitlement.bridge=org.elasticsearch.entitlement,java.logging,java.net.http,java.naming,jdk.net)
for export in "${exports[@]}"; do options+=("--add-exports=$export=org.elasticsearch.entitlement"); done
options+=(--module-path="$home/lib" --add-modules=jdk.net,jdk.management.agent,ALL-MODULE-PATH
    -m org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch)

export LIBFFI_TMPDIR=/tmp MALLOC_ARENA_MAX=1
# The server ends with its standard input, which therefore stays open.
exec < <(STAND_IN_PASSWORD=$password server-arguments "$home" "$settings" && exec sleep infinity)
unset ELASTIC_PASSWORD password
exec java "${options[@]}"
