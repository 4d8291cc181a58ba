/* Signed HTTP requests to an S3 server: libcurl, wrapped.
 *
 * Thread: any number at once, each on a connection of its own, which is kept for the next. Every
 * call blocks, 5 s at most until a connection stands, and 10 s at most without a byte on it. */
#ifndef CANDLED_STATE_S3_CLIENT_H
#define CANDLED_STATE_S3_CLIENT_H

#include "runtime/base.h"
#include "runtime/status.h"
#include "state/object_source.h"
#include "state/object_target.h"

#include <stdbool.h>
#include <stddef.h>

struct s3_client;

struct s3_credentials {
    const char *key_id;
    const char *secret;
    const char *session_token; /* NULL: none */
    const char *region;
    const char *ca_bundle; /* a file of certificates; NULL: the system's */
};

/* Copies the credentials. */
struct s3_client *s3_client_create(const struct s3_credentials *credentials);

void s3_client_destroy(struct s3_client **client_p);

struct s3_request {
    const char *method; /* GET, PUT, DELETE */
    const char *url;
    const struct object_source *source; /* of PUT */
    const char *source_sha256;
    struct object_target *target; /* takes the body of a good answer; NULL: the answer does */
    const struct object_progress *progress; /* NULL: nobody */
};

enum { S3_ERROR_TEXT_MAX = 256 };

struct s3_answer {
    int http_code;  /* 0: there was none */
    bool was_ended; /* by `progress` */
    char *body;     /* body_size bytes, of errors always; at most 16 MiB */
    size_t body_size;
    char error[S3_ERROR_TEXT_MAX]; /* why there was no answer */
};

/* STATUS_OK: the server has answered, be it with an error. What fails on the way has its words in
 * the answer, unless our own file was at fault, which was logged. s3_client_forget() in either
 * case. */
MUST_CHECK enum status s3_client_do(struct s3_client *client, const struct s3_request *request,
                                    struct s3_answer *out_answer);

void s3_client_forget(struct s3_answer *answer);

#endif
