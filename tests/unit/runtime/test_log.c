#include "runtime/log.h"

#include "tests/unit/runtime/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char output[1 << 16];

static const char logfmt_head[] = " level=warning event=sink_down msg=\"a sink cannot be reached; "
                                  "candles wait on disk, retrying for ever\"";
static const char json_head[] = ",\"level\":\"warning\",\"event\":\"sink_down\",\"msg\":\"a sink "
                                "cannot be reached; candles wait on disk, retrying for ever\"";

static size_t write_event(bool is_json, const struct log_field *fields)
{
    struct capture capture;
    log_configure(LOG_LEVEL_info, is_json);
    capture_start(&capture);
    log_write(LOG_sink_down, fields);
    size_t length = capture_stop(&capture, output, sizeof(output));
    log_configure(LOG_LEVEL_info, false);
    return length;
}

/* What follows the time and the constant head. */
static const char *fields_of(const char *head)
{
    const char *at = strstr(output, head);
    assert_non_null(at);
    return at + strlen(head);
}

static void check_text(const char *text, const char *in_logfmt, const char *in_json)
{
    char expected[256];
    const struct log_field fields[] = {log_text("k", text), {.key = NULL}};

    (void)write_event(false, fields);
    (void)snprintf(expected, sizeof(expected), " k=%s\n", in_logfmt);
    assert_string_equal(fields_of(logfmt_head), expected);

    (void)write_event(true, fields);
    (void)snprintf(expected, sizeof(expected), ",\"k\":%s}\n", in_json);
    assert_string_equal(fields_of(json_head), expected);
}

static void a_line_has_its_time_level_event_message_and_fields(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture);
    log_event(LOG_sink_down, log_text("sink", "redis"), log_int("partition", -3));
    (void)capture_stop(&capture, output, sizeof(output));
    assert_memory_equal(output, "ts=", 3);
    assert_string_equal(fields_of(logfmt_head), " sink=redis partition=-3\n");

    (void)write_event(true, (const struct log_field[]){log_text("sink", "redis"),
                                                       log_int("partition", -3),
                                                       {.key = NULL}});
    assert_memory_equal(output, "{\"ts\":\"", 7);
    assert_string_equal(fields_of(json_head), ",\"sink\":\"redis\",\"partition\":-3}\n");
}

static void the_time_is_utc_with_milliseconds(void **state)
{
    (void)state;
    time_t before = time(NULL);
    (void)write_event(false, (const struct log_field[]){{.key = NULL}});
    struct tm utc = {0};
    const char *rest = strptime(output, "ts=%Y-%m-%dT%H:%M:%S", &utc);
    assert_non_null(rest);
    assert_in_range(timegm(&utc), before, time(NULL));
    assert_int_equal(rest[0], '.');
    assert_int_equal(strspn(rest + 1, "0123456789"), 3);
    assert_memory_equal(rest + 4, "Z level=", 8);
}

static void a_value_is_quoted_only_where_it_must_be(void **state)
{
    (void)state;
    check_text("plain", "plain", "\"plain\"");
    check_text("redis://h:6379/0", "redis://h:6379/0", "\"redis://h:6379/0\"");
    check_text("", "\"\"", "\"\"");
    check_text(NULL, "\"\"", "\"\"");
    check_text("two words", "\"two words\"", "\"two words\"");
    check_text("a=b", "\"a=b\"", "\"a=b\"");
}

static void quotes_and_backslashes_are_escaped(void **state)
{
    (void)state;
    check_text("say \"hi\"", "\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\"");
    check_text("c:\\x", "\"c:\\\\x\"", "\"c:\\\\x\"");
}

static void nobody_forges_a_line_or_commands_the_terminal(void **state)
{
    (void)state;
    check_text("x\nlevel=error\r\t", "\"x\\nlevel=error\\r\\t\"", "\"x\\nlevel=error\\r\\t\"");
    check_text("\x1b[2J\x01\x7f", "\"\\u001b[2J\\u0001\\u007f\"", "\"\\u001b[2J\\u0001\\u007f\"");
    check_text("\xc2\x9b", "\"\\u009b\"", "\"\\u009b\""); /* a control sequence in one character */
}

static void text_is_always_utf8(void **state)
{
    (void)state;
#define FFFD "\xef\xbf\xbd"
    check_text("n\xc3\xa9\xe2\x82\xac\xf0\x9f\x95\xaf", "\"n\xc3\xa9\xe2\x82\xac\xf0\x9f\x95\xaf\"",
               "\"n\xc3\xa9\xe2\x82\xac\xf0\x9f\x95\xaf\"");
    check_text("a\xff", "\"a" FFFD "\"", "\"a" FFFD "\"");
    check_text("\xe2\x82", "\"" FFFD FFFD "\"", "\"" FFFD FFFD "\""); /* it ends too early */
    check_text("\xc0\xaf", "\"" FFFD FFFD "\"", "\"" FFFD FFFD "\""); /* overlong */
    check_text("\xe0\x80\xaf", "\"" FFFD FFFD FFFD "\"", "\"" FFFD FFFD FFFD "\"");
    check_text("\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"", "\"" FFFD FFFD FFFD "\""); /* surrogate */
    check_text("\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"",
               "\"" FFFD FFFD FFFD FFFD "\""); /* beyond Unicode */
#undef FFFD
}

