#!/usr/bin/env bash
# minio.sh install|start|stop|kill9|wipe: MinIO, an S3 server, on 127.0.0.1:MINIO_PORT (29000); key testkey, secret
# testsecret. Built from its Go module, which takes minutes the first time.
#
# MINIO_TLS=1 lets it speak TLS only, with the certificate MINIO_CERT (server) of certs.sh.
. "$(dirname "$0")/lib.sh"

version=v0.0.0-20260212201848-7aac2a2c5b7c
port=${MINIO_PORT:-29000}
dir=$RUN/minio-$port

install() {
    GOBIN=$INFRA_DIR/minio CGO_ENABLED=0 GOFLAGS='' GOTOOLCHAIN=local nice -n 10 \
        "$("$HERE/go.sh")" install -trimpath -ldflags '-s -w' "github.com/minio/minio@$version"
    ln -sf "$INFRA_DIR/minio/minio" "$BIN/minio"
}

certificate() {
    local name=${MINIO_CERT:-server}
    "$HERE/certs.sh" "$TLS"
    cp "$TLS/$name.crt" "$dir/certs/public.crt"
    cp "$TLS/$name.key" "$dir/certs/private.key"
}

start() {
    once "minio-$version" install
    if ! is_running "$dir"; then
        rm -rf "$dir/certs"
        mkdir -p "$dir/data" "$dir/certs"
        [ -z "${MINIO_TLS:-}" ] || certificate
        export MINIO_ROOT_USER=testkey MINIO_ROOT_PASSWORD=testsecret MINIO_BROWSER=off MINIO_UPDATE=off
        spawn "$dir" "$BIN/minio" server --quiet --address "127.0.0.1:$port" --certs-dir "$dir/certs" "$dir/data"
    fi
    wait_for_port "$port" "$dir"
    echo "http${MINIO_TLS:+s}://127.0.0.1:$port"
}

case ${1:-} in
install) once "minio-$version" install ;;
start) start ;;
stop | kill9 | wipe) "$1" "$dir" ;;
*) echo "usage: $0 install|start|stop|kill9|wipe" >&2; exit 2 ;;
esac
