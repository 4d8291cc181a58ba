#include "actors/mark.h"

#include "runtime/rand.h"
#include "tests/unit/cmocka.h"

static struct rand rand = {9};

static const struct acked lowest = {.revision = 0};

static void what_is_found_at_a_connect_tells_whether_it_is_whole(void **state)
{
    (void)state;
    const struct {
        struct acked acked, held;
        bool is_whole;
    } cases[] = {
        {{-1, 0, 0}, {-1, 0, 0}, true}, /* neither has anything */
        {{-1, 0, 0}, {7, 2, 5}, true},  /* we know nothing to miss */
        {{7, 2, 5}, {7, 2, 5}, true},   {{7, 2, 5}, {7, 3, 5}, true},
        {{7, 2, 5}, {8, 0, 5}, true},   {{7, 2, 5}, {-1, 0, 0}, false},
        {{7, 2, 5}, {7, 1, 5}, false},  {{7, 2, 5}, {9, 0, 4}, false},
        {{7, 2, 5}, {9, 0, 6}, false}, /* another has written, and may not have known */
        {{7, 2, 0}, {9, 0, 6}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct mark mark = mark_create(cases[i].acked);
        assert_int_equal(mark_is_whole_at_connect(&mark, cases[i].held, &rand), cases[i].is_whole);
        assert_true(acked_equals(mark.held, cases[i].held));
        assert_int_equal(mark.is_whole, cases[i].is_whole);
        assert_true(mark.life > cases[i].held.life && mark.life > cases[i].acked.life);
    }
}

static void whoever_comes_back_after_another_is_not_deceived(void **state)
{
    (void)state;
    struct mark first = mark_create((struct acked){7, 2, 5}), second = first;
    assert_true(mark_is_whole_at_connect(&first, (struct acked){7, 2, 5}, &rand));
    struct acked written = {8, 0, first.life};
    first.acked = first.held = written;

    /* Redis lost that; the second, with an older state, writes the same revision again. */
    assert_true(mark_is_whole_at_connect(&second, (struct acked){7, 2, 5}, &rand));
    written.life = second.life;
    assert_false(mark_is_whole_at_connect(&first, written, &rand));
}

static void what_is_of_our_life_is_whole_till_it_is_found_lost(void **state)
{
    (void)state;
    struct mark mark = mark_create((struct acked){7, 2, 5});
    assert_true(mark_is_whole_at_connect(&mark, (struct acked){7, 2, 5}, &rand));
    const int64_t life = mark.life;

    assert_true(mark_is_whole_at_connect(&mark, (struct acked){8, 0, life}, &rand));
    assert_int_equal(mark.life, life);
    assert_false(mark_is_whole_at_connect(&mark, lowest, &rand));
    assert_true(mark.life > life);
    assert_false(mark_is_whole_at_connect(&mark, (struct acked){8, 0, mark.life}, &rand));
}

static void a_change_is_judged_by_what_we_have_left_there(void **state)
{
    (void)state;
    const struct {
        struct acked found;
        bool is_whole;
    } cases[] = {
        {{6, 0, 5}, false}, /* less than was acknowledged before, but for what we left there */
        {{8, 0, 5}, true},  {{8, 0, 6}, false}, {{-1, 0, 0}, false}, {{9, 0, 4}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct mark mark = mark_create((struct acked){5, 0, 5});
        assert_true(mark_is_whole_at_connect(&mark, (struct acked){7, 2, 5}, &rand));
        assert_int_equal(mark_is_whole_when_changed(&mark, cases[i].found, &rand),
                         cases[i].is_whole);
    }
}

static void how_far_it_was_seen_is_remembered_till_it_is_lost(void **state)
{
    (void)state;
    struct mark mark = mark_create((struct acked){5, 0, 5});
    assert_true(mark_is_whole_at_connect(&mark, (struct acked){9, 0, 5}, &rand));
    assert_false(mark_is_whole_at_connect(&mark, (struct acked){7, 0, 5}, &rand));
    assert_int_equal(mark.seen.revision, -1);
    mark.acked.life = 5;
    assert_true(mark_is_whole_at_connect(&mark, (struct acked){7, 0, 5}, &rand));
}

static void a_refill_makes_it_whole_and_moves_past_what_was_held(void **state)
{
    (void)state;
    struct mark mark = mark_create((struct acked){7, 2, 5});
    assert_false(mark_is_whole_at_connect(&mark, lowest, &rand));
    mark_end_refill(&mark);
    assert_true(mark.is_whole);
    assert_true(acked_equals(mark.acked, (struct acked){7, 2, mark.life}));
    assert_true(mark_is_whole_at_connect(&mark, mark.acked, &rand));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_at_a_connect_tells_whether_it_is_whole),
        cmocka_unit_test(whoever_comes_back_after_another_is_not_deceived),
        cmocka_unit_test(what_is_of_our_life_is_whole_till_it_is_found_lost),
        cmocka_unit_test(a_change_is_judged_by_what_we_have_left_there),
        cmocka_unit_test(how_far_it_was_seen_is_remembered_till_it_is_lost),
        cmocka_unit_test(a_refill_makes_it_whole_and_moves_past_what_was_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
