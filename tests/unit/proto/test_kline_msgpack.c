#include "proto/kline_msgpack.h"

#include "tests/unit/proto/kline_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void msgpack_that_is_no_kline_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum reason reason;
    } rows[] = {
        {"\x80", 1, REASON_not_a_kline},
        {"\x81\xa1z\x01", 4, REASON_not_a_kline},
        {"\x81\x01\x02", 3, REASON_not_a_kline},
        {"\x81\x92\x01\x02\xa1t", 6, REASON_not_a_kline},
        {"\x80\x01", 2, REASON_not_json},
        {"\x81\xa1t", 3, REASON_not_json},
        {"\x81\xa1t\x05", 4, REASON_missing_field},
        {"\x81\xa1t\x81\x01\x02", 6, REASON_missing_field},
        {"\x82\xa1t\x05\xa1t\x05", 7, REASON_wrong_type},
        {"\xde\xff\xff", 3, REASON_not_json},
        {"\x93\x01\x02\x03", 4, REASON_not_json}, /* an array: not even msgpack of ours */
        {"\xc0", 1, REASON_not_json},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(reason_of(*state, rows[i].bytes, rows[i].size), rows[i].reason);
    }
}

static void msgpack_is_judged_like_json(void **state)
{
    struct kline kline = decoded(*state, slice_of_text(RAW));
    unsigned char bytes[KLINE_ENCODED_MAX];
    struct kline changed = kline;

    changed.high.coefficient = 1;
    assert_int_equal(reason_of(*state, bytes, kline_encode(&changed, bytes)),
                     REASON_high_below_low);
    changed = kline;
    changed.open_ms++;
    assert_int_equal(reason_of(*state, bytes, kline_encode(&changed, bytes)), REASON_open_time);
    changed = kline;
    changed.volume.coefficient = -5;
    assert_int_equal(reason_of(*state, bytes, kline_encode(&changed, bytes)), REASON_negative);
    changed = kline;
    changed.symbol[3] = '\xff'; /* JSON could not even say that */
    assert_int_equal(reason_of(*state, bytes, kline_encode(&changed, bytes)), REASON_bad_symbol);
    changed.symbol[3] = ':';
    assert_int_equal(reason_of(*state, bytes, kline_encode(&changed, bytes)), REASON_bad_symbol);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msgpack_that_is_no_kline_is_refused),
        cmocka_unit_test(msgpack_is_judged_like_json),
    };
    return cmocka_run_group_tests(tests, create_decoder, destroy_decoder);
}
