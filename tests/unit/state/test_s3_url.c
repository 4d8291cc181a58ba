#include "state/s3_url.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct s3_url parse(const char *text)
{
    struct s3_url url;
    char error[200] = "";
    assert_int_equal(s3_url_parse(text, &url, error, sizeof(error)), STATUS_OK);
    return url;
}

static void a_bucket_alone_is_amazons(void **state)
{
    (void)state;
    struct s3_url url = parse("s3://my-bucket");
    char out[S3_URL_MAX];
    assert_string_equal(url.region, "");
    assert_string_equal(url.prefix, "");
    (void)snprintf(url.region, sizeof(url.region), "eu-west-1");
    assert_true(s3_url_of_object(&url, "t/0/a.mdb", out, sizeof(out)));
    assert_string_equal(out, "https://my-bucket.s3.eu-west-1.amazonaws.com/t/0/a.mdb");
}

static void a_bucket_that_no_certificate_covers_stands_in_the_path(void **state)
{
    (void)state;
    struct s3_url url = parse("s3://my.bucket/a/b/?region=us-east-1");
    char out[S3_URL_MAX];
    assert_true(s3_url_of_object(&url, "k", out, sizeof(out)));
    assert_string_equal(out, "https://s3.us-east-1.amazonaws.com/my.bucket/a/b/k");
}

static void china_has_hosts_of_its_own(void **state)
{
    (void)state;
    struct s3_url url = parse("s3://bucket?region=cn-north-1");
    char out[S3_URL_MAX];
    assert_true(s3_url_of_object(&url, "k", out, sizeof(out)));
    assert_string_equal(out, "https://bucket.s3.cn-north-1.amazonaws.com.cn/k");
}

static void an_endpoint_is_asked_by_path(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "s3://bucket/pre/fix?endpoint=http://127.0.0.1:9000&region=here",
        "s3://bucket/pre/fix/?region=here&endpoint=http%3A%2F%2F127.0.0.1%3A9000/",
    };
    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        struct s3_url url = parse(urls[i]);
        char out[S3_URL_MAX];
        assert_string_equal(url.region, "here");
        assert_true(s3_url_of_object(&url, "a b/c+d=e", out, sizeof(out)));
        assert_string_equal(out, "http://127.0.0.1:9000/bucket/pre/fix/a%20b/c%2Bd%3De");
    }
}

static void a_list_has_its_parameters_sorted_and_encoded(void **state)
{
    (void)state;
    struct s3_url url = parse("s3://bucket/pre?endpoint=https://[::1]:9000");
    char out[S3_URL_MAX];
    assert_true(s3_url_of_list(&url, "topic/3/", "", out, sizeof(out)));
    assert_string_equal(out, "https://[::1]:9000/bucket/?encoding-type=url&list-type=2"
                             "&max-keys=1000&prefix=pre%2Ftopic%2F3%2F");
    assert_true(s3_url_of_list(&url, "", "1/+=", out, sizeof(out)));
    assert_string_equal(out, "https://[::1]:9000/bucket/?continuation-token=1%2F%2B%3D"
                             "&encoding-type=url&list-type=2&max-keys=1000&prefix=pre%2F");
}

static void the_longest_of_everything_fits(void **state)
{
    (void)state;
    char text[1024] = "s3://";
    char key[513];
    char token[S3_TOKEN_MAX + 1];
    char out[S3_URL_MAX];
    struct s3_url url;
    char error[200] = "";

    memset(text + 5, 'b', S3_BUCKET_MAX);
    text[5 + S3_BUCKET_MAX] = '/';
    for (size_t i = 0; i < S3_PREFIX_MAX; i++) {
        text[6 + S3_BUCKET_MAX + i] = i % 100 == 99 && i + 1 < S3_PREFIX_MAX ? '/' : '+';
    }
    (void)strcat(text, "?endpoint=https://");
    memset(text + strlen(text), 'h', 200);
    assert_int_equal(s3_url_parse(text, &url, error, sizeof(error)), STATUS_OK);
    memset(key, '+', sizeof(key) - 1);
    memset(token, '+', sizeof(token) - 1);
    key[sizeof(key) - 1] = '\0';
    token[sizeof(token) - 1] = '\0';
    assert_true(s3_url_of_object(&url, key, out, sizeof(out)));
    assert_true(s3_url_of_list(&url, key, token, out, sizeof(out)));
    assert_false(s3_url_of_list(&url, key, token, out, 1000));
    assert_false(s3_url_of_object(&url, key, out, 100));
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *told;
    } cases[] = {
        {"http://bucket", "s3://"},
        {"s3://", "cannot be the name of a bucket"},
        {"s3://ab", "cannot be the name of a bucket"},
        {"s3://buc ket", "'buc ket'"},
        {"s3://.bucket", "'.bucket'"},
        {"s3://key:secret@bucket/x", "AWS_SECRET_ACCESS_KEY"},
        {"s3://bucket/../x", "'../x'"},
        {"s3://bucket/a//b", "'a//b'"},
        {"s3://bucket/%2e%2e/b", "beginning of keys"},
        {"s3://bucket/a%0ab", "beginning of keys"},
        {"s3://bucket/a%zz", "beginning of keys"},
        {"s3://bucket?endpoint=host:9000", "http://"},
        {"s3://bucket?endpoint=http://", "http(s)://HOST"},
        {"s3://bucket?endpoint=http:///", "http(s)://HOST"},
        {"s3://bucket?endpoint=http://host/path", "http(s)://HOST"},
        {"s3://bucket?endpoint=http://user@host", "http(s)://HOST"},
        {"s3://bucket?region=", "eu-central-1"},
        {"s3://bucket?region=a/b", "eu-central-1"},
        {"s3://bucket?region", "eu-central-1"},
        {"s3://bucket?regoin=x", "there are: endpoint region"},
        {"s3://bucket?region=%4", "percent-encoded"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct s3_url url = {.bucket = "untouched"};
        char error[200] = "";
        assert_int_equal(s3_url_parse(cases[i].url, &url, error, sizeof(error)), STATUS_BAD_CONFIG);
        assert_string_equal(url.bucket, "untouched");
        if (strstr(error, cases[i].told) == NULL) {
            fail_msg("%s: '%s' does not say '%s'", cases[i].url, error, cases[i].told);
        }
    }
}

static void secrets_in_the_url_are_not_repeated(void **state)
{
    (void)state;
    struct s3_url url;
    char error[200] = "";
    assert_int_equal(s3_url_parse("s3://key:hush@bucket", &url, error, sizeof(error)),
                     STATUS_BAD_CONFIG);
    assert_null(strstr(error, "hush"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_alone_is_amazons),
        cmocka_unit_test(a_bucket_that_no_certificate_covers_stands_in_the_path),
        cmocka_unit_test(china_has_hosts_of_its_own),
        cmocka_unit_test(an_endpoint_is_asked_by_path),
        cmocka_unit_test(a_list_has_its_parameters_sorted_and_encoded),
        cmocka_unit_test(the_longest_of_everything_fits),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(secrets_in_the_url_are_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
