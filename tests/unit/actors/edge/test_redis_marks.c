#include "tests/unit/actors/edge/marks_fixture.h"

#include "runtime/base.h"

static void every_delivery_moves_the_mark_also_one_that_is_told_late(void **state)
{
    (void)state;
    struct marks_fixture *f = marks_fixture_open(acked_none());
    marks_fixture_connect_to(f, acked_none());
    marks_fixture_acknowledge(f, HIGHEST, marks_fixture_left(0),
                              (struct acked){HIGHEST, 0, marks_fixture_given_life(1, 0)});
    marks_fixture_acknowledge(f, HIGHEST - 7,
                              (struct acked){HIGHEST, 0, marks_fixture_given_life(1, 0)},
                              (struct acked){HIGHEST, 1, marks_fixture_given_life(1, 0)});
    marks_fixture_acknowledge(f, HIGHEST,
                              (struct acked){HIGHEST, 1, marks_fixture_given_life(1, 0)},
                              (struct acked){HIGHEST, 2, marks_fixture_given_life(1, 0)});
    marks_fixture_acknowledge(f, HIGHEST + 1,
                              (struct acked){HIGHEST, 2, marks_fixture_given_life(1, 0)},
                              (struct acked){HIGHEST + 1, 0, marks_fixture_given_life(1, 0)});
    marks_fixture_deliver(f, -1); /* not one candle: nothing was written */
    assert_true(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_no_call(f);
    marks_fixture_close(f);
}

static void what_comes_before_is_forgotten_and_what_comes_after_is_not(void **state)
{
    (void)state;
    const struct {
        struct acked held;
        bool is_lost;
    } cases[] = {
        {{-1, 0, 0}, true},
        {{HIGHEST - 1, 9, LIFE}, true},
        {{HIGHEST, 0, 0}, true}, /* or no count */
        {{HIGHEST, 1, LIFE}, true},
        {{HIGHEST, 2, LIFE}, false},
        {{HIGHEST, 3, LIFE}, false},
        {{HIGHEST + 1, 0, LIFE}, false},
        {{HIGHEST, 2, LIFE + 1}, true}, /* somebody else has noticed a loss */
        {{HIGHEST + 1, 0, LIFE + 1}, true},
        {{HIGHEST, 2, LIFE - 1}, true}, /* from before the loss that we know of */
        {{HIGHEST + 1, 0, LIFE - 1}, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
        marks_fixture_connect_to(f, cases[i].held);
        redis_marks_send(f->marks, NULL, 0);
        assert_int_equal(marks_fixture_is_calling(),
                         cases[i].is_lost); /* its turn begins with a signature */
        if (cases[i].is_lost) {
            marks_fixture_answer(f, cases[i].held.revision < 0 ? marks_fixture_left(LIFE)
                                                               : cases[i].held);
        }
        assert_int_equal(marks_fixture_losses(f), cases[i].is_lost);
        marks_fixture_close(f);
    }
}

/* Between them Redis may forget. */
static void a_mark_is_there_before_the_first_candle(void **state)
{
    (void)state;
    struct marks_fixture *f = marks_fixture_open(acked_none());
    marks_fixture_connect_to(f, acked_none());
    marks_fixture_deliver(f, HIGHEST);
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 0, marks_fixture_given_life(1, 0)},
                               marks_fixture_left(0));
    marks_fixture_answer(f, acked_none()); /* emptied */
    marks_fixture_expect_write(
        f, (struct acked){0, 0, marks_fixture_given_life(3, marks_fixture_left(0).life)},
        acked_none());
    marks_fixture_answer(f, acked_none());
    assert_int_equal(marks_fixture_losses(f), 1);
    marks_fixture_close(f);
}

static void without_a_count_on_either_side_nothing_is_lost(void **state)
{
    (void)state;
    struct marks_fixture *f =
        marks_fixture_open((struct acked){HIGHEST, 0, 0}); /* of an earlier version */
    marks_fixture_connect_to(f, (struct acked){HIGHEST, 0, 0});
    marks_fixture_expect_no_call(f);
    assert_int_equal(marks_fixture_losses(f), 0);
    marks_fixture_close(f);
}

