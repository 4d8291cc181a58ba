#include "state/s3_xml.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

struct seen {
    char keys[8][64];
    int64_t sizes[8];
    size_t count;
};

static void see(void *context, const char *key, int64_t size_bytes)
{
    struct seen *seen = context;
    assert_true(seen->count < ARRAY_COUNT(seen->keys));
    (void)snprintf(seen->keys[seen->count], sizeof(seen->keys[0]), "%s", key);
    seen->sizes[seen->count++] = size_bytes;
}

static enum status read_page(const char *text, struct seen *seen, char token[S3_TOKEN_MAX + 1])
{
    *seen = (struct seen){.count = 0};
    return s3_xml_read_page(slice_of_text(text), see, seen, token);
}

/* As MinIO writes it: the encoding stands behind the keys that it is of. */
static const char page[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
    "<Prefix>p%2F</Prefix><KeyCount>2</KeyCount><IsTruncated>true</IsTruncated>"
    "<NextContinuationToken>1/x+y==</NextContinuationToken>"
    "<Contents><Key>p/a+b%2Bc</Key><ETag>&quot;d&quot;</ETag><Size>12</Size>"
    "<Owner><ID>Key</ID><DisplayName/></Owner></Contents>"
    "<Contents><Size>5368709121</Size><Key>p/%C3%A9&amp;%0A</Key></Contents>"
    "<EncodingType>url</EncodingType></ListBucketResult>";

static void a_page_tells_its_keys_decoded_and_where_the_next_begins(void **state)
{
    (void)state;
    struct seen seen;
    char token[S3_TOKEN_MAX + 1] = "";
    assert_int_equal(read_page(page, &seen, token), STATUS_OK);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.keys[0], "p/a b+c");
    assert_int_equal(seen.sizes[0], 12);
    assert_string_equal(seen.keys[1], "p/\xc3\xa9&\n");
    assert_int_equal(seen.sizes[1], 5368709121);
    assert_string_equal(token, "1/x+y==");
}

static void keys_that_are_not_encoded_stay_as_they_are(void **state)
{
    (void)state;
    struct seen seen;
    char token[S3_TOKEN_MAX + 1] = "before";
    assert_int_equal(read_page("<ListBucketResult><IsTruncated>false</IsTruncated><Contents>"
                               "<Key>a+%41&lt;</Key><Size>0</Size></Contents></ListBucketResult>",
                               &seen, token),
                     STATUS_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.keys[0], "a+%41<");
    assert_string_equal(token, "");
}

static void an_empty_page_is_a_page(void **state)
{
    (void)state;
    struct seen seen;
    char token[S3_TOKEN_MAX + 1] = "before";
    assert_int_equal(read_page("<ListBucketResult></ListBucketResult>", &seen, token), STATUS_OK);
    assert_int_equal(seen.count, 0);
    assert_string_equal(token, "");
}

static void a_page_that_is_not_whole_visits_nothing(void **state)
{
    (void)state;
    char cut[sizeof(page)];
    struct seen seen;
    char token[S3_TOKEN_MAX + 1] = "before";
    for (size_t size = 0; size + 1 < strlen(page); size++) {
        memcpy(cut, page, size);
        cut[size] = '\0';
        assert_int_equal(read_page(cut, &seen, token), STATUS_MALFORMED);
        assert_int_equal(seen.count, 0);
        assert_string_equal(token, "before");
    }
}

static void what_is_no_page_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "<html><body>hello</body></html>",
        "<Error><Code>x</Code></Error>",
        "<x><ListBucketResult/></x>",
        "{\"json\":1}",
        /* it goes on, and does not say where */
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
        "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
        /* texts that grow */
        "<!DOCTYPE l [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]>"
        "<ListBucketResult><Contents><Key>&b;</Key></Contents></ListBucketResult>",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct seen seen;
        char token[S3_TOKEN_MAX + 1] = "";
        assert_int_equal(read_page(wrong[i], &seen, token), STATUS_MALFORMED);
        assert_int_equal(seen.count, 0);
    }
}

static void keys_that_cannot_be_ours_are_left_out(void **state)
{
    (void)state;
    static char text[16384];
    struct seen seen;
    char token[S3_TOKEN_MAX + 1] = "";
    size_t size = (size_t)snprintf(text, sizeof(text), "<ListBucketResult><Contents><Key>");
    memset(text + size, 'k', 9000);
    (void)snprintf(text + size + 9000, sizeof(text) - size - 9000,
                   "</Key><Size>1</Size></Contents><Contents><Key>a%%0</Key></Contents>"
                   "<Contents><Key>good</Key><Size>2</Size></Contents>"
                   "<EncodingType>url</EncodingType></ListBucketResult>");
    assert_int_equal(read_page(text, &seen, token), STATUS_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.keys[0], "good");
}

static void an_error_tells_code_message_and_region(void **state)
{
    (void)state;
    struct s3_error error;
    assert_int_equal(
        s3_xml_read_error(slice_of_text("<Error><Code>AuthorizationHeaderMalformed</Code>"
                                        "<Message>the region is &quot;wrong&quot;</Message>"
                                        "<Region>eu-west-1</Region><Resource><Code>not this</Code>"
                                        "</Resource></Error>"),
                          &error),
        STATUS_OK);
    assert_string_equal(error.code, "AuthorizationHeaderMalformed");
    assert_string_equal(error.message, "the region is \"wrong\"");
    assert_string_equal(error.region, "eu-west-1");
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char text[1200] = "<Error><Code>C</Code><Message>";
    struct s3_error error;
    memset(text + strlen(text), 'm', 1000);
    (void)strcat(text, "</Message></Error>");
    assert_int_equal(s3_xml_read_error(slice_of_text(text), &error), STATUS_OK);
    assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
}

static void what_is_no_error_of_s3_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "<html/>",
        "<Error></Error>",
        "<Error><Code></Code></Error>",
        "<Error><Code>x</Code>",
        "<Errors><Error><Code>x</Code></Error></Errors",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct s3_error error = {.code = "untouched"};
        assert_int_equal(s3_xml_read_error(slice_of_text(wrong[i]), &error), STATUS_MALFORMED);
        assert_string_equal(error.code, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_tells_its_keys_decoded_and_where_the_next_begins),
        cmocka_unit_test(keys_that_are_not_encoded_stay_as_they_are),
        cmocka_unit_test(an_empty_page_is_a_page),
        cmocka_unit_test(a_page_that_is_not_whole_visits_nothing),
        cmocka_unit_test(what_is_no_page_is_malformed),
        cmocka_unit_test(keys_that_cannot_be_ours_are_left_out),
        cmocka_unit_test(an_error_tells_code_message_and_region),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(what_is_no_error_of_s3_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
