#include "actors/acked.h"

#include "tests/unit/cmocka.h"

static void revisions_decide_and_then_counts(void **state)
{
    (void)state;
    const struct acked rising[] = {acked_none(), {0, 0, 5}, {7, 0, 5}, {7, 1, 6},
                                   {7, 9, 0},    {8, 0, 5}, {8, 2, 5}};
    const size_t count = sizeof(rising) / sizeof(*rising);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct acked later = acked_later(rising[i], rising[k]);
            assert_int_equal(acked_is_before(rising[i], rising[k]), i < k);
            assert_int_equal(acked_equals(rising[i], rising[k]), i == k);
            assert_int_equal(later.revision, rising[i > k ? i : k].revision);
            assert_int_equal(later.count, rising[i > k ? i : k].count);
        }
    }
}

static void another_life_is_another_place_but_no_later_one(void **state)
{
    (void)state;
    const struct acked one = {7, 2, 5}, other = {7, 2, 6};
    assert_false(acked_equals(one, other));
    assert_false(acked_is_before(one, other));
    assert_false(acked_is_before(other, one));
}

static void whatever_is_acknowledged_next_comes_later(void **state)
{
    (void)state;
    const struct {
        struct acked from;
        int64_t revision;
        struct acked next;
    } cases[] = {
        {{-1, 0, 0}, 0, {0, 0, 0}}, {{-1, 0, 5}, 7, {7, 0, 5}}, {{7, 0, 5}, 7, {7, 1, 5}},
        {{7, 0, 5}, 3, {7, 1, 5}},  {{7, 4, 5}, 3, {7, 5, 5}},  {{7, 4, 5}, 8, {8, 0, 5}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct acked next = acked_next(cases[i].from, cases[i].revision);
        assert_int_equal(next.revision, cases[i].next.revision);
        assert_int_equal(next.count, cases[i].next.count);
        assert_int_equal(next.life, cases[i].next.life);
        assert_true(acked_is_before(cases[i].from, next));
    }
}

static void who_comes_before_or_from_before_a_loss_has_lost(void **state)
{
    (void)state;
    const struct {
        struct acked held;
        bool is_lost;
    } cases[] = {
        {{7, 1, 5}, true},  {{6, 9, 6}, true},  {{7, 2, 4}, true},  {{8, 0, 4}, true},
        {{7, 2, 0}, true},  {{7, 2, 5}, false}, {{7, 3, 5}, false}, {{8, 0, 5}, false},
        {{7, 2, 6}, false}, {{8, 0, 6}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(acked_is_lost(cases[i].held, (struct acked){7, 2, 5}), cases[i].is_lost);
    }
    assert_false(acked_is_lost((struct acked){7, 2, 0}, (struct acked){7, 2, 0}));
}

static void a_sink_must_hold_the_furthest_that_it_was_seen_at(void **state)
{
    (void)state;
    const struct acked acked = {7, 2, 5};
    assert_true(acked_equals(acked_known(acked, acked_none()), acked));
    assert_true(acked_equals(acked_known(acked, (struct acked){7, 1, 5}), acked));
    assert_true(acked_equals(acked_known(acked, (struct acked){7, 3, 5}), (struct acked){7, 3, 5}));
    assert_true(acked_equals(acked_known(acked, (struct acked){8, 0, 6}), (struct acked){8, 0, 5}));
    assert_true(acked_equals(acked_known(acked_none(), acked), acked));
}

static void a_new_life_is_above_all_known_ones_till_they_end(void **state)
{
    (void)state;
    const int64_t step_max = INT64_C(1) << 36, end = (INT64_C(1) << 52) - step_max;
    const struct {
        int64_t held, known;
        uint64_t random;
        int64_t life;
    } cases[] = {
        {0, 0, 0, 1},
        {5, 0, 0, 6},
        {5, 9, 2, 12},
        {9, 5, 2, 12},
        {9, 5, UINT64_MAX, 9 + step_max},
        {end, 0, UINT64_MAX, end + step_max},
        {end + 1, 0, 3, 4},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct acked held = {.life = cases[i].held}, known = {.life = cases[i].known};
        assert_int_equal(acked_next_life(held, known, cases[i].random), cases[i].life);
    }
}

static void what_is_refilled_comes_after_what_was_held_meanwhile(void **state)
{
    (void)state;
    const struct acked acked = {7, 2, 5};
    const struct {
        struct acked held, refilled;
    } cases[] = {
        {{0, 0, 6}, {7, 2, 0}}, {{7, 1, 6}, {7, 2, 0}}, {{7, 2, 6}, {7, 3, 0}},
        {{7, 8, 6}, {7, 9, 0}}, {{9, 0, 6}, {9, 1, 0}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct acked refilled = acked_refilled(cases[i].held, acked);
        assert_int_equal(refilled.revision, cases[i].refilled.revision);
        assert_int_equal(refilled.count, cases[i].refilled.count);
        assert_true(acked_is_before(cases[i].held, refilled));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revisions_decide_and_then_counts),
        cmocka_unit_test(another_life_is_another_place_but_no_later_one),
        cmocka_unit_test(whatever_is_acknowledged_next_comes_later),
        cmocka_unit_test(who_comes_before_or_from_before_a_loss_has_lost),
        cmocka_unit_test(a_sink_must_hold_the_furthest_that_it_was_seen_at),
        cmocka_unit_test(a_new_life_is_above_all_known_ones_till_they_end),
        cmocka_unit_test(what_is_refilled_comes_after_what_was_held_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
