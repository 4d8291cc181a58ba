#include "state/s3_url.h"

#include "state/object_store.h"
#include "state/percent.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "s3://"

enum { BUCKET_MIN = 3 };

__attribute__((format(printf, 3, 4))) static enum status refuse(char *error, size_t error_size,
                                                                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return STATUS_BAD_CONFIG;
}

static bool is_made_of(const char *text, size_t size, const char *letters)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr(letters, text[i]) == NULL) {
            return false;
        }
    }
    return true;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static enum status take_bucket(const char *bucket, size_t size, struct s3_url *url, char *error,
                               size_t error_size)
{
    if (memchr(bucket, '@', size) != NULL) {
        return refuse(error, error_size,
                      "credentials do not belong into the url: set AWS_ACCESS_KEY_ID and "
                      "AWS_SECRET_ACCESS_KEY");
    }
    if (size < BUCKET_MIN || size > S3_BUCKET_MAX ||
        !is_made_of(bucket, size, LETTERS DIGITS ".-_") || strchr(".-_", bucket[0]) != NULL) {
        return refuse(error, error_size, "'%.*s' cannot be the name of a bucket", (int)size,
                      bucket);
    }
    memcpy(url->bucket, bucket, size);
    return STATUS_OK;
}

static enum status take_prefix(const char *prefix, size_t size, struct s3_url *url, char *error,
                               size_t error_size)
{
    char decoded[S3_PREFIX_MAX + 1];
    while (size > 0 && prefix[size - 1] == '/') {
        size--;
    }
    if (size == 0) {
        return STATUS_OK;
    }
    if (!percent_decode(prefix, size, false, decoded, sizeof(decoded)) ||
        !object_store_is_key(decoded)) {
        return refuse(error, error_size, "'%.*s' cannot be the beginning of keys", (int)size,
                      prefix);
    }
    (void)snprintf(url->prefix, sizeof(url->prefix), "%s/", decoded);
    return STATUS_OK;
}

static enum status set_endpoint(struct s3_url *url, const char *value, char *error,
                                size_t error_size)
{
    size_t size = strlen(value);
    const char *host = NULL;
    if (strncmp(value, "http://", 7) == 0) {
        host = value + 7;
    } else if (strncmp(value, "https://", 8) == 0) {
        host = value + 8;
    }
    if (host == NULL) {
        return refuse(error, error_size, "endpoint: '%s' does not begin with http:// or https://",
                      value);
    }
    size -= value[size - 1] == '/';
    if (size <= (size_t)(host - value) || size >= sizeof(url->endpoint) ||
        !is_made_of(host, size - (size_t)(host - value), LETTERS DIGITS "-._:[]")) {
        return refuse(error, error_size, "endpoint: '%s' is not http(s)://HOST[:PORT]", value);
    }
    memcpy(url->endpoint, value, size);
    url->endpoint[size] = '\0';
    return STATUS_OK;
}

static enum status set_region(struct s3_url *url, const char *value, char *error, size_t error_size)
{
    size_t size = strlen(value);
    if (size == 0 || size > S3_REGION_MAX || !is_made_of(value, size, LETTERS DIGITS "-")) {
        return refuse(error, error_size, "region: '%s' is not one, like eu-central-1", value);
    }
    memcpy(url->region, value, size + 1);
    return STATUS_OK;
}

/* clang-format off */
#define PARAMETERS(X) \
    X(endpoint)       \
    X(region)
/* clang-format on */

/* One NAME=VALUE. */
static enum status take_parameter(const char *text, size_t size, struct s3_url *url, char *error,
                                  size_t error_size)
{
    char value[512] = "";
    size_t name_size = strcspn(text, "=&");
    size_t value_at = name_size < size ? name_size + 1 : size;

    if (!percent_decode(text + value_at, size - value_at, false, value, sizeof(value))) {
        return refuse(error, error_size, "'%.*s' is too long, or not percent-encoded", (int)size,
                      text);
    }
#define X(name)                                                                                    \
    if (name_size == strlen(#name) && memcmp(text, #name, name_size) == 0) {                       \
        return set_##name(url, value, error, error_size);                                          \
    }
    PARAMETERS(X)
#undef X
#define X(name) " " #name
    return refuse(error, error_size, "there is no parameter '%.*s'; there are:" PARAMETERS(X),
                  (int)name_size, text);
#undef X
}

static enum status take_parameters(const char *text, struct s3_url *url, char *error,
                                   size_t error_size)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && *text != '\0') {
        size_t size = strcspn(text, "&");
        if (size > 0) {
            status = take_parameter(text, size, url, error, error_size);
        }
        text += size + (text[size] == '&');
    }
    return status;
}

enum status s3_url_parse(const char *url, struct s3_url *out_url, char *error, size_t error_size)
{
    struct s3_url parsed = {.bucket = ""};
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0) {
        return refuse(error, error_size, "it does not begin with " SCHEME);
    }
    const char *bucket = url + strlen(SCHEME);
    size_t bucket_size = strcspn(bucket, "/?");
    const char *prefix = bucket + bucket_size + (bucket[bucket_size] == '/');
    size_t prefix_size = strcspn(prefix, "?");
    const char *parameters = prefix + prefix_size + (prefix[prefix_size] == '?');

    enum status status = take_bucket(bucket, bucket_size, &parsed, error, error_size);
    if (status == STATUS_OK) {
        status = take_prefix(prefix, prefix_size, &parsed, error, error_size);
    }
    if (status == STATUS_OK) {
        status = take_parameters(parameters, &parsed, error, error_size);
    }
    if (status == STATUS_OK) {
        *out_url = parsed;
    }
    return status;
}

/* Scheme, host and, where it stands there, the bucket in the path; ends with a slash. */
static bool print_base(const struct s3_url *url, char *out, size_t out_size)
{
    /* China's regions are a cloud of their own. */
    const char *china = strncmp(url->region, "cn-", 3) == 0 ? ".cn" : "";
    int size;
    if (url->endpoint[0] != '\0') {
        size = snprintf(out, out_size, "%s/%s/", url->endpoint, url->bucket);
    } else if (strchr(url->bucket, '.') != NULL || strchr(url->bucket, '_') != NULL) {
        size = snprintf(out, out_size, "https://s3.%s.amazonaws.com%s/%s/", url->region, china,
                        url->bucket);
    } else {
        size = snprintf(out, out_size, "https://%s.s3.%s.amazonaws.com%s/", url->bucket,
                        url->region, china);
    }
    return size >= 0 && (size_t)size < out_size;
}

bool s3_url_of_object(const struct s3_url *url, const char *key, char *out, size_t out_size)
{
    return print_base(url, out, out_size) && percent_encode(url->prefix, true, out, out_size) &&
           percent_encode(key, true, out, out_size);
}

static bool append(char *out, size_t out_size, const char *text)
{
    size_t size = strlen(out);
    if (size + strlen(text) >= out_size) {
        return false;
    }
    memcpy(out + size, text, strlen(text) + 1);
    return true;
}

bool s3_url_of_list(const struct s3_url *url, const char *prefix, const char *token, char *out,
                    size_t out_size)
{
    bool is_whole = print_base(url, out, out_size) && append(out, out_size, "?");
    if (token[0] != '\0') {
        is_whole = is_whole && append(out, out_size, "continuation-token=") &&
                   percent_encode(token, false, out, out_size) && append(out, out_size, "&");
    }
    return is_whole &&
           append(out, out_size, "encoding-type=url&list-type=2&max-keys=1000&prefix=") &&
           percent_encode(url->prefix, false, out, out_size) &&
           percent_encode(prefix, false, out, out_size);
}
