/* The marks of one partition, a dispatcher that is a probe, and a link that keeps its one call. */
#ifndef CANDLED_TESTS_UNIT_ACTORS_EDGE_MARKS_FIXTURE_H
#define CANDLED_TESTS_UNIT_ACTORS_EDGE_MARKS_FIXTURE_H

#include "actors/edge/redis_marks.h"
#include "actors/messages.h"
#include "tests/unit/actors/probe.h"
#include "tests/unit/cmocka.h"

enum { HIGHEST = 100, LIFE = 77 };

struct marks_fixture {
    struct sched *sched;
    struct probe dispatcher;
    struct redis_marks *marks;
    struct redis_mark *mark;
    struct delivery delivery;
};

/* The nth life that these marks give, above one that was known; each question has one for a Redis
 * that holds nothing. */
int64_t marks_fixture_given_life(int nth, int64_t above);

/* What the first question has left in a Redis that held nothing. */
struct acked marks_fixture_left(int64_t known_life);

struct marks_fixture *marks_fixture_open(struct acked acked);

void marks_fixture_close(struct marks_fixture *f);

void marks_fixture_expect_no_call(struct marks_fixture *f);

void marks_fixture_expect_read(struct marks_fixture *f);

void marks_fixture_expect_write(struct marks_fixture *f, struct acked value, struct acked over);

/* What was there before the call. */
void marks_fixture_answer(struct marks_fixture *f, struct acked held);

void marks_fixture_connect_to(struct marks_fixture *f, struct acked held);

void marks_fixture_deliver(struct marks_fixture *f, int64_t revision);

bool marks_fixture_is_acknowledged(struct marks_fixture *f);

void marks_fixture_assert_acked(const struct marks_fixture *f, struct acked acked);

/* Its candles are written; the mark stands at `held`, and comes to stand at `wanted`. */
void marks_fixture_acknowledge(struct marks_fixture *f, int64_t revision, struct acked held,
                               struct acked wanted);

size_t marks_fixture_losses(const struct marks_fixture *f);

/* A call is under way. */
bool marks_fixture_is_calling(void);

/* It will not be answered. */
void marks_fixture_cut(void);

#endif
