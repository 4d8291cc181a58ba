#include "state/s3_error.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

static enum status judge(int http_code, const char *code, char text[S3_ERROR_MAX],
                         const char **out_advice)
{
    char body[256];
    (void)snprintf(body, sizeof(body), "<Error><Code>%s</Code><Message>because</Message></Error>",
                   code);
    return s3_error_judge(http_code, slice_of_text(body), text, out_advice);
}

static void the_servers_own_words_and_what_to_do_are_told(void **state)
{
    (void)state;
    static const struct {
        int http_code;
        const char *code;
        enum status status;
        const char *advice;
    } cases[] = {
        {404, "NoSuchBucket", STATUS_REJECTED, "make the bucket"},
        {403, "SignatureDoesNotMatch", STATUS_REJECTED, "AWS_SECRET_ACCESS_KEY"},
        {403, "InvalidAccessKeyId", STATUS_REJECTED, "AWS_ACCESS_KEY_ID"},
        {400, "ExpiredToken", STATUS_REJECTED, "new credentials"},
        {403, "RequestTimeTooSkewed", STATUS_REJECTED, "clock"},
        {301, "PermanentRedirect", STATUS_REJECTED, "region"},
        {507, "XMinioStorageFull", STATUS_UNAVAILABLE, "room"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[S3_ERROR_MAX];
        const char *advice = NULL;
        assert_int_equal(judge(cases[i].http_code, cases[i].code, text, &advice), cases[i].status);
        assert_non_null(strstr(text, cases[i].code));
        assert_non_null(strstr(text, "because"));
        assert_non_null(advice);
        assert_non_null(strstr(advice, cases[i].advice));
    }
}

static void a_code_that_is_not_known_goes_by_its_http_code(void **state)
{
    (void)state;
    char text[S3_ERROR_MAX];
    const char *advice;
    assert_int_equal(judge(503, "Whatever", text, &advice), STATUS_UNAVAILABLE);
    assert_int_equal(judge(500, "InternalError", text, &advice), STATUS_UNAVAILABLE);
    assert_int_equal(judge(429, "TooMany", text, &advice), STATUS_UNAVAILABLE);
    assert_int_equal(judge(409, "Whatever", text, &advice), STATUS_REJECTED);
    assert_int_equal(judge(404, "NoSuchKey", text, &advice), STATUS_NOT_FOUND);
    assert_null(advice);
}

static void an_answer_that_is_not_s3s_goes_by_its_http_code(void **state)
{
    (void)state;
    char text[S3_ERROR_MAX];
    const char *advice;
    struct slice nothing = {NULL, 0};
    assert_int_equal(s3_error_judge(502, nothing, text, &advice), STATUS_UNAVAILABLE);
    assert_string_equal(text, "HTTP 502");
    assert_int_equal(s3_error_judge(404, slice_of_text("<html>"), text, &advice), STATUS_NOT_FOUND);
    assert_int_equal(s3_error_judge(405, slice_of_text("no"), text, &advice), STATUS_REJECTED);
    assert_non_null(strstr(advice, "endpoint"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_own_words_and_what_to_do_are_told),
        cmocka_unit_test(a_code_that_is_not_known_goes_by_its_http_code),
        cmocka_unit_test(an_answer_that_is_not_s3s_goes_by_its_http_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
