#include "state/percent.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <string.h>

static void only_unreserved_letters_stay_as_they_are(void **state)
{
    (void)state;
    char out[128] = "";
    assert_true(percent_encode("aZ09-._~", false, out, sizeof(out)));
    assert_true(percent_encode(" +/=:%\n", false, out, sizeof(out)));
    assert_string_equal(out, "aZ09-._~%20%2B%2F%3D%3A%25%0A");
}

static void slashes_stay_where_they_part_a_path(void **state)
{
    (void)state;
    char out[64] = "http://host/";
    assert_true(percent_encode("a b/\xc3\xa9", true, out, sizeof(out)));
    assert_string_equal(out, "http://host/a%20b/%C3%A9");
}

static void what_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    char out[12] = "abc";
    assert_false(percent_encode("123456 ", false, out, sizeof(out)));
    assert_string_equal(out, "abc");
    assert_true(percent_encode("12 4", false, out, sizeof(out)));
    assert_string_equal(out, "abc12%204");
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    char text[256] = "";
    char encoded[1024] = "";
    char decoded[256];
    for (int i = 1; i < 256; i++) {
        text[i - 1] = (char)i;
    }
    assert_true(percent_encode(text, false, encoded, sizeof(encoded)));
    assert_true(percent_decode(encoded, strlen(encoded), true, decoded, sizeof(decoded)));
    assert_string_equal(decoded, text);
}

static void a_plus_is_a_space_in_forms_only(void **state)
{
    (void)state;
    char out[16];
    assert_true(percent_decode("a+%2b%2Bc", 9, true, out, sizeof(out)));
    assert_string_equal(out, "a ++c");
    assert_true(percent_decode("a+b", 2, false, out, sizeof(out)));
    assert_string_equal(out, "a+");
}

static void what_is_not_encoded_right_is_refused(void **state)
{
    (void)state;
    char out[8];
    static const char *const wrong[] = {"%", "%4", "a%zz", "%0g", "%00", "%-1", "12345678"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_false(percent_decode(wrong[i], strlen(wrong[i]), false, out, sizeof(out)));
    }
    assert_false(percent_decode("%41", 2, false, out, sizeof(out))); /* cut within */
    assert_true(percent_decode("1234567", 7, false, out, sizeof(out)));
    assert_true(percent_decode("", 0, false, out, 1));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_unreserved_letters_stay_as_they_are),
        cmocka_unit_test(slashes_stay_where_they_part_a_path),
        cmocka_unit_test(what_does_not_fit_changes_nothing),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(a_plus_is_a_space_in_forms_only),
        cmocka_unit_test(what_is_not_encoded_right_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
