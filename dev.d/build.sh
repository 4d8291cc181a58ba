# Build folders: one for each way of building, build/NAME.

# configure NAME MESON_OPTION...: from the start when the options, the compiler or the place have changed.
configure() {
    local dir=build/$1 name=$1 wanted="$ROOT $DEBIAN $* ${CC:-}"
    shift
    if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/configured" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$dir"
        step "configure-$name" "configuring build/$name" meson setup "$dir" "$@"
        echo "$wanted" >"$dir/configured"
    fi
}

# compile NAME [TARGET...]
compile() {
    step "compile-$1" "compiling build/$1" ninja -j "$(nproc)" -C "build/$1" "${@:2}"
}

need_to_build() {
    need_packages build "${BUILD_PACKAGES[@]}"
    third_party
}

# program_of BUILD: where in its build folder the program is.
program_of() {
    find "build/$1" -name candled -type f -perm -u+x | head -n 1
}

RELEASE=(--buildtype=release -Db_ndebug=false)

build_release() {
    local program
    need_to_build
    configure release "${RELEASE[@]}"
    compile release
    program=$(program_of release)
    [ -n "$program" ] || die "the build made no program called candled"
    ln -sfn "${program#build/}" build/candled
}

# The release, with clocks at the stages of its pipeline.
build_stages() {
    need_to_build
    configure stages "${RELEASE[@]}" -Dstages=true
    compile stages
}

# build_revision REV: another revision's program as a release; leaves its name in REVISION_PROGRAM. It is built in a
# worktree of its own, which stays for the next time; `git worktree remove` or `rm -rf build/compare` ends it.
build_revision() {
    local commit tree
    in_git || die "this is no git repository: there are no revisions"
    commit=$(git rev-parse --verify --quiet "$1^{commit}") || die "there is no revision $1"
    tree=build/compare/${commit:0:12}
    need_to_build
    [ -e "$tree/.git" ] || step revision "checking out $1" git worktree add --force --detach "$tree" "$commit"
    REVISION_PROGRAM=$ROOT/$tree/build/release/ops/candled
    (
        cd "$tree"
        configure release "${RELEASE[@]}"
        compile release ops/candled
    )
}

build_sanitized() {
    need_to_build
    configure asan --buildtype=debugoptimized -Dwerror=true -Db_ndebug=false -Db_sanitize=address,undefined \
        -Db_lundef=false
    compile asan
}

dev_build() {
    build_release
    echo build/candled
}

dev_run() {
    build_release
    cd "$CALLED_FROM"
    exec "$ROOT/build/candled" run "$@"
}
