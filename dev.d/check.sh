# What a change is held to before it is pushed, and the coverage report.

FORMAT_VERSION=14

c_files() {
    if in_git; then
        git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | while read -r file; do
            [ ! -f "$file" ] || echo "$file"
        done
    else
        find runtime proto state actors ops tests -name '*.[ch]'
    fi
}

# Sources that differ from the upstream branch, or that are not committed yet.
changed_sources() {
    in_git || return 0
    local base
    base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || git rev-parse -q --verify HEAD~1 ||
        git hash-object -t tree /dev/null)
    { git diff --name-only "$base"; git ls-files --others --exclude-standard; } |
        grep -E '^(runtime|proto|state|actors|ops)/.*\.c$' | sort -u | while read -r file; do
        [ ! -f "$file" ] || echo "$file"
    done
}

# Other versions lay out some lines otherwise, so only one of them is asked.
format_check() {
    local version file bad=()
    version=$(clang-format --version | grep -oE 'version [0-9]+' | grep -oE '[0-9]+')
    if [ "$version" != "$FORMAT_VERSION" ]; then
        echo "skip format - this is clang-format $version; the sources are formatted by $FORMAT_VERSION"
        return
    fi
    while read -r file; do
        clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || bad+=("$file")
    done < <(c_files)
    if [ ${#bad[@]} = 0 ]; then
        echo "ok format"
    else
        echo "not ok format - clang-format -i mends these:"
        printf '# %s\n' "${bad[@]}"
    fi
}

compiles() { # COMPILER
    local dir=build/check-$1
    export CC=$1
    configure "check-$1" --buildtype=debugoptimized -Db_ndebug=false
    if ninja -k 0 -j "$(nproc)" -C "$dir" >&2; then
        echo "ok $1 compiles everything without a warning"
    else
        echo "not ok $1 compiles everything without a warning"
    fi
}

clang_tidy() {
    local file files
    mapfile -t files < <(changed_sources)
    [ ${#files[@]} -gt 0 ] || echo "skip clang-tidy - git knows of no source that has changed"
    for file in "${files[@]}"; do
        if clang-tidy --quiet -p build/check-clang "$file" >&2 </dev/null; then
            echo "ok clang-tidy $file"
        else
            echo "not ok clang-tidy $file"
        fi
    done
}

dev_check() {
    need_packages check "${BUILD_PACKAGES[@]}" "${CHECK_PACKAGES[@]}"
    build_sanitized
    sanitizer_options
    recorded_data
    stage format format_check
    stage tidy tidy
    stage gcc compiles gcc
    stage clang compiles clang
    stage unit unit_tests asan
    stage clang-tidy clang_tidy
    conclude
}

dev_cover() {
    local program
    need_packages cover "${BUILD_PACKAGES[@]}" gcovr
    third_party
    configure cover --buildtype=debug -Db_ndebug=false -Db_coverage=true
    compile cover
    find build/cover -name '*.gcda' -delete
    stage unit unit_tests cover
    program=$(simulator cover)
    [ -z "$program" ] || step cover-sim "running the simulator" "$program" 200
    mkdir -p build/cover/report
    step cover-report "writing the report" gcovr --root . --exclude tests/ --exclude build/ \
        --html-details build/cover/report/index.html --txt build/cover/report/summary.txt build/cover
    cat build/cover/report/summary.txt
    echo "each line: build/cover/report/index.html"
}
