# Fuzzing with libFuzzer: tests/fuzz/fuzz_TARGET.c is a target, tests/fuzz/corpus/TARGET its first inputs. What a
# run finds is kept in build/fuzz-found, so that the next one goes on from there.

fuzz_targets() {
    find tests/fuzz -name 'fuzz_*.c' -printf '%f\n' 2>/dev/null | sed 's/^fuzz_//; s/\.c$//' | sort
}

# Configured again when the list of targets has changed, as meson reads it only then.
fuzz_build() { # TARGET...
    export CC=clang
    configure fuzz --buildtype=debugoptimized -Dwerror=true -Db_ndebug=false -Db_sanitize=address,undefined \
        -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link -Dfuzz=true
    [ build/fuzz/build.ninja -nt tests/fuzz ] || step reconfigure-fuzz "looking for new targets" \
        meson setup --reconfigure build/fuzz
    compile fuzz "${@/#/tests/fuzz/fuzz_}"
}

fuzz_run() { # TARGET SECONDS
    local found=build/fuzz-found/$1 corpus=tests/fuzz/corpus/$1 dictionary=tests/fuzz/$1.dict options=()
    mkdir -p "$found" build/fuzz-crashes
    [ ! -f "$dictionary" ] || options+=("-dict=$dictionary")
    options+=("$found")
    [ ! -d "$corpus" ] || options+=("$corpus")
    "build/fuzz/tests/fuzz/fuzz_$1" "-max_total_time=$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        "-artifact_prefix=build/fuzz-crashes/$1-" "${options[@]}"
}

fuzz_report() { # TARGET
    local inputs
    inputs=$(grep -oE 'number_of_executed_units: *[0-9]+' "$LOG/fuzz-$1.log" | grep -oE '[0-9]+$')
    printf '    %s inputs, nothing found\n' "$inputs" >&2
}

dev_fuzz() { # [TARGET [SECONDS]]
    local seconds=${2:-60} target targets
    need_packages fuzz "${BUILD_PACKAGES[@]}" "${CHECK_PACKAGES[@]}"
    third_party
    mapfile -t targets < <(fuzz_targets)
    [ ${#targets[@]} -gt 0 ] || not_yet fuzz tests/fuzz/fuzz_TARGET.c
    if [ -n "${1:-}" ]; then
        printf '%s\n' "${targets[@]}" | grep -qx -- "$1" || die "there is no fuzz target $1; there are: ${targets[*]}"
        targets=("$1")
    fi
    fuzz_build "${targets[@]}"
    sanitizer_options
    for target in "${targets[@]}"; do
        step "fuzz-$target" "fuzzing $target for $seconds s" fuzz_run "$target" "$seconds"
        fuzz_report "$target"
    done
}
