#include "tests/unit/actors/edge/marks_fixture.h"

#include "runtime/base.h"

static void after_a_refill_the_mark_has_all_that_was_acknowledged_meanwhile(void **state)
{
    (void)state;
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
    const struct msg_sink_refilled refilled = {.loss = 1};
    marks_fixture_connect_to(f, acked_none());
    marks_fixture_expect_write(f, marks_fixture_left(LIFE), marks_fixture_left(LIFE));
    marks_fixture_answer(f, marks_fixture_left(LIFE));
    assert_int_equal(marks_fixture_losses(f), 1);
    marks_fixture_deliver(f,
                          HIGHEST - 1); /* a Redis that is being refilled need not prove anything */
    assert_true(marks_fixture_is_acknowledged(f));
    marks_fixture_assert_acked(f, (struct acked){HIGHEST, 3, LIFE});
    marks_fixture_expect_no_call(f);
    assert_true(redis_marks_end_refill(f->marks, &f->dispatcher.actor, &refilled));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 3, marks_fixture_given_life(1, LIFE)},
                               marks_fixture_left(LIFE));
    marks_fixture_answer(f, marks_fixture_left(LIFE));
    marks_fixture_acknowledge(f, HIGHEST - 2,
                              (struct acked){HIGHEST, 3, marks_fixture_given_life(1, LIFE)},
                              (struct acked){HIGHEST, 4, marks_fixture_given_life(1, LIFE)});
    marks_fixture_close(f);
}

/* A copy from before the loss may hold all that was acknowledged till then. */
static void what_ends_with_a_refill_comes_after_what_was_acknowledged(void **state)
{
    (void)state;
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
    const struct msg_sink_refilled refilled = {.loss = 1};
    marks_fixture_connect_to(f, acked_none());
    marks_fixture_expect_write(f, marks_fixture_left(LIFE), marks_fixture_left(LIFE));
    marks_fixture_answer(f, marks_fixture_left(LIFE));
    assert_true(redis_marks_end_refill(f->marks, &f->dispatcher.actor, &refilled));
    marks_fixture_deliver(f, HIGHEST - 1);
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 3, marks_fixture_given_life(1, LIFE)},
                               marks_fixture_left(LIFE));
    marks_fixture_answer(f, marks_fixture_left(LIFE));
    assert_true(marks_fixture_is_acknowledged(f));
    marks_fixture_assert_acked(f, (struct acked){HIGHEST, 3, marks_fixture_given_life(1, LIFE)});
    marks_fixture_close(f);
}

static void emptied_behind_our_back_it_is_found_out_by_the_next_delivery(void **state)
{
    (void)state;
    const int64_t life = marks_fixture_given_life(2, LIFE);
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
    marks_fixture_connect_to(f, (struct acked){HIGHEST, 2, LIFE});
    marks_fixture_deliver(f, HIGHEST - 1);
    assert_false(marks_fixture_is_acknowledged(f));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 3, life},
                               (struct acked){HIGHEST, 2, LIFE});
    marks_fixture_answer(f, acked_none());
    marks_fixture_expect_write(f, (struct acked){0, 0, marks_fixture_given_life(3, life)},
                               acked_none());
    marks_fixture_answer(f, acked_none());
    assert_int_equal(marks_fixture_losses(f), 1);
    marks_fixture_close(f);
}

/* What another process has filled again lacks what only we know. */
static void a_life_that_another_has_begun_is_refilled_and_goes_on(void **state)
{
    (void)state;
    const struct acked other = {HIGHEST, 9, LIFE + 1};
    const int64_t life = marks_fixture_given_life(2, LIFE + 1);
    const struct acked signed_there = {HIGHEST, 9, life};
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
    const struct msg_sink_refilled refilled = {.loss = 1};
    marks_fixture_connect_to(f, other);
    marks_fixture_expect_write(f, signed_there, other);
    marks_fixture_answer(f, other);
    assert_int_equal(marks_fixture_losses(f), 1);
    marks_fixture_deliver(f, HIGHEST - 1);
    assert_true(marks_fixture_is_acknowledged(f));
    assert_int_equal(f->delivery.acked.life, LIFE); /* who dies now begins the refill anew */
    assert_true(redis_marks_end_refill(f->marks, &f->dispatcher.actor, &refilled));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 10, life}, signed_there);
    marks_fixture_answer(f, signed_there);
    marks_fixture_acknowledge(f, HIGHEST - 2, (struct acked){HIGHEST, 10, life},
                              (struct acked){HIGHEST, 11, life});
    assert_int_equal(f->delivery.acked.life, life);
    marks_fixture_close(f);
}

