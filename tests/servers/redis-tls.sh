#!/usr/bin/env bash
# redis-tls.sh install|start|stop|kill9|wipe|cli ARGS: redis.sh with TLS beside the plain port (26390 and 26391).
export REDIS_TLS=1 REDIS_PORT=${REDIS_PORT:-26390}
exec "$(dirname "$0")/redis.sh" "$@"
