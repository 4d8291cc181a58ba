# The tests, in stages. A stage prints a line a test: `ok NAME`, `not ok NAME - WHY`, `skip NAME - WHY` (or
# `ok NAME # SKIP WHY`). They are kept in build/log/STAGE.tap and counted at the end over all stages: test
# functions, not programs, and what was skipped has not passed.

# Names of the stages of this run, one a line; a file, because stages may run in subshells.
STAGES_RUN=$LOG/stages

# stage NAME COMMAND...
stage() {
    local name=$1 began=$SECONDS rc=0
    local tap=$LOG/$1.tap log=$LOG/$1.log
    shift
    echo "$name" >>"$STAGES_RUN"
    printf '%-52s' "$name" >&2
    ("$@") >"$tap" 2>"$log" </dev/null || rc=$?
    if [ "$rc" != 0 ] && [ "$(count_failed "$tap")" = 0 ]; then
        echo "not ok $name - it ended with exit code $rc" >>"$tap"
    elif [ $(($(count_passed "$tap") + $(count_failed "$tap") + $(count_skipped "$tap"))) = 0 ]; then
        echo "not ok $name - it ran no test" >>"$tap"
    fi
    printf ' %4d s  %s\n' $((SECONDS - began)) "$(summary "$tap")" >&2
    grep -E "$SKIPPED" "$tap" | sed 's/^/    /' >&2 || true
    [ "$(count_failed "$tap")" = 0 ] || show_failures "$tap" "$log"
}

# together LANE...: functions that mostly wait, side by side. What each has to say comes when all are done.
together() {
    local lane
    for lane in "$@"; do
        "$lane" 2>"$LOG/$lane.lane" &
    done
    wait
    for lane in "$@"; do
        cat "$LOG/$lane.lane" >&2
    done
}

show_failures() { # TAP_FILE LOG_FILE
    awk '/^(ok|skip) / { failed = 0 } /^not ok/ { failed = 1 } failed && ++shown <= 120 { print "    " $0 }' "$1" >&2
    tail -n 60 "$2" | sed 's/^/    | /' >&2
    echo "    all of it: ${1#"$ROOT"/} ${2#"$ROOT"/}" >&2
}

SKIPPED='^skip |^ok .*# SKIP'

count_failed() {
    cat "$@" | grep -c '^not ok ' || true
}

count_skipped() {
    cat "$@" | grep -cE "$SKIPPED" || true
}

count_passed() {
    cat "$@" | grep '^ok ' | grep -vcE "$SKIPPED" || true
}

summary() { # TAP_FILE...
    local skipped
    skipped=$(count_skipped "$@")
    [ "$skipped" = 0 ] || printf '%s skipped, ' "$skipped"
    echo "$(count_passed "$@") passed, $(count_failed "$@") failed"
}

# The last line of a run; fails when a test did.
conclude() {
    local files
    mapfile -t files < <(sed "s|.*|$LOG/&.tap|" "$STAGES_RUN")
    [ "$(count_skipped "${files[@]}")" = 0 ] || echo "$(count_skipped "${files[@]}") skipped"
    echo "$(count_passed "${files[@]}") passed, $(count_failed "${files[@]}") failed"
    [ "$(count_failed "${files[@]}")" = 0 ]
}

sanitizer_options() {
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
    export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
    export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
}

# Recorded market data, which is no part of the project: tests that want it look here, and are skipped without.
recorded_data() {
    if [ -z "${CANDLED_SHARED:-}" ] && [ -d ../shared/data ]; then
        CANDLED_SHARED=$(cd ../shared/data && pwd)
        export CANDLED_SHARED
    fi
}

# unit_tests BUILD [NAME...]: names as meson lists them.
unit_tests() {
    local log=build/$1/meson-logs/testlog.json
    rm -f "$log"
    CMOCKA_MESSAGE_OUTPUT=TAP meson test -C "build/$1" --no-rebuild --suite unit "${@:2}" >&2 || true
    python3 dev.d/unit_results.py "$log"
}

unit_test_names() {
    meson test -C build/asan --no-rebuild --suite unit --list 2>/dev/null | sed 's|^.* / ||'
}

tidy() {
    python3 tests/tidy.py --build build/asan
}

# What the simulator and the integration tests compare with is itself compared with answers worked out by hand.
oracle() {
    python_tests oracle.test_fold
}

# The arithmetic of the benchmark; the benchmark itself is never a timed test.
figures() {
    python_tests bench.test_figures
}

python_tests() { # MODULE
    (cd tests && python3 -m unittest -v "$1") 2>&1 | tee /dev/stderr |
        sed -nE -e 's/^(\w+) .*\.\.\. ok$/ok \1/p' -e 's/^(\w+) .*\.\.\. (FAIL|ERROR)$/not ok \1 - \2/p' \
            -e "s/^(\w+) .*\.\.\. skipped (.*)$/skip \1 - \2/p"
}

simulator() { # BUILD
    find "build/$1/tests" -name sim -type f -perm -u+x 2>/dev/null | head -n 1
}

# Many seeds in the build that ships, some under the sanitizers.
sim_seeds() { # BUILD COUNT
    local program
    program=$(simulator "$1")
    if [ -z "$program" ]; then
        echo "not ok sim - the build $1 made no simulator"
    elif "$program" "$2" --jobs 2 >&2; then
        echo "ok sim ($2 seeds, $1)"
    else
        echo "not ok sim ($2 seeds, $1) - exit code $?"
    fi
}