/* Our state was put back: what we write now must not look like what it wrote before. */
static void behind_the_mark_it_counts_on_from_there(void **state)
{
    (void)state;
    const struct acked ours[] = {{-1, 0, 0}, {HIGHEST - 50, 3, LIFE}, {HIGHEST, 1, LIFE}};
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        int64_t life = marks_fixture_given_life(2, LIFE);
        struct marks_fixture *f = marks_fixture_open(ours[i]);
        marks_fixture_connect_to(f, (struct acked){HIGHEST, 4, LIFE});
        marks_fixture_acknowledge(f, HIGHEST - 20, (struct acked){HIGHEST, 4, LIFE},
                                  (struct acked){HIGHEST, 5, life});
        assert_int_equal(f->delivery.acked.life, life); /* with it begins a life of our own */
        redis_marks_rewind(f->marks);
        marks_fixture_connect_to(f, (struct acked){HIGHEST, 4, LIFE}); /* a copy from before it */
        marks_fixture_expect_write(f, (struct acked){HIGHEST, 4, marks_fixture_given_life(4, life)},
                                   (struct acked){HIGHEST, 4, LIFE});
        marks_fixture_answer(f, (struct acked){HIGHEST, 4, LIFE});
        assert_int_equal(marks_fixture_losses(f), 1);
        marks_fixture_close(f);
    }
}

/* What came further was another shard's, and what it wrote last may be told by nobody again. */
static void what_was_seen_and_is_gone_was_lost(void **state)
{
    (void)state;
    const struct acked ours[] = {{-1, 0, 0}, {HIGHEST - 50, 3, LIFE}, {HIGHEST, 1, LIFE}};
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        struct marks_fixture *f = marks_fixture_open(ours[i]);
        marks_fixture_connect_to(f, (struct acked){HIGHEST, 4, LIFE});
        assert_int_equal(marks_fixture_losses(f), 0);
        redis_marks_rewind(f->marks);
        marks_fixture_connect_to(f, (struct acked){HIGHEST, 3, LIFE});
        int64_t life = marks_fixture_given_life(4, marks_fixture_given_life(2, LIFE));
        marks_fixture_expect_write(f, (struct acked){HIGHEST, 3, life},
                                   (struct acked){HIGHEST, 3, LIFE});
        marks_fixture_answer(f, (struct acked){HIGHEST, 3, LIFE});
        assert_int_equal(marks_fixture_losses(f), 1);
        marks_fixture_close(f);
    }
}

/* Also while what another life lacks is still to be given. */
static void what_was_seen_in_another_life_and_is_gone_was_lost(void **state)
{
    (void)state;
    const struct acked there = {HIGHEST, 4, LIFE};
    const struct acked signed_there = {HIGHEST, 4, marks_fixture_given_life(2, LIFE)};
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST - 50, 3, LIFE - 1});
    marks_fixture_connect_to(f, there);
    marks_fixture_expect_write(f, signed_there, there);
    marks_fixture_answer(f, there);
    assert_int_equal(marks_fixture_losses(f), 1);
    redis_marks_rewind(f->marks);
    marks_fixture_connect_to(f, (struct acked){HIGHEST, 3, LIFE});
    marks_fixture_expect_write(
        f, (struct acked){HIGHEST, 3, marks_fixture_given_life(4, signed_there.life)},
        (struct acked){HIGHEST, 3, LIFE});
    marks_fixture_answer(f, (struct acked){HIGHEST, 3, LIFE});
    assert_int_equal(marks_fixture_losses(f), 2);
    marks_fixture_close(f);
}

