/* What the parts of kafka_probe share; each part is a program of its own. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_EDGE_KAFKA_PROBE_H
#define CANDLED_TESTS_UNIT_ACTORS_EDGE_KAFKA_PROBE_H

#include "actors/edge/kafka_property.h"

#include <stddef.h>
#include <stdint.h>

struct kafka_probe_arguments {
    int count;
    char **list;
};

/* The value of name=value, or the default. */
const char *kafka_probe_option(const struct kafka_probe_arguments *arguments, const char *name,
                               const char *otherwise);

int64_t kafka_probe_number(const struct kafka_probe_arguments *arguments, const char *name,
                           const char *otherwise);

/* prop.NAME=VALUE, as kafka.properties has them; the list ends with a NULL name. */
void kafka_probe_properties(const struct kafka_probe_arguments *arguments,
                            struct kafka_property *list, size_t list_max);

void kafka_probe_rate(int64_t records, uint64_t began_ns);

/* Each takes the arguments after its name, and returns the exit code. */
int kafka_probe_source_run(int argc, char **argv);
int kafka_probe_log_run(int argc, char **argv);

#endif
