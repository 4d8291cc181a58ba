#!/usr/bin/env bash
# toxiproxy.sh install|start|stop|kill9|wipe|cli ARGS: cuts, slows and garbles connections; its HTTP API is on
# 127.0.0.1:TOXI_PORT (28474). `cli create -l 127.0.0.1:NEW -u 127.0.0.1:REAL NAME` puts it before a server;
# POST /reset heals everything.
. "$(dirname "$0")/lib.sh"

version=v2.12.0
port=${TOXI_PORT:-28474}
dir=$RUN/toxiproxy-$port

install() {
    local go part
    go=$("$HERE/go.sh")
    for part in server cli; do
        GOBIN=$INFRA_DIR/toxiproxy CGO_ENABLED=0 GOFLAGS='' \
            "$go" install -trimpath -ldflags '-s -w' "github.com/Shopify/toxiproxy/v2/cmd/$part@$version"
        ln -sf "$INFRA_DIR/toxiproxy/$part" "$BIN/toxiproxy-$part"
    done
}

start() {
    once "toxiproxy-$version" install
    is_running "$dir" || spawn "$dir" "$BIN/toxiproxy-server" -host 127.0.0.1 -port "$port"
    wait_for_port "$port" "$dir"
    echo "http://127.0.0.1:$port"
}

case ${1:-} in
install) once "toxiproxy-$version" install ;;
start) start ;;
stop | kill9 | wipe) "$1" "$dir" ;;
cli) exec "$BIN/toxiproxy-cli" -h "http://127.0.0.1:$port" "${@:2}" ;;
*) echo "usage: $0 install|start|stop|kill9|wipe|cli ARGS" >&2; exit 2 ;;
esac
