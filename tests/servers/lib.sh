# Sourced by the server scripts: where things live, and processes that are known by their recorded pid.
#
# INFRA_DIR (default build/infra) holds what is installed; INFRA_RUN (default INFRA_DIR/run) what a server
# writes, one folder an instance, named by kind and port: any number may run at once.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
INFRA_DIR=${INFRA_DIR:-$HERE/../../build/infra}
mkdir -p "$INFRA_DIR"
INFRA_DIR=$(cd "$INFRA_DIR" && pwd)
RUN=${INFRA_RUN:-$INFRA_DIR/run}
BIN=$INFRA_DIR/bin
TLS=$INFRA_DIR/tls
mkdir -p "$BIN" "$RUN"
RUN=$(cd "$RUN" && pwd)

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# once NAME COMMAND...: runs it unless it has succeeded before; a second caller waits for the first.
once() {
    local mark=$INFRA_DIR/.$1
    shift
    [ -e "$mark" ] && return
    (
        flock 9
        [ -e "$mark" ] || { "$@" >&2 && : >"$mark"; }
    ) 9>"$mark.lock"
}

# When a process began, in clock ticks since boot: with it a recorded pid that was given to another is told apart.
born() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    set -- $stat
    [ "$1" != Z ] && echo "${20}"
}

# is_running DIR
is_running() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) && [ "$(born "$pid")" = "$(cat "$1/born" 2>/dev/null)" ]
}

# spawn DIR COMMAND...: in a session of its own; the pid in DIR/pid, the output in DIR/log.
spawn() {
    local dir=$1
    shift
    mkdir -p "$dir"
    setsid "$@" >>"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    born $! >"$dir/born" || true
}

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_for_port PORT DIR [SECONDS]
wait_for_port() {
    local tries=$((${3:-20} * 20))
    while ((tries-- > 0)); do
        is_running "$2" || { tail -n 20 "$2/log" >&2; die "the server ended at once; its log is above"; }
        port_answers "$1" && return
        sleep 0.05
    done
    die "port $1 did not open in ${3:-20} s; see $2/log"
}

wait_for_end() {
    local tries=$(($2 * 20))
    while ((tries-- > 0)); do
        is_running "$1" || return 0
        sleep 0.05
    done
    return 1
}

# kill9 DIR
kill9() {
    is_running "$1" || return 0
    kill -KILL "$(cat "$1/pid")" && wait_for_end "$1" 10
}

# stop DIR: asks, and insists after ten seconds. A stopped process (SIGSTOP) must go on to hear it.
stop() {
    is_running "$1" || return 0
    kill -TERM "$(cat "$1/pid")"
    kill -CONT "$(cat "$1/pid")"
    wait_for_end "$1" 10 || kill9 "$1"
}

# wipe DIR: stops it and forgets its data.
wipe() {
    stop "$1"
    rm -rf "$1"
}
