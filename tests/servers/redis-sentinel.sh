#!/usr/bin/env bash
# redis-sentinel.sh install|start|stop|kill9|wipe|cli ARGS: a Redis Sentinel on 127.0.0.1:SENTINEL_PORT (26400),
# which watches the primary at 127.0.0.1:SENTINEL_PRIMARY_PORT (26379) under the name SENTINEL_NAME (mymaster).
#
# SENTINEL_QUORUM (2) of them must agree that it is gone, after SENTINEL_DOWN_MS (500) of silence.
. "$(dirname "$0")/lib.sh"

port=${SENTINEL_PORT:-26400}
name=${SENTINEL_NAME:-mymaster}
dir=$RUN/redis-sentinel-$port

# It writes what it learns into its configuration: only the first start makes one.
configure() {
    mkdir -p "$dir"
    [ -e "$dir/sentinel.conf" ] || cat >"$dir/sentinel.conf" <<END
port $port
bind 127.0.0.1
dir $dir
sentinel monitor $name 127.0.0.1 ${SENTINEL_PRIMARY_PORT:-26379} ${SENTINEL_QUORUM:-2}
sentinel down-after-milliseconds $name ${SENTINEL_DOWN_MS:-500}
sentinel failover-timeout $name 3000
END
}

start() {
    "$HERE/redis.sh" install
    configure
    is_running "$dir" || spawn "$dir" "$BIN/redis-server" "$dir/sentinel.conf" --sentinel
    wait_for_port "$port" "$dir"
    echo "127.0.0.1:$port"
}

case ${1:-} in
install) "$HERE/redis.sh" install ;;
start) start ;;
stop | kill9 | wipe) "$1" "$dir" ;;
cli) exec redis-cli -p "$port" "${@:2}" ;;
*) echo "usage: $0 install|start|stop|kill9|wipe|cli ARGS" >&2; exit 2 ;;
esac