sim_all() { # SEEDS SEEDS_UNDER_SANITIZERS
    sim_seeds release "$1"
    sim_seeds asan "$2"
}

integration_environment() { # PROGRAM
    export CANDLED_BIN=$ROOT/$1 PATH=$INFRA_DIR/bin:$PATH
}

# integration_script NAME ARGS: tests/integration/NAME.py
integration_script() {
    local interpreter program
    interpreter=$(python) || return
    program=$(program_of asan)
    [ -n "$program" ] || { echo "not ok $1 - the build made no program called candled"; return; }
    integration_environment "$program"
    "$interpreter" "tests/integration/$1.py" "${@:2}"
}

# One edge against its real server, driven by a small program of its own.
edge_script() { # NAME PROBE
    local probe
    probe=$(find build/asan/tests -name "$2" -type f -perm -u+x | head -n 1)
    [ -n "$probe" ] || { echo "not ok $1 - the build made no program called $2"; return; }
    integration_script "$1" --probe "$probe"
}

# The chart as Helm renders it, and the program's word on what comes out.
chart() {
    local interpreter program
    tests/servers/helm.sh install >&2 || return
    interpreter=$(python) || return
    program=$(program_of asan)
    [ -n "$program" ] || { echo "not ok chart - the build made no program called candled"; return; }
    integration_environment "$program"
    "$interpreter" tests/chart/run.py
}

# The image's own lines on a Debian 13 of their own.
image() {
    need_packages image debootstrap
    python3 tests/chart/image.py
}

# The DAG in a real Airflow, which is half a gigabyte of Python: only when it is asked for.
airflow() {
    local interpreter program scheduler
    scheduler=$(tests/servers/airflow.sh) || return
    interpreter=$(python) || return
    program=$(program_of asan)
    [ -n "$program" ] || { echo "not ok airflow - the build made no program called candled"; return; }
    integration_environment "$program"
    "$interpreter" tests/airflow/run.py "$scheduler"
}

edge_tests() { # NAME PROBE
    [ ! -f "tests/integration/$1.py" ] || stage "integration-$1" edge_script "$1" "$2"
}

edges_of_kafka() {
    edge_tests kafka_edges kafka_probe
}

edges_of_stores() {
    edge_tests sinks sink_probe
    edge_tests objects object_probe
}

# After build_proof: what would take minutes in the sanitizers' build runs in the one that ships.
integration() { # [--full]
    export CANDLED_RELEASE_BIN=$ROOT/build/release/ops/candled
    step servers "fetching the servers that tests use" fetch_servers
    together edges_of_kafka edges_of_stores
    stage integration integration_script run --stage integration "$@"
    stage feed integration_script run --stage feed --jobs 6 "$@"
}

# What would hide in the sanitizers' shadow: races, in another build of the same tests.
build_threads() {
    configure tsan --buildtype=debugoptimized -Dwerror=true -Db_ndebug=false -Db_sanitize=thread -Db_lundef=false
    compile tsan
}

one_test() { # NAME
    local units
    case $1 in
    unit) stage unit unit_tests asan ;;
    tidy | oracle | figures | chart | image) stage "$1" "$1" ;;
    sim) build_proof && stage sim sim_all 2000 150 ;;
    airflow) stage airflow airflow ;;
    crash | faults | model | torture) build_proof && proof_test "$1" ;;
    integration) build_proof && integration ;;
    feed) stage feed integration_script run --stage feed --jobs 6 ;;
    live) stage live integration_script live ;;
    kafka_edges) edge_tests kafka_edges kafka_probe ;;
    sinks) edge_tests sinks sink_probe ;;
    objects) edge_tests objects object_probe ;;
    *)
        mapfile -t units < <(unit_test_names | grep -F -- "$1")
        if [ ${#units[@]} -gt 0 ]; then
            stage "unit-${1//[^a-z0-9]/-}" unit_tests asan "${units[@]}"
        else
            stage "integration-${1//[^a-z0-9]/-}" integration_script run "$1"
        fi
        ;;
    esac
}

all_tests() { # [full]
    stage unit unit_tests asan
    stage tidy tidy
    stage oracle oracle
    stage figures figures
    stage chart chart
    if [ "${1:-}" = full ]; then
        build_threads
        stage unit-threads unit_tests tsan
        build_proof
        stage sim sim_all 20000 2000
        stage image image
        integration --full
        proofs full
    else
        build_proof
        stage sim sim_all 2000 150
        integration
        proofs
    fi
}

dev_test() { # [full | NAME...]
    local name which=${1:-}
    need_packages test "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    build_sanitized
    sanitizer_options
    recorded_data
    mkdir -p "$LOG"
    : >"$STAGES_RUN"
    case $which in
    '' | full | --full) all_tests "${which#--}" ;;
    *)
        for name in "$@"; do
            one_test "$name"
        done
        ;;
    esac
    conclude
}

dev_sim() { # [N | --seed S]
    local program
    build_sanitized
    sanitizer_options
    program=$(simulator asan)
    [ -n "$program" ] || die "the build made no simulator"
    exec "$program" "${@:-1000}"
}
