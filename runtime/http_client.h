/* HTTP requests: libcurl, wrapped.
 *
 * Thread: any number at once, each on a connection of its own, which is kept for the next. Every
 * call blocks: a few seconds at most until a connection stands, so long without a byte on it as the
 * options allow, and no longer than the request's own limit. */
#ifndef CANDLED_RUNTIME_HTTP_CLIENT_H
#define CANDLED_RUNTIME_HTTP_CLIENT_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client;

enum {
    HTTP_CLIENT_ERROR_MAX = 256,
    HTTP_CLIENT_HEADERS_MAX = 16 << 10, /* of an answer; what is beyond is not kept */
    HTTP_CLIENT_BODY_MAX = 16 << 20,    /* unless the request says otherwise */
};

struct http_client_options {
    const char *ca_bundle; /* a file of certificates; NULL: the system's */
    /* AWS Signature Version 4: "aws:amz:REGION:SERVICE"; NULL: requests are not signed. */
    const char *signature;
    const char *user; /* of the signature */
    const char *secret;
    int64_t silence_ms; /* without a byte; 0: 10 s */
};

/* Copies the texts. */
struct http_client *http_client_create(const struct http_client_options *options);

/* NULL inside is fine. */
void http_client_destroy(struct http_client **client_p);

/* What is sent as a body: so many bytes, read from any offset on. */
struct http_source {
    void *context;
    enum status (*read)(void *context, int64_t offset, void *bytes, size_t size, size_t *out_size);
    int64_t size_bytes;
};

/* What takes the body of a good answer. */
struct http_target {
    void *context;
    enum status (*write)(void *context, const void *bytes, size_t size);
};

struct http_request {
    const char *method; /* GET, PUT, DELETE */
    const char *url;
    const char *const *headers;       /* "Name: value", and NULL at the end; NULL: none */
    const struct http_source *source; /* NULL: no body */
    const struct http_target *target; /* NULL: the answer keeps it */
    size_t body_max;                  /* of what the answer keeps; 0: HTTP_CLIENT_BODY_MAX */
    int64_t timeout_ms;               /* of all of it; 0: none */
    void *context;
    /* How far the body has come; false ends the request. NULL: nobody wants to know. */
    bool (*progress)(void *context, int64_t done_bytes, int64_t total_bytes);
};

struct http_answer {
    int code;       /* 0: there was none */
    bool was_ended; /* by `progress` */
    char *body;     /* body_size bytes, of answers that are not good always */
    size_t body_size;
    char *headers;                     /* of the last answer, zero-terminated; may be NULL */
    char error[HTTP_CLIENT_ERROR_MAX]; /* why there was no answer */
};

/* STATUS_OK: the server has answered, be it with an error. Others: the class tells whether to try
 * again; a failure of source or target is given back as it is. http_client_forget() in either
 * case. */
MUST_CHECK enum status http_client_do(struct http_client *client,
                                      const struct http_request *request,
                                      struct http_answer *out_answer);

void http_client_forget(struct http_answer *answer);

/* The value of a header, in any case of letters, without white space around it. False: none, or too
 * long for the text. */
bool http_client_header(const struct http_answer *answer, const char *name, char *text,
                        size_t size);

#endif
