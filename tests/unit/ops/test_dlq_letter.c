#include "ops/dlq_letter.h"

#include "tests/unit/cmocka.h"

#include <stdio.h>

static struct dlq_letter letter(void)
{
    return (struct dlq_letter){
        .kind = DLQ_letter,
        .id = "klines/0/5",
        .reason = "late",
        .topic = "klines",
        .offset = 5,
    };
}

static void a_letter_goes_once_unless_forced(void **state)
{
    (void)state;
    struct dlq_letter l = letter();
    assert_int_equal(dlq_letter_judge(&l, false, false), DLQ_VERDICT_may_go);
    assert_int_equal(dlq_letter_judge(&l, true, false), DLQ_VERDICT_retried);
    assert_int_equal(dlq_letter_judge(&l, true, true), DLQ_VERDICT_may_go);
}

static void what_is_cut_or_no_kline_never_goes(void **state)
{
    (void)state;
    struct dlq_letter cut = letter();
    struct dlq_letter candle = letter();
    struct dlq_letter lost = letter();
    cut.is_truncated = true;
    snprintf(candle.reason, sizeof(candle.reason), "rejected");
    lost.topic[0] = '\0';
    assert_int_equal(dlq_letter_judge(&cut, false, true), DLQ_VERDICT_truncated);
    assert_int_equal(dlq_letter_judge(&candle, false, true), DLQ_VERDICT_rejected);
    assert_int_equal(dlq_letter_judge(&lost, false, true), DLQ_VERDICT_placeless);
}

static void the_key_is_the_old_one_or_the_symbol_or_none(void **state)
{
    (void)state;
    struct dlq_letter l = letter();
    assert_null(dlq_letter_key(&l).bytes);
    snprintf(l.symbol, sizeof(l.symbol), "BTCUSDT");
    assert_true(slice_equals(dlq_letter_key(&l), slice_of_text("BTCUSDT")));
    l.key = (struct slice){"", 0};
    assert_true(slice_equals(dlq_letter_key(&l), slice_of_text("BTCUSDT")));
    l.key = slice_of_text("other");
    assert_true(slice_equals(dlq_letter_key(&l), slice_of_text("other")));
}

static void every_verdict_has_words(void **state)
{
    (void)state;
    for (int i = 0; i < DLQ_VERDICT_COUNT; i++) {
        assert_non_null(dlq_letter_verdict_text((enum dlq_verdict)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_goes_once_unless_forced),
        cmocka_unit_test(what_is_cut_or_no_kline_never_goes),
        cmocka_unit_test(the_key_is_the_old_one_or_the_symbol_or_none),
        cmocka_unit_test(every_verdict_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
