# The proofs that no sanitizer may slow down or stand beside: they use the build that ships.

build_proof() {
    need_to_build
    configure release "${RELEASE[@]}"
    compile release ops/candled tests/sim/sim tests/crash/crash tests/faults/faults_driver tests/faults/fail_nth.so tests/model/model
}

# crash KILLS: so many kill -9 inside commits, in each sync mode.
crash() {
    local folder=build/release/crash-data sync line
    mkdir -p "$folder"
    for sync in commit boot; do
        if line=$(build/release/tests/crash/crash --kills "$1" --sync "$sync" --folder "$folder"); then
            echo "ok crash: ${line##*$'\n'}"
        else
            echo "not ok crash: sync $sync - it says why below; $line"
        fi
    done
}

# faults EVERY: the nth call fails, for every so manyth n.
faults() {
    python3 tests/faults/faults.py build/release --every "$1"
}

model() { # [--all]
    build/release/tests/model/model "$@"
}

proof_test() { # NAME [full]
    case "$1${2:+-full}" in
    crash) stage crash crash 1500 ;;
    crash-full) stage crash crash 20000 ;;
    faults) stage faults faults 4 ;;
    faults-full) stage faults faults 1 ;;
    model) stage model model ;;
    model-full) stage model model --all ;;
    torture) stage torture integration_script torture 60 --seed 1 ;;
    torture-full) stage torture integration_script torture 300 ;;
    esac
}

proofs() { # [full]
    local name
    for name in model crash faults torture; do
        proof_test "$name" "${1:-}"
    done
}
