#include "runtime/deadlines.h"

#include "runtime/base.h"
#include "runtime/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DEADLINES = 40, OPERATIONS = 40000 };

/* The model: a plain array that is searched from end to end. */
struct entry {
    struct deadline deadline;
    int64_t at_ms;
    uint64_t sequence;
};

struct model {
    struct entry entries[DEADLINES];
    uint64_t next_sequence;
};

static struct entry *model_first(struct model *model)
{
    struct entry *first = NULL;
    for (size_t i = 0; i < DEADLINES; i++) {
        struct entry *e = &model->entries[i];
        if (e->at_ms != DEADLINE_NONE &&
            (first == NULL || e->at_ms < first->at_ms ||
             (e->at_ms == first->at_ms && e->sequence < first->sequence))) {
            first = e;
        }
    }
    return first;
}

static void model_set(struct model *model, struct entry *entry, int64_t at_ms)
{
    if (entry->at_ms != at_ms) {
        entry->at_ms = at_ms;
        entry->sequence = model->next_sequence++;
    }
}

static void take_all_due(struct deadlines *deadlines, struct model *model, int64_t now_ms)
{
    struct entry *first = model_first(model);
    while (first != NULL && first->at_ms <= now_ms) {
        assert_ptr_equal(deadlines_take_due(deadlines, now_ms), &first->deadline);
        assert_int_equal(first->deadline.at_ms, DEADLINE_NONE);
        first->at_ms = DEADLINE_NONE;
        first = model_first(model);
    }
    assert_null(deadlines_take_due(deadlines, now_ms));
}

static uint32_t model_count(const struct model *model)
{
    uint32_t count = 0;
    for (size_t i = 0; i < DEADLINES; i++) {
        count += model->entries[i].at_ms != DEADLINE_NONE;
    }
    return count;
}

/* Few different times, so that ties are the rule. */
static void it_does_what_a_plain_list_does(void **state)
{
    (void)state;
    struct deadlines *deadlines = deadlines_create();
    static struct model model;
    struct rand rand = {.state = 42};
    for (size_t i = 0; i < DEADLINES; i++) {
        deadlines_init_one(&model.entries[i].deadline);
        model.entries[i].at_ms = DEADLINE_NONE;
    }
    for (int i = 0; i < OPERATIONS; i++) {
        struct entry *entry = &model.entries[rand_below(&rand, DEADLINES)];
        int64_t at_ms = (int64_t)rand_below(&rand, 30) - 10;
        if (rand_chance(&rand, 20)) {
            at_ms = DEADLINE_NONE;
        }
        if (rand_chance(&rand, 90)) {
            deadlines_set(deadlines, &entry->deadline, at_ms);
            model_set(&model, entry, at_ms);
        } else {
            take_all_due(deadlines, &model, (int64_t)rand_below(&rand, 15) - 10);
        }
        struct entry *first = model_first(&model);
        assert_int_equal(deadlines_next_ms(deadlines),
                         first == NULL ? DEADLINE_NONE : first->at_ms);
        assert_int_equal(deadlines_count(deadlines), model_count(&model));
    }
    deadlines_destroy(&deadlines);
    assert_null(deadlines);
    for (size_t i = 0; i < DEADLINES; i++) {
        assert_int_equal(model.entries[i].deadline.at_ms, DEADLINE_NONE);
    }
}

static void ties_go_to_whoever_was_set_first(void **state)
{
    (void)state;
    struct deadlines *deadlines = deadlines_create();
    struct deadline d[3];
    for (size_t i = 0; i < ARRAY_COUNT(d); i++) {
        deadlines_init_one(&d[i]);
        deadlines_set(deadlines, &d[i], 7);
    }
    deadlines_set(deadlines, &d[0], 7); /* where it is: it keeps its place */
    deadlines_set(deadlines, &d[1], 9);
    deadlines_set(deadlines, &d[1], 7); /* moved away and back: it comes last */
    assert_ptr_equal(deadlines_take_due(deadlines, 7), &d[0]);
    assert_ptr_equal(deadlines_take_due(deadlines, 7), &d[2]);
    assert_ptr_equal(deadlines_take_due(deadlines, 7), &d[1]);
    assert_null(deadlines_take_due(deadlines, INT64_MAX - 1));
    deadlines_destroy(&deadlines);
}

static void what_is_due_later_is_not_taken(void **state)
{
    (void)state;
    struct deadlines *deadlines = deadlines_create();
    struct deadline d;
    deadlines_init_one(&d);
    deadlines_set(deadlines, &d, DEADLINE_NONE); /* clearing what is not set is fine */
    assert_int_equal(deadlines_next_ms(deadlines), DEADLINE_NONE);
    deadlines_set(deadlines, &d, 100);
    assert_null(deadlines_take_due(deadlines, 99));
    assert_ptr_equal(deadlines_take_due(deadlines, 100), &d);
    deadlines_destroy(&deadlines);
    deadlines_destroy(&deadlines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_a_plain_list_does),
        cmocka_unit_test(ties_go_to_whoever_was_set_first),
        cmocka_unit_test(what_is_due_later_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
