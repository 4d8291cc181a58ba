/* A dispatcher among neighbours that only remember, and what they tell it. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_DISPATCHER_FIXTURE_H
#define CANDLED_TESTS_UNIT_ACTORS_DISPATCHER_FIXTURE_H

#include "actors/dispatcher.h"
#include "actors/messages.h"
#include "tests/unit/actors/probe.h"

enum {
    DISPATCHER_FIXTURE_TTL_MS = 86400000,
    DISPATCHER_FIXTURE_REVISION = 77,
    DISPATCHER_FIXTURE_COUNT = 3,
    DISPATCHER_FIXTURE_LIFE = 9
};

struct fixture {
    struct sched *sched;
    struct probe partition;
    struct probe reader;
    struct probe sink;
    struct dispatcher *dispatcher;
};

void dispatcher_fixture_run(struct fixture *f);

int dispatcher_fixture_setup(void **state);

int dispatcher_fixture_setup_attached(void **state);

int dispatcher_fixture_teardown(void **state);

void dispatcher_fixture_tell(struct fixture *f, struct msg msg);

void dispatcher_fixture_grow(struct fixture *f, int64_t last_sequence, enum interval interval);

struct outbox_rows *dispatcher_fixture_make_rows(size_t count);

void dispatcher_fixture_tell_rows(struct fixture *f, int64_t scanned_to);

const struct msg *dispatcher_fixture_last(const struct probe *probe);

void dispatcher_fixture_tell_delivered(struct fixture *f, enum status status);

#endif
