# What every command uses: saying things calmly, and doing things as root.

LOG=$ROOT/build/log
export INFRA_DIR=${INFRA_DIR:-$ROOT/build/infra}

die() {
    echo "dev: $*" >&2
    exit 1
}

# not_yet COMMAND FILE: what the command runs is not written.
not_yet() {
    echo "dev: $1 has nothing to run yet: there is no $2" >&2
    exit 2
}

# step NAME WHAT COMMAND...: one line for WHAT is done; the output is in build/log/NAME.log, shown on failure.
step() {
    local name=$1 what=$2 began=$SECONDS log=$LOG/$1.log
    shift 2
    mkdir -p "$LOG"
    printf '%-52s' "$what" >&2
    if "$@" >"$log" 2>&1 </dev/null; then
        printf ' %4d s\n' $((SECONDS - began)) >&2
        return
    fi
    printf ' failed\n\n' >&2
    tail -n 60 "$log" >&2
    printf '\n' >&2
    die "$what: failed; all of it is in ${log#"$ROOT"/}"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root or sudo to install packages: $*"
    fi
}

# The pinned Python packages that talk to the servers; prints the interpreter.
python() {
    "$ROOT/tests/servers/python.sh"
}

in_git() {
    command -v git >/dev/null && git rev-parse --git-dir >/dev/null 2>&1
}
