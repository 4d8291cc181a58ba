#include "state/s3_error.h"

#include "state/s3_xml.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { HTTP_NOT_FOUND = 404, HTTP_TIMEOUT = 408, HTTP_MANY = 429, HTTP_SERVER_ERROR = 500 };

#define SET_REGION "set the bucket's region in snapshots.url, as in ?region=eu-central-1"

/* clang-format off */
#define S3_ERRORS(X)                                                                               \
    /* code                         status       what to do                                     */ \
    X(NoSuchKey,                    NOT_FOUND,   NULL)                                             \
    X(NoSuchBucket,                 REJECTED,    "make the bucket, or mend snapshots.url")         \
    X(AccessDenied,                 REJECTED,    "let this key list, read, write and delete there") \
    X(AllAccessDisabled,            REJECTED,    "let this key list, read, write and delete there") \
    X(InvalidAccessKeyId,           REJECTED,    "mend AWS_ACCESS_KEY_ID")                         \
    X(SignatureDoesNotMatch,        REJECTED,    "mend AWS_SECRET_ACCESS_KEY")                     \
    X(ExpiredToken,                 REJECTED,    "start again with new credentials: the session has ended") \
    X(InvalidToken,                 REJECTED,    "mend AWS_SESSION_TOKEN")                         \
    X(InvalidTokenId,               REJECTED,    "mend AWS_SESSION_TOKEN")                         \
    X(RequestTimeTooSkewed,         REJECTED,    "set this machine's clock")                       \
    X(AuthorizationHeaderMalformed, REJECTED,    SET_REGION)                                       \
    X(PermanentRedirect,            REJECTED,    SET_REGION)                                       \
    X(TemporaryRedirect,            REJECTED,    SET_REGION)                                       \
    X(InvalidRegion,                REJECTED,    SET_REGION)                                       \
    X(EntityTooLarge,               REJECTED,    "the server takes no object as large as this")    \
    X(QuotaExceeded,                REJECTED,    "make room there")                                \
    X(XMinioStorageFull,            UNAVAILABLE, "make room there")                                \
    X(BadDigest,                    UNAVAILABLE, "it was damaged on its way, or changed under our hands") \
    X(XAmzContentSHA256Mismatch,    UNAVAILABLE, "it was damaged on its way, or changed under our hands") \
    X(RequestTimeout,               UNAVAILABLE, NULL)                                             \
    X(SlowDown,                     UNAVAILABLE, NULL)
/* clang-format on */

static const struct {
    const char *code;
    enum status status;
    const char *advice;
} errors[] = {
#define X(code, status, advice) {#code, STATUS_##status, advice},
    S3_ERRORS(X)
#undef X
};

static enum status status_of_code(int http_code)
{
    if (http_code == HTTP_NOT_FOUND) {
        return STATUS_NOT_FOUND;
    }
    bool heals =
        http_code == HTTP_TIMEOUT || http_code == HTTP_MANY || http_code >= HTTP_SERVER_ERROR;
    return heals ? STATUS_UNAVAILABLE : STATUS_REJECTED;
}

enum status s3_error_judge(int http_code, struct slice body, char text[S3_ERROR_MAX],
                           const char **out_advice)
{
    struct s3_error error;
    *out_advice = NULL;
    if (s3_xml_read_error(body, &error) != STATUS_OK) {
        enum status status = status_of_code(http_code);
        (void)snprintf(text, S3_ERROR_MAX, "HTTP %d", http_code);
        *out_advice = status == STATUS_REJECTED ? "is there an S3 server at the endpoint?" : NULL;
        return status;
    }
    (void)snprintf(text, S3_ERROR_MAX, "%s: %s%s%s", error.code, error.message,
                   error.region[0] == '\0' ? "" : " region: ", error.region);
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (strcmp(errors[i].code, error.code) == 0) {
            *out_advice = errors[i].advice;
            return errors[i].status;
        }
    }
    return status_of_code(http_code);
}