/* Every length around the limit, with characters of which none may be torn. */
static void check_cut(bool is_json, const char *unit, const char *unit_escaped)
{
    static char text[4096];
    const char *end = is_json ? "\",\"cut\":true}\n" : "\" cut=true\n";
    const char *opening = is_json ? ",\"k\":\"" : " k=\"";
    for (size_t pad = 0; pad < 16; pad++) {
        memset(text, ' ', pad);
        text[pad] = '\0';
        for (size_t length = pad; length + 4 < 3000; length += strlen(unit)) {
            memcpy(text + length, unit, strlen(unit) + 1);
        }
        size_t length = write_event(
            is_json,
            (const struct log_field[]){log_text("k", text), log_int("dropped", 1), {.key = NULL}});
        assert_in_range(length, 2000, 2048);
        assert_string_equal(output + length - strlen(end), end);
        const char *at = fields_of(is_json ? json_head : logfmt_head);
        assert_memory_equal(at, opening, strlen(opening));
        at += strlen(opening) + pad;
        while (at < output + length - strlen(end)) {
            assert_memory_equal(at, unit_escaped, strlen(unit_escaped));
            at += strlen(unit_escaped);
        }
        assert_ptr_equal(at, output + length - strlen(end));
    }
}

static void a_line_that_is_too_long_is_cut_and_stays_valid(void **state)
{
    (void)state;
    for (int is_json = 0; is_json < 2; is_json++) {
        check_cut(is_json != 0, " ", " ");
        check_cut(is_json != 0, "\"", "\\\"");
        check_cut(is_json != 0, "\x02", "\\u0002");
        check_cut(is_json != 0, "\xf0\x9f\x95\xaf", "\xf0\x9f\x95\xaf");
    }
}

static void a_number_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    static char text[2048];
    for (size_t size = 1800; size < 1960; size++) {
        memset(text, 'x', size);
        text[size] = '\0';
        size_t length =
            write_event(true, (const struct log_field[]){
                                  log_text("k", text), log_int("n", INT64_MIN), {.key = NULL}});
        assert_true(length <= 2048);
        bool has_number = strstr(output, ",\"n\":-9223372036854775808}\n") != NULL;
        bool is_cut = strstr(output, ",\"cut\":true}\n") != NULL;
        assert_true(has_number != is_cut);
        assert_true(is_cut == (strstr(output, "\"n\"") == NULL));
    }
}

static void lines_below_the_lowest_level_are_left_out(void **state)
{
    (void)state;
    struct capture capture;
    log_configure(LOG_LEVEL_error, false);
    capture_start(&capture);
    int errno_before = errno = ENOENT;
    log_event(LOG_sink_down, log_int("n", 1));
    log_event(LOG_kafka_fatal, log_int("n", 2));
    assert_int_equal(errno, errno_before);
    (void)capture_stop(&capture, output, sizeof(output));
    log_configure(LOG_LEVEL_info, false);
    assert_null(strstr(output, "n=1"));
    assert_non_null(strstr(output, "level=error event=kafka_fatal"));
    assert_non_null(strstr(output, " n=2\n"));
}

enum { THREADS = 4, LINES = 40 };

static void *log_lines(void *text)
{
    for (int i = 0; i < LINES; i++) {
        log_event(LOG_sink_down, log_text("k", text));
    }
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    (void)state;
    static char texts[THREADS][100];
    pthread_t threads[THREADS];
    struct capture capture;
    capture_start(&capture);
    for (int i = 0; i < THREADS; i++) {
        memset(texts[i], 'a' + i, sizeof(texts[i]) - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, log_lines, texts[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    (void)capture_stop(&capture, output, sizeof(output));
    int count = 0;
    for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *value = strstr(line, " k=");
        assert_memory_equal(line, "ts=", 3);
        assert_non_null(value);
        assert_string_equal(value + 3, texts[value[3] - 'a']);
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_time_level_event_message_and_fields),
        cmocka_unit_test(the_time_is_utc_with_milliseconds),
        cmocka_unit_test(a_value_is_quoted_only_where_it_must_be),
        cmocka_unit_test(quotes_and_backslashes_are_escaped),
        cmocka_unit_test(nobody_forges_a_line_or_commands_the_terminal),
        cmocka_unit_test(text_is_always_utf8),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_stays_valid),
        cmocka_unit_test(a_number_is_written_whole_or_not_at_all),
        cmocka_unit_test(lines_below_the_lowest_level_are_left_out),
        cmocka_unit_test(lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
