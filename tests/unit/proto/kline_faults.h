/* What is wrong with a kline, and what kline_decode() says of it: the table of test_kline_check.c.
 */
#ifndef CANDLED_TESTS_UNIT_PROTO_KLINE_FAULTS_H
#define CANDLED_TESTS_UNIT_PROTO_KLINE_FAULTS_H

#include "proto/reason.h"
#include "tests/unit/proto/kline_fixture.h"

#define TIMES "\"t\":1628952360000,\"T\":1628952419999"
#define NOT_SYMBOL " is not 1 to 64 bytes of UTF-8 without colon, white space and controls"
#define NOT_CLOSE " is not the last millisecond or microsecond of the minute"
#define TOO_MANY " has more than 16 digits before the point or 14 after it"
#define IDS_MISSING " is missing, and f and L come together"

/* clang-format off */
static const struct kline_fault {
    const char *text;
    const char *old;
    const char *new; /* in place of old */
    enum reason reason;
    const char *error;
} kline_faults[] = {
    {RAW, RAW, "", REASON_empty, "the record has no value"},

    {RAW, RAW, "kline", REASON_not_json, "at byte 0 of 5"},
    {RAW, "\"0\"}}", "\"0\"}}x", REASON_not_json, "at byte 314 of 315"},
    {RAW, "\"0\"}}", "\"0\"}", REASON_not_json, "at byte 313 of 313"},

    {RAW, RAW, "[]", REASON_not_a_kline, "the value: an array is not of type object"},
    {RAW, RAW, "5", REASON_not_a_kline, "the value: 5 is not of type object"},
    {RAW, RAW, "{}", REASON_not_a_kline, "the object has none of e, k, data, t, i, x"},
    {RAW, RAW, "{\"result\":null,\"id\":1}", REASON_not_a_kline, "the object has none of e, k, data, t, i, x"},
    {RAW, "\"e\":\"kline\"", "\"e\":\"trade\"", REASON_not_a_kline, "e: \"trade\" is not kline"},
    {RAW, "\"e\":\"kline\"", "\"e\":\"Kline\"", REASON_not_a_kline, "e: \"Kline\" is not kline"},
    {RAW, RAW, "{\"data\":{}}", REASON_not_a_kline, "data is no event: it has neither e nor k"},
    {WRAPPED, RAW, BARE, REASON_not_a_kline, "data is no event: it has neither e nor k"},
    {WRAPPED, RAW, WRAPPED, REASON_not_a_kline, "data is no event: it has neither e nor k"},

    {RAW, "\"e\":\"kline\",", "", REASON_missing_field, "e is missing"},
    {RAW, "\"E\":1628952396573,", "", REASON_missing_field, "E is missing"},
    {WRAPPED, "\"k\":", "\"K\":", REASON_missing_field, "k is missing"},
    {RAW, "\"x\":true,", "", REASON_missing_field, "k.x is missing"},
    {BARE, "\"Q\"", "\"QQ\"", REASON_missing_field, "Q is missing"},
    {RAW, "\"f\":38248833,", "", REASON_missing_field, "k.f" IDS_MISSING},
    {RAW, "\"f\":38248833,", "\"f\":null,", REASON_missing_field, "k.f" IDS_MISSING},
    {RAW, "\"L\":38248910,", "", REASON_missing_field, "k.L" IDS_MISSING},

    {RAW, "\"e\":\"kline\"", "\"e\":1", REASON_wrong_type, "e: 1 is not of type string"},
    {RAW, "\"k\":" BARE, "\"k\":[]", REASON_wrong_type, "k: an array is not of type object"},
    {WRAPPED, RAW, "[]", REASON_wrong_type, "data: an array is not of type object"},
    {WRAPPED, RAW, "null", REASON_wrong_type, "data: null is not of type object"},
    {RAW, "573,\"s\":\"FTMUSDT\"", "573,\"s\":7", REASON_wrong_type, "s: 7 is not of type string"},
    {RAW, "573,\"s\":\"FTMUSDT\"", "573,\"s\":\"FTM\"", REASON_wrong_type, "s: \"FTM\" is not the k.s"},
    {RAW, "\"E\":1628952396573", "\"E\":1628952396573.0", REASON_wrong_type,
     "E: a number that is no 64-bit integer is not of type integer"},
    {RAW, "\"E\":1628952396573", "\"E\":\"1628952396573\"", REASON_wrong_type,
     "E: \"1628952396573\" is not of type integer"},
    {RAW, "\"t\":1628952360000", "\"t\":true", REASON_wrong_type, "k.t: true is not of type integer"},
    {RAW, "\"t\":1628952360000", "\"t\":null", REASON_wrong_type, "k.t: null is not of type integer"},
    {RAW, "\"t\":1628952360000", "\"t\":18446744073709551615", REASON_wrong_type,
     "k.t: an integer of more than 63 bits is not of type integer"},
    {RAW, "\"h\":\"0.34070000\"", "\"h\":0.34", REASON_wrong_type,
     "k.h: a number that is no 64-bit integer is not of type string"},
    {RAW, "\"h\":\"0.34070000\"", "\"h\":1", REASON_wrong_type, "k.h: 1 is not of type string"},
    {RAW, "\"x\":true", "\"x\":1", REASON_wrong_type, "k.x: 1 is not of type boolean"},
    {RAW, "\"x\":true", "\"x\":\"true\"", REASON_wrong_type, "k.x: \"true\" is not of type boolean"},
    {RAW, "\"n\":78", "\"n\":\"78\"", REASON_wrong_type, "k.n: \"78\" is not of type integer"},
    {RAW, "\"f\":38248833", "\"f\":\"a\"", REASON_wrong_type, "k.f: \"a\" is not of type integer"},
    {RAW, "\"x\":true", "\"x\":true,\"x\":true", REASON_wrong_type, "k.x is given twice"},
    {RAW, "\"e\":\"kline\"", "\"e\":\"kline\",\"E\":1", REASON_wrong_type, "E is given twice"},
    {WRAPPED, "{\"stream\"", "{\"data\":{},\"stream\"", REASON_wrong_type, "data is given twice"},
    {BARE, "\"n\":78", "\"n\":78,\"h\":\"1\"", REASON_wrong_type, "h is given twice"},

    {RAW, "\"h\":\"0.34070000\"", "\"h\":\"12x\"", REASON_not_a_number, "k.h: \"12x\" is not a decimal number"},
    {RAW, "\"h\":\"0.34070000\"", "\"h\":\"\"", REASON_not_a_number, "k.h: \"\" is not a decimal number"},
    {RAW, "\"v\":\"208601.00000000\"", "\"v\":\"1e5\"", REASON_not_a_number, "k.v: \"1e5\" is not a decimal number"},
    {RAW, "\"v\":\"208601.00000000\"", "\"v\":\"NaN\"", REASON_not_a_number, "k.v: \"NaN\" is not a decimal number"},
    {BARE, "\"q\":\"70846.76968900\"", "\"q\":\" 1\"", REASON_not_a_number, "q: \" 1\" is not a decimal number"},

    {RAW, "\"o\":\"0", "\"o\":\"-0", REASON_negative, "k.o: \"-0.34064000\" is negative"},
    {RAW, "\"v\":\"", "\"v\":\"-", REASON_negative, "k.v: \"-208601.00000000\" is negative"},
    {RAW, "\"V\":\"", "\"V\":\"-", REASON_negative, "k.V: \"-156046.30000000\" is negative"},
    {RAW, "\"n\":78", "\"n\":-1", REASON_negative, "k.n: -1 is negative"},
    {RAW, "\"E\":1628952396573", "\"E\":-1", REASON_negative, "E: -1 is negative"},

    {RAW, "\"v\":\"", "\"v\":\"99999999999", REASON_too_many_digits,
     "k.v: \"99999999999208601.00000000\"" TOO_MANY},
    {RAW, "\"c\":\"0.33993000", "\"c\":\"0.339930000000001", REASON_too_many_digits,
     "k.c: \"0.339930000000001\"" TOO_MANY},
    {RAW, "\"n\":78", "\"n\":1000000000000000", REASON_too_many_digits,
     "k.n: 1000000000000000 has more than 15 digits"},

    {RAW, "\"h\":\"0.34070000\"", "\"h\":\"0.33933999\"", REASON_high_below_low,
     "k.h: \"0.33933999\" is lower than l"},
    {RAW, "\"o\":\"0.34064000\"", "\"o\":\"0.34070001\"", REASON_open_outside,
     "k.o: \"0.34070001\" is outside l..h"},
    {RAW, "\"o\":\"0.34064000\"", "\"o\":\"0\"", REASON_open_outside, "k.o: \"0\" is outside l..h"},
    {RAW, "\"c\":\"0.33993000\"", "\"c\":\"9.9\"", REASON_close_outside, "k.c: \"9.9\" is outside l..h"},

    {RAW, "\"1m\"", "\"5m\"", REASON_wrong_interval, "k.i: \"5m\" is not 1m"},
    {RAW, "\"1m\"", "\"1M\"", REASON_wrong_interval, "k.i: \"1M\" is not 1m"},
    {RAW, "\"1m\"", "\"\"", REASON_wrong_interval, "k.i: \"\" is not 1m"},

    {RAW, TIMES, "\"t\":1628952360001,\"T\":1628952420000", REASON_open_time,
     "k.t: 1628952360001 is not on a minute"},
    {RAW, TIMES, "\"t\":1628952360000001,\"T\":1", REASON_open_time, "k.t: 1628952360000001 is not on a minute"},
    {RAW, TIMES, "\"t\":-60000,\"T\":-1", REASON_open_time, "k.t: -60000 is out of range"},
    {RAW, TIMES, "\"t\":100000000020000000,\"T\":1", REASON_open_time, "k.t: 100000000020000000 is out of range"},
    {RAW, TIMES, "\"t\":9223372036854775807,\"T\":1", REASON_open_time, "k.t: 9223372036854775807 is out of range"},

    {RAW, "419999,", "420000,", REASON_close_time, "k.T: 1628952420000" NOT_CLOSE},
    {RAW, "419999,", "419999999,", REASON_close_time, "k.T: 1628952419999999" NOT_CLOSE},
    {RAW, TIMES, "\"t\":1628952360000000,\"T\":1628952419999", REASON_close_time, "k.T: 1628952419999" NOT_CLOSE},
    {RAW, "\"T\":1628952419999", "\"T\":-9223372036854775808", REASON_close_time,
     "k.T: -9223372036854775808" NOT_CLOSE},

    {BARE, "\"FTMUSDT\"", "\"\"", REASON_bad_symbol, "s: \"\"" NOT_SYMBOL},
    {BARE, "\"FTMUSDT\"", "\"FTM:USDT\"", REASON_bad_symbol, "s: \"FTM:USDT\"" NOT_SYMBOL},
    {BARE, "\"FTMUSDT\"", "\"FTM USDT\"", REASON_bad_symbol, "s: \"FTM USDT\"" NOT_SYMBOL},
    {BARE, "\"FTMUSDT\"", "\"FTM\\u0000\"", REASON_bad_symbol, "s: \"FTM\\x00\"" NOT_SYMBOL},
    {BARE, "\"FTMUSDT\"", "\"FTM\\n\"", REASON_bad_symbol, "s: \"FTM\\x0a\"" NOT_SYMBOL},
    {BARE, "\"FTMUSDT\"", "\"FTM\x7f\"", REASON_bad_symbol, "s: \"FTM\\x7f\"" NOT_SYMBOL},
    {BARE, "\"FTMUSDT\"", "\"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM\"", REASON_bad_symbol,
     "s: \"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXY\"..." NOT_SYMBOL},

    {RAW, "\"E\":1628952396573", "\"E\":100000000000000000", REASON_future,
     "E: 100000000000000000 is beyond the year 5138"},

    /* the first fault in the order of the checks is the one that is told */
    {RAW, TIMES, "\"t\":1,\"T\":\"x\"", REASON_wrong_type, "k.T: \"x\" is not of type integer"},
    {RAW, "\"1m\",\"f\":38248833,\"L\":38248910,\"o\":\"0", "\"5m\",\"f\":38248833,\"L\":38248910,\"o\":\"z",
     REASON_wrong_interval, "k.i: \"5m\" is not 1m"},
};
/* clang-format on */

#endif
