#include "actors/edge/mongo_uri.h"

#include "tests/unit/cmocka.h"

#include <string.h>

static mongoc_uri_t *parsed(const char *text)
{
    mongoc_uri_t *uri = NULL;
    char error[600] = "";
    if (mongo_uri_parse(text, &uri, error, sizeof(error)) != STATUS_OK) {
        fail_msg("%s: %s", text, error);
    }
    return uri;
}

static void what_the_user_does_not_say_is_safe_and_short(void **state)
{
    (void)state;
    mongoc_uri_t *uri = parsed("mongodb://host");
    const mongoc_write_concern_t *concern = mongoc_uri_get_write_concern(uri);

    assert_true(mongoc_write_concern_get_wmajority(concern));
    assert_true(mongoc_write_concern_get_journal(concern));
    assert_int_equal(mongoc_write_concern_get_wtimeout_int64(concern), 3000);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 0),
                     2000);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, 0), 2000);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0), 5000);
    assert_true(mongoc_uri_get_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false));
    assert_string_equal(mongoc_uri_get_appname(uri), "candled");
    mongoc_uri_destroy(uri);
}

static void what_the_user_says_stays(void **state)
{
    (void)state;
    mongoc_uri_t *uri = parsed("mongodb://host/?w=1&journal=false&wtimeoutMS=7&socketTimeoutMS=8"
                               "&retryWrites=false&appname=mine");
    const mongoc_write_concern_t *concern = mongoc_uri_get_write_concern(uri);

    assert_int_equal(mongoc_write_concern_get_w(concern), 1);
    assert_false(mongoc_write_concern_get_journal(concern));
    assert_int_equal(mongoc_write_concern_get_wtimeout_int64(concern), 7);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0), 8);
    assert_false(mongoc_uri_get_option_as_bool(uri, MONGOC_URI_RETRYWRITES, true));
    assert_string_equal(mongoc_uri_get_appname(uri), "mine");
    mongoc_uri_destroy(uri);
}

static void what_cannot_be_promised_or_read_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"mongodb://host/?w=0", "host", "mongodb://", ""};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        mongoc_uri_t *uri = NULL;
        char error[600] = "";
        assert_int_equal(mongo_uri_parse(texts[i], &uri, error, sizeof(error)), STATUS_BAD_CONFIG);
        assert_null(uri);
        assert_string_not_equal(error, "");
    }
}

static void what_is_shown_has_no_password(void **state)
{
    (void)state;
    mongoc_uri_t *uri = parsed("mongodb://u:secret@one:1,two:2/?replicaSet=r");
    char shown[200];
    mongo_uri_print(uri, shown, sizeof(shown));
    assert_string_equal(shown, "mongodb://one:1,two:2");
    mongo_uri_print(uri, shown, 16);
    assert_string_equal(shown, "mongodb://one:1");
    mongoc_uri_destroy(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_user_does_not_say_is_safe_and_short),
        cmocka_unit_test(what_the_user_says_stays),
        cmocka_unit_test(what_cannot_be_promised_or_read_is_refused),
        cmocka_unit_test(what_is_shown_has_no_password),
    };
    mongoc_init();
    mongoc_log_set_handler(NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
