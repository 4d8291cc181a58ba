/* kafka_probe sink BROKERS TOPIC letters=N candles=N size=BYTES rows=N. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_EDGE_KAFKA_PROBE_SINK_H
#define CANDLED_TESTS_UNIT_ACTORS_EDGE_KAFKA_PROBE_SINK_H

int kafka_probe_sink_run(int argc, char **argv);

#endif
