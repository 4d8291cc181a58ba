/* What is under way to the servers: once sent it arrives, whatever became of the sender. */
#ifndef CANDLED_TESTS_SIM_NET_H
#define CANDLED_TESTS_SIM_NET_H

#include "tests/sim/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox_rows;

/* A part of a delivery. */
struct packet {
    struct server *server;
    int64_t arrive_ms;
    uint64_t sequence; /* breaks ties */
    size_t sender;     /* the shard */
    int32_t partition;
    unsigned char *bytes; /* outbox payloads, each behind its kind and size */
    size_t size;
};

struct net {
    struct packet *packets; /* in no order */
    size_t count;
    size_t capacity;
    uint64_t sequence;
    void *context;
    /* Told of each packet that arrives. */
    void (*arrived)(void *context, const struct packet *packet);
};

void net_init(struct net *net, void *context,
              void (*arrived)(void *context, const struct packet *packet));

void net_deinit(struct net *net);

struct packet_options {
    struct server *server;
    int64_t arrive_ms;
    size_t sender;
    int32_t partition;
};

/* Sends copies of the rows [first, first + count). */
void net_send(struct net *net, const struct packet_options *options, const struct outbox_rows *rows,
              size_t first, size_t count);

/* The server is not there any more: what is under way to it never arrives. */
void net_drop(struct net *net, const struct server *server);

/* When the next one arrives, or DEADLINE_NONE. */
int64_t net_next_ms(const struct net *net);

/* Writes what has arrived by now. */
void net_advance(struct net *net, int64_t now_ms);

#endif
