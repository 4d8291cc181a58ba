#include "actors/edge/mongo_error.h"

#include "tests/unit/cmocka.h"

static void only_what_is_about_a_document_is_refused(void **state)
{
    (void)state;
    enum { DOCUMENT_VALIDATION = 121, BSON_TOO_LARGE = 10334, BAD_VALUE = 2 };
    assert_int_equal(mongo_error_of(DOCUMENT_VALIDATION), MONGO_ERROR_refused);
    assert_int_equal(mongo_error_of(BSON_TOO_LARGE), MONGO_ERROR_refused);
    assert_int_equal(mongo_error_of(BAD_VALUE), MONGO_ERROR_refused);
}

static void an_unwell_server_is_asked_again(void **state)
{
    (void)state;
    static const int32_t codes[] = {13, 18, 64, 91, 189, 10107, 11600, 11602, 13435, 13436, 14031};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_int_equal(mongo_error_of(codes[i]), MONGO_ERROR_unavailable);
    }
}

static void a_duplicate_key_is_a_case_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(mongo_error_of(11000), MONGO_ERROR_duplicate);
}

static void advice_is_given_where_there_is_some(void **state)
{
    (void)state;
    assert_string_not_equal(mongo_error_advice(13), "");
    assert_string_equal(mongo_error_advice(0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_about_a_document_is_refused),
        cmocka_unit_test(an_unwell_server_is_asked_again),
        cmocka_unit_test(a_duplicate_key_is_a_case_of_its_own),
        cmocka_unit_test(advice_is_given_where_there_is_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
