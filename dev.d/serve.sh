# Commands that want real servers: for hand work, for figures, for torture.

UP_SERVERS=()
UP_WAIT=

# The first port from FROM on at which COUNT ports in a row are free.
free_ports() { # FROM COUNT
    local port=$1 i
    while :; do
        for ((i = 0; i < $2; i++)); do
            if (exec 3<>"/dev/tcp/127.0.0.1/$((port + i))") 2>/dev/null; then
                port=$((port + i + 1))
                continue 2
            fi
        done
        echo "$port"
        return
    done
}

up_start() { # NAME WHAT
    UP_SERVERS+=("$1")
    step "up-$1" "starting $2" "tests/servers/$1.sh" start
}

up_stop() {
    local name
    trap - EXIT
    trap '' INT TERM
    [ -z "$UP_WAIT" ] || kill "$UP_WAIT"
    echo
    for name in "${UP_SERVERS[@]}"; do
        (step "up-$name" "stopping $name" "tests/servers/$name.sh" stop) || true
    done
}

up_describe() {
    cat <<END

Kafka    127.0.0.1:$KAFKA_PORT
Redis    redis://127.0.0.1:$REDIS_PORT/0            redis-cli -p $REDIS_PORT
MongoDB  mongodb://127.0.0.1:$MONGO_PORT/?replicaSet=rs0

A candled.yaml for them (here in build/up.yaml; build/candled shard --config build/up.yaml):

END
    tee build/up.yaml <<END
data_dir: ./build/up-data
kafka:
  brokers: 127.0.0.1:$KAFKA_PORT
redis: {url: "redis://127.0.0.1:$REDIS_PORT/0"}
mongo: {uri: "mongodb://127.0.0.1:$MONGO_PORT/?replicaSet=rs0"}
END
    printf '\nCtrl-C stops them. What they hold is kept for the next time in %s\n' "${INFRA_DIR#"$ROOT"/}/run"
}

dev_up() {
    need_packages test "${TEST_PACKAGES[@]}" python3
    KAFKA_PORT=$(free_ports 29092 2)
    REDIS_PORT=$(free_ports 26379 1)
    MONGO_PORT=$(free_ports 27217 1)
    export KAFKA_PORT REDIS_PORT MONGO_PORT REDIS_APPENDONLY=yes
    mkdir -p build
    trap up_stop EXIT
    trap 'exit 0' INT TERM
    up_start kafka Kafka
    up_start redis Redis
    up_start mongod MongoDB
    up_describe
    while :; do
        sleep 86400 &
        UP_WAIT=$!
        wait "$UP_WAIT"
    done
}

dev_bench() { # [recovery|batch|peers|curves|compare REV|hot|stages|flame] [ARGS]
    local interpreter script=bench program=build/candled
    case ${1:-} in
    recovery | batch | peers | curves | stages | flame)
        script=$1
        shift
        ;;
    compare)
        case ${2:-} in
        '' | -*) die "which revision? ./dev bench compare REV [--rounds N] [--records N] [--seconds N] [--quick]" ;;
        esac
        script=compare
        build_revision "$2"
        set -- "$2" "$REVISION_PROGRAM" "$ROOT/build/candled" "${@:3}"
        ;;
    hot)
        build_release
        exec build/release/tests/bench/bench_hot "${@:2}"
        ;;
    esac
    need_packages test "${TEST_PACKAGES[@]}"
    if [ "$script" = peers ]; then
        need_packages peers "${PEERS_PACKAGES[@]}"
        recorded_data
    fi
    if [ "$script" = flame ]; then
        need_packages flame "${FLAME_PACKAGES[@]}"
        interpreter=$(python)
        "$interpreter" tests/bench/flame.py --check || exit
    fi
    if [ "$script" = stages ] || [ "$script" = flame ]; then
        build_stages
        program=$(program_of stages)
    else
        build_release
    fi
    interpreter=$(python)
    integration_environment "$program"
    exec "$interpreter" "tests/bench/$script.py" "$@"
}

dev_torture() { # [N] [ARGS]
    local interpreter
    [ -f tests/integration/torture.py ] || not_yet torture tests/integration/torture.py
    need_packages test "${TEST_PACKAGES[@]}"
    build_sanitized
    sanitizer_options
    recorded_data
    interpreter=$(python)
    integration_environment "$(program_of asan)"
    exec "$interpreter" tests/integration/torture.py "$@"
}
