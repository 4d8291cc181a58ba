#!/usr/bin/env bash
# redis.sh install|start|stop|kill9|wipe|cli ARGS: a Redis on 127.0.0.1:REDIS_PORT (26379), that keeps nothing
# over a restart unless REDIS_APPENDONLY=yes.
#
# REDIS_PASS sets a password. REDIS_TLS=1 opens TLS on REDIS_PORT + 1 as well, and wants a client's certificate
# unless REDIS_MTLS=no. REDIS_ARGS is handed to the server as it is.
. "$(dirname "$0")/lib.sh"

port=${REDIS_PORT:-26379}
dir=$RUN/redis-$port

# Debian's package redis-tools holds the program, and goes by its name; the package redis-server only adds a
# daemon, which nobody here wants to have running.
install() {
    local program
    program=$(command -v redis-check-rdb) || die "the package redis-tools is missing (./dev setup)"
    ln -sf "$program" "$BIN/redis-server"
}

start() {
    local arguments=(--port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --daemonize no
        --appendonly "${REDIS_APPENDONLY:-no}")
    [ -z "${REDIS_PASS:-}" ] || arguments+=(--requirepass "$REDIS_PASS")
    if [ -n "${REDIS_TLS:-}" ]; then
        "$HERE/certs.sh" "$TLS"
        arguments+=(--tls-port $((port + 1)) --tls-cert-file "$TLS/server.crt" --tls-key-file "$TLS/server.key"
            --tls-ca-cert-file "$TLS/ca.crt" --tls-auth-clients "${REDIS_MTLS:-yes}")
    fi
    install
    is_running "$dir" || spawn "$dir" "$BIN/redis-server" "${arguments[@]}" ${REDIS_ARGS:-}
    wait_for_port "$port" "$dir"
    echo "redis://127.0.0.1:$port${REDIS_TLS:+ rediss://127.0.0.1:$((port + 1))}"
}

cli() {
    local arguments=(-p "$port")
    [ -z "${REDIS_TLS:-}" ] || arguments=(-p $((port + 1)) --tls --cacert "$TLS/ca.crt"
        --cert "$TLS/client.crt" --key "$TLS/client.key")
    [ -z "${REDIS_PASS:-}" ] || export REDISCLI_AUTH=$REDIS_PASS
    exec redis-cli "${arguments[@]}" "$@"
}

case ${1:-} in
install) install ;;
start) start ;;
stop | kill9 | wipe) "$1" "$dir" ;;
cli) cli "${@:2}" ;;
*) echo "usage: $0 install|start|stop|kill9|wipe|cli ARGS" >&2; exit 2 ;;
esac
