#!/usr/bin/env bash
# kafka.sh install|start|stop|kill9|wipe|topic NAME [PARTITIONS]: one Apache Kafka node (KRaft, broker and
# controller) on 127.0.0.1:KAFKA_PORT (29092) and KAFKA_PORT + 1, from the jars that Maven fetches.
#
# KAFKA_ADVERTISE=127.0.0.1:PORT is the address it gives its clients (that of a proxy, say).
# KAFKA_PROPERTIES="name=value ..." is added to its settings.
. "$(dirname "$0")/lib.sh"

version=4.1.0
port=${KAFKA_PORT:-29092}
controller=$((port + 1))
dir=$RUN/kafka-$port
jars=$INFRA_DIR/kafka-$version

dependency() {
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' "$@"
}

install() {
    mkdir -p "$jars"
    {
        printf '<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId>'
        printf '<artifactId>kafka</artifactId><version>1</version><dependencies>'
        dependency org.apache.kafka kafka_2.13 "$version"
        dependency org.apache.kafka kafka-tools "$version"
        dependency org.slf4j slf4j-simple 1.7.36
        printf '</dependencies></project>\n'
    } >"$jars/pom.xml"
    mvn -q -B -f "$jars/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars/lib"
}

kafka() { # HEAP CLASS ARGS
    java "-Xmx$1" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/lib/*" "${@:2}"
}

settings() {
    cat <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://${KAFKA_ADVERTISE:-127.0.0.1:$port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.partitions=5
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
END
    printf '%s\n' ${KAFKA_PROPERTIES:-}
}

# A cluster id is 16 bytes in URL-safe base64; the first letter is set, as a dash would be taken for an option.
cluster_id() {
    echo "C$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)"
}

start() {
    once "kafka-$version" install
    if ! is_running "$dir"; then
        mkdir -p "$dir"
        settings >"$dir/server.properties"
        [ -e "$dir/data/meta.properties" ] ||
            kafka 256m kafka.tools.StorageTool format -t "$(cluster_id)" -c "$dir/server.properties" >"$dir/log" 2>&1 ||
            { cat "$dir/log" >&2; die "the storage could not be formatted"; }
        spawn "$dir" java -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/lib/*" kafka.Kafka \
            "$dir/server.properties"
    fi
    wait_for_port "$port" "$dir" 60
    echo "127.0.0.1:$port"
}

topic() {
    kafka 128m org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$port" --create --if-not-exists \
        --topic "$1" --partitions "${2:-5}" 2>/dev/null
}

case ${1:-} in
install) once "kafka-$version" install ;;
start) start ;;
stop | kill9 | wipe) "$1" "$dir" ;;
topic) topic "${@:2}" ;;
*) echo "usage: $0 install|start|stop|kill9|wipe|topic NAME [PARTITIONS]" >&2; exit 2 ;;
esac