/* The other one's mark may have been there before our candles were. */
static void a_mark_that_another_has_moved_is_moved_on(void **state)
{
    (void)state;
    int64_t life = marks_fixture_given_life(2, LIFE);
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 0, LIFE});
    marks_fixture_connect_to(f, (struct acked){HIGHEST, 0, LIFE});
    marks_fixture_deliver(f, HIGHEST - 1);
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 1, life},
                               (struct acked){HIGHEST, 0, LIFE});
    marks_fixture_answer(f, (struct acked){HIGHEST, 1, LIFE});
    assert_false(marks_fixture_is_acknowledged(f));
    life = marks_fixture_given_life(3, life);
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 2, life},
                               (struct acked){HIGHEST, 1, LIFE});
    marks_fixture_answer(f, (struct acked){HIGHEST, 1, LIFE});
    assert_true(marks_fixture_is_acknowledged(f));
    marks_fixture_assert_acked(f, (struct acked){HIGHEST, 2, life});
    marks_fixture_close(f);
}

static void a_mark_that_is_on_its_way_says_nothing_of_what_is_written_after_it(void **state)
{
    (void)state;
    int64_t life = marks_fixture_given_life(2, LIFE);
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 0, LIFE});
    marks_fixture_connect_to(f, (struct acked){HIGHEST, 0, LIFE});
    marks_fixture_deliver(f, HIGHEST + 5);
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, (struct acked){HIGHEST + 5, 0, life},
                               (struct acked){HIGHEST, 0, LIFE});
    marks_fixture_deliver(f, HIGHEST + 2); /* the one before was taken back */
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_answer(f, (struct acked){HIGHEST, 0, LIFE});
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, (struct acked){HIGHEST + 5, 1, life},
                               (struct acked){HIGHEST + 5, 0, life});
    marks_fixture_answer(f, (struct acked){HIGHEST + 5, 0, life});
    assert_true(marks_fixture_is_acknowledged(f));
    marks_fixture_close(f);
}

/* What has our life, and had all, is ours: whether we have heard of it or not. */
static void cut_off_before_the_answer_it_is_written_again(void **state)
{
    (void)state;
    for (int has_arrived = 0; has_arrived < 2; has_arrived++) {
        int64_t life = marks_fixture_given_life(2, LIFE);
        const struct acked there = {HIGHEST, has_arrived, has_arrived ? life : LIFE};
        struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 0, LIFE});
        marks_fixture_connect_to(f, (struct acked){HIGHEST, 0, LIFE});
        marks_fixture_deliver(f, HIGHEST - 1);
        assert_false(marks_fixture_is_acknowledged(f));
        marks_fixture_expect_write(f, (struct acked){HIGHEST, 1, life},
                                   (struct acked){HIGHEST, 0, LIFE});
        redis_marks_rewind(f->marks);
        marks_fixture_cut();
        assert_false(marks_fixture_is_acknowledged(f));
        marks_fixture_connect_to(f, there);
        assert_false(marks_fixture_is_acknowledged(f));
        life = has_arrived ? life : marks_fixture_given_life(4, life);
        marks_fixture_expect_write(f, (struct acked){HIGHEST, has_arrived + 1, life}, there);
        marks_fixture_answer(f, there);
        assert_true(marks_fixture_is_acknowledged(f));
        assert_int_equal(marks_fixture_losses(f), 0);
        marks_fixture_close(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_delivery_moves_the_mark_also_one_that_is_told_late),
        cmocka_unit_test(what_comes_before_is_forgotten_and_what_comes_after_is_not),
        cmocka_unit_test(a_mark_is_there_before_the_first_candle),
        cmocka_unit_test(without_a_count_on_either_side_nothing_is_lost),
        cmocka_unit_test(behind_the_mark_it_counts_on_from_there),
        cmocka_unit_test(what_was_seen_and_is_gone_was_lost),
        cmocka_unit_test(what_was_seen_in_another_life_and_is_gone_was_lost),
        cmocka_unit_test(a_mark_that_another_has_moved_is_moved_on),
        cmocka_unit_test(a_mark_that_is_on_its_way_says_nothing_of_what_is_written_after_it),
        cmocka_unit_test(cut_off_before_the_answer_it_is_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
