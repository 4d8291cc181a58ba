#include "actors/acked.h"

#include "tests/unit/cmocka.h"

static void revisions_decide_and_then_counts(void **state)
{
    (void)state;
    const struct acked rising[] = {acked_none(), {0, 0}, {7, 0}, {7, 1}, {7, 9}, {8, 0}, {8, 2}};
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

static void whatever_is_acknowledged_next_comes_later(void **state)
{
    (void)state;
    const struct {
        struct acked from;
        int64_t revision;
        struct acked next;
    } cases[] = {
        {{-1, 0}, 0, {0, 0}}, {{-1, 0}, 7, {7, 0}}, {{7, 0}, 7, {7, 1}},
        {{7, 0}, 3, {7, 1}},  {{7, 4}, 3, {7, 5}},  {{7, 4}, 8, {8, 0}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct acked next = acked_next(cases[i].from, cases[i].revision);
        assert_int_equal(next.revision, cases[i].next.revision);
        assert_int_equal(next.count, cases[i].next.count);
        assert_true(acked_is_before(cases[i].from, next));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revisions_decide_and_then_counts),
        cmocka_unit_test(whatever_is_acknowledged_next_comes_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
