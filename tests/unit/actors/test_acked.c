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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revisions_decide_and_then_counts),
        cmocka_unit_test(another_life_is_another_place_but_no_later_one),
        cmocka_unit_test(whatever_is_acknowledged_next_comes_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