/* Else a third, who knows its old life alone and more than we, would take it for what it left. */
static void a_copy_from_before_a_loss_that_we_know_of_begins_a_life_above_both(void **state)
{
    (void)state;
    const struct acked copy = {HIGHEST, 2, LIFE};
    const struct acked begun = {HIGHEST, 2, marks_fixture_given_life(2, LIFE + 5)};
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE + 5});
    marks_fixture_connect_to(f, copy);
    marks_fixture_expect_write(f, begun, copy);
    marks_fixture_answer(f, copy);
    assert_int_equal(marks_fixture_losses(f), 1);
    marks_fixture_close(f);
}

static void a_copy_from_the_middle_of_a_refill_has_forgotten(void **state)
{
    (void)state;
    const struct acked other = {HIGHEST, 9, LIFE + 1};
    const int64_t life = marks_fixture_given_life(2, LIFE + 1);
    const struct acked signed_there = {HIGHEST, 9, life};
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
    const struct msg_sink_refilled refilled = {.loss = 1};
    marks_fixture_connect_to(f, other);
    marks_fixture_expect_write(f, signed_there, other);
    marks_fixture_answer(f, other);
    assert_true(redis_marks_end_refill(f->marks, &f->dispatcher.actor, &refilled));
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 10, life}, signed_there);
    marks_fixture_answer(f, signed_there);
    redis_marks_rewind(f->marks);
    marks_fixture_connect_to(f, signed_there);
    redis_marks_send(f->marks, NULL, 0);
    assert_true(marks_fixture_is_calling());
    marks_fixture_answer(f, signed_there);
    assert_int_equal(marks_fixture_losses(f), 2);
    marks_fixture_close(f);
}

/* Lives of another hand. */
static void beyond_what_lua_counts_exactly_lives_begin_anew(void **state)
{
    (void)state;
    const int64_t last = INT64_C(1) << 53;
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, last});
    marks_fixture_connect_to(f, (struct acked){HIGHEST, 1, last});
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 1, marks_fixture_given_life(2, 0)},
                               (struct acked){HIGHEST, 1, last});
    marks_fixture_close(f);
}

/* A state that began from nothing has heard of no loss before it. */
static void who_knows_no_life_cannot_tell_what_is_missing(void **state)
{
    (void)state;
    const struct acked there = {HIGHEST, 4, LIFE};
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 0, 0});
    marks_fixture_connect_to(f, there);
    marks_fixture_expect_write(f, (struct acked){HIGHEST, 4, marks_fixture_given_life(2, LIFE)},
                               there);
    marks_fixture_answer(f, there);
    assert_int_equal(marks_fixture_losses(f), 1);
    marks_fixture_close(f);
}

/* Cut off in the middle, what has our life has not all. */
static void a_refill_that_was_cut_off_begins_anew(void **state)
{
    (void)state;
    const struct acked there = {HIGHEST, 9, LIFE + 1};
    const struct acked signed_there = {HIGHEST, 9, marks_fixture_given_life(2, LIFE + 1)};
    struct marks_fixture *f = marks_fixture_open((struct acked){HIGHEST, 2, LIFE});
    marks_fixture_connect_to(f, there);
    marks_fixture_expect_write(f, signed_there, there);
    marks_fixture_answer(f, there);
    redis_marks_rewind(f->marks);
    marks_fixture_connect_to(f, signed_there);
    redis_marks_send(f->marks, NULL, 0);
    marks_fixture_answer(f, signed_there);
    assert_int_equal(marks_fixture_losses(f), 2);
    marks_fixture_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_refill_the_mark_has_all_that_was_acknowledged_meanwhile),
        cmocka_unit_test(what_ends_with_a_refill_comes_after_what_was_acknowledged),
        cmocka_unit_test(emptied_behind_our_back_it_is_found_out_by_the_next_delivery),
        cmocka_unit_test(a_life_that_another_has_begun_is_refilled_and_goes_on),
        cmocka_unit_test(a_copy_from_before_a_loss_that_we_know_of_begins_a_life_above_both),
        cmocka_unit_test(a_copy_from_the_middle_of_a_refill_has_forgotten),
        cmocka_unit_test(beyond_what_lua_counts_exactly_lives_begin_anew),
        cmocka_unit_test(who_knows_no_life_cannot_tell_what_is_missing),
        cmocka_unit_test(a_refill_that_was_cut_off_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
