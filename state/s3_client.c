#include "state/s3_client.h"

#include "runtime/http_client.h"
#include "runtime/mem.h"
#include "state/object_store_internal.h"

#include <stdio.h>
#include <string.h>

enum { HEADERS_MAX = 4 };

struct s3_client {
    struct http_client *http;
    char *session_header; /* NULL: none */
};

static char *join(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 1;
    char *line = mem_new(size, 1);
    (void)snprintf(line, size, "%s%s", name, value);
    return line;
}

struct s3_client *s3_client_create(const struct s3_credentials *credentials)
{
    char signature[128];

    (void)snprintf(signature, sizeof(signature), "aws:amz:%s:s3", credentials->region);
    struct s3_client *client = mem_new(1, sizeof(*client));
    client->http = http_client_create(&(struct http_client_options){
        .ca_bundle = credentials->ca_bundle,
        .signature = signature,
        .user = credentials->key_id,
        .secret = credentials->secret,
    });
    if (credentials->session_token != NULL) {
        client->session_header = join("x-amz-security-token: ", credentials->session_token);
    }
    return client;
}

void s3_client_destroy(struct s3_client **client_p)
{
    struct s3_client *client = *client_p;
    *client_p = NULL;
    if (client != NULL) {
        http_client_destroy(&client->http);
        mem_free(client->session_header);
        mem_free(client);
    }
}

static enum status read_source(void *context, int64_t offset, void *bytes, size_t size,
                               size_t *out_size)
{
    return object_source_read(context, offset, bytes, size, out_size);
}

static enum status write_target(void *context, const void *bytes, size_t size)
{
    return object_target_write(context, bytes, size);
}

static bool tell_progress(void *context, int64_t done_bytes, int64_t total_bytes)
{
    const struct s3_request *request = context;
    return object_store_tell(request->progress, done_bytes, total_bytes);
}

static void take_answer(struct http_answer *from, struct s3_answer *answer)
{
    *answer = (struct s3_answer){
        .http_code = from->code,
        .was_ended = from->was_ended,
        .body = from->body,
        .body_size = from->body_size,
    };
    (void)snprintf(answer->error, sizeof(answer->error), "%s", from->error);
    from->body = NULL;
    http_client_forget(from);
}

enum status s3_client_do(struct s3_client *client, const struct s3_request *request,
                         struct s3_answer *out_answer)
{
    const struct object_source *source = request->source;
    struct http_source from = {.context = (void *)(uintptr_t)source, .read = read_source};
    struct http_target to = {.context = request->target, .write = write_target};
    const char *headers[HEADERS_MAX] = {NULL};
    size_t count = 0;
    char *digest = NULL;

    if (client->session_header != NULL) {
        headers[count++] = client->session_header;
    }
    if (source != NULL) {
        from.size_bytes = source->size_bytes;
        digest = join("x-amz-content-sha256: ", request->source_sha256);
        headers[count++] = digest;
        headers[count++] = "Content-Type: application/octet-stream";
    }
    struct http_request http = {
        .method = request->method,
        .url = request->url,
        .headers = headers,
        .source = source == NULL ? NULL : &from,
        .target = request->target == NULL ? NULL : &to,
        .context = (void *)(uintptr_t)request,
        .progress = tell_progress,
    };
    struct http_answer answer;
    enum status status = http_client_do(client->http, &http, &answer);
    take_answer(&answer, out_answer);
    mem_free(digest);
    return status;
}

void s3_client_forget(struct s3_answer *answer)
{
    mem_free(answer->body);
    *answer = (struct s3_answer){.http_code = 0};
}
