#include "tests/unit/cmocka.h"

#include "ops/batch_report.h"

static const struct ledger_hole holes[] = {
    {"A\"USDT", 1769904000000, 1769904180000},
    {"BUSDT", 1769904000000, 1769904060000},
};

static struct batch_day some_day(void)
{
    return (struct batch_day){
        .entry =
            {
                .topic = "t",
                .zone = "UTC",
                .date = "2026-02-01",
                .state = LEDGER_partial,
                .from_ms = 1769904000000,
                .to_ms = 1769990400000,
                .symbols = 2,
                .expected = 2880,
                .minutes = 2876,
                .log_minutes = 2876,
                .candles = 2876,
                .was_asked = true,
                .holes = holes,
                .hole_count = 2,
                .finished_ms = 1,
            },
        .written = 2870,
        .held = 6,
    };
}

static void a_line_of_json_names_everything(void **state)
{
    struct batch_day day = some_day();
    struct text out = {.bytes = NULL};
    (void)state;
    batch_report_json(&day, true, &out);
    assert_string_equal(
        text_get(&out),
        "{\"day\":\"2026-02-01\",\"timezone\":\"UTC\",\"topic\":\"t\",\"state\":\"partial\","
        "\"from\":1769904000000,\"to\":1769990400000,\"symbols\":2,\"minutes\":2876,"
        "\"expected\":2880,\"candles\":2876,\"sources\":{\"log\":2876,\"archive\":0,\"rest\":0},"
        "\"holes\":[{\"symbol\":\"A\\\"USDT\",\"from\":1769904000000,\"to\":1769904180000,"
        "\"minutes\":3},{\"symbol\":\"BUSDT\",\"from\":1769904000000,\"to\":1769904060000,"
        "\"minutes\":1}],\"holeMinutes\":4,\"pending\":0,\"asked\":true,\"backup\":null,"
        "\"finishedAt\":1,\"skipped\":false,\"written\":2870,\"held\":6,\"rejected\":0,"
        "\"error\":null}");
    text_deinit(&out);
}

static void people_get_the_holes_below(void **state)
{
    struct batch_day day = some_day();
    struct text out = {.bytes = NULL};
    (void)state;
    batch_report_text(&day, true, &out);
    assert_string_equal(text_get(&out),
                        "2026-02-01 UTC: partial, 2876 of 2880 minutes of 2 symbols; 2876 candles: "
                        "2870 written, 6 held already\n"
                        "  A\"USDT: 3 minutes from 2026-02-01T00:00:00Z\n"
                        "  BUSDT: 1 minutes from 2026-02-01T00:00:00Z\n");
    text_deinit(&out);
}

static void candles_that_mongodb_refused_are_named(void **state)
{
    struct batch_day day = some_day();
    struct text out = {.bytes = NULL};
    (void)state;
    day.entry.refused = 3;
    day.entry.hole_count = 0;
    batch_report_text(&day, true, &out);
    assert_string_equal(text_get(&out),
                        "2026-02-01 UTC: partial, 2876 of 2880 minutes of 2 symbols, 3 candles "
                        "were refused by MongoDB; 2876 candles: 2870 written, 6 held already\n");
    text_deinit(&out);
}

static void a_failure_says_why(void **state)
{
    struct batch_day day = some_day();
    struct text out = {.bytes = NULL};
    (void)state;
    day.is_failed = true;
    day.error = "MongoDB: gone";
    batch_report_text(&day, true, &out);
    assert_string_equal(text_get(&out), "2026-02-01 UTC: failed: MongoDB: gone\n");
    text_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_json_names_everything),
        cmocka_unit_test(people_get_the_holes_below),
        cmocka_unit_test(candles_that_mongodb_refused_are_named),
        cmocka_unit_test(a_failure_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
