/* Properties of librdkafka as name and value, and lists of them that somebody owns. */
#ifndef CANDLED_ACTORS_EDGE_KAFKA_PROPERTY_H
#define CANDLED_ACTORS_EDGE_KAFKA_PROPERTY_H

/* One of kafka.properties, or of ours. */
struct kafka_property {
    const char *name; /* NULL ends a list */
    const char *value;
};

/* A deep copy; NULL counts as an empty list. */
struct kafka_property *kafka_property_copy(const struct kafka_property *list);

/* Of a copy; NULL inside is fine. */
void kafka_property_destroy(struct kafka_property **list_p);

#endif
