#include "state/s3_client.h"

#include "runtime/mem.h"
#include "state/object_store_internal.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    SILENCE_SECONDS = 10,
    BODY_MAX = 16 << 20,
    BUFFER_BYTES = 256 << 10,
    HTTP_OK_MAX = 299,
};

enum { IDLE_MAX = 16 };

struct s3_client {
    pthread_mutex_t lock; /* of the idle ones */
    CURL *idle[IDLE_MAX]; /* kept for their connections */
    size_t idle_count;
    char *user;
    char *secret;
    char *session_token;
    char *signature; /* what CURLOPT_AWS_SIGV4 takes */
    char *ca_bundle;
};

/* One transfer under way. */
struct transfer {
    const struct s3_client *client;
    CURL *curl;
    const struct s3_request *request;
    struct s3_answer *answer;
    int64_t sent;
    enum status local; /* what came of our own file */
    char error[CURL_ERROR_SIZE];
};

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *copy(const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text) + 1;
    return size == 0 ? NULL : memcpy(mem_new(size, 1), text, size);
}

struct s3_client *s3_client_create(const struct s3_credentials *credentials)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char signature[128];

    (void)pthread_once(&once, start_curl);
    (void)snprintf(signature, sizeof(signature), "aws:amz:%s:s3", credentials->region);
    struct s3_client *client = mem_new(1, sizeof(*client));
    (void)pthread_mutex_init(&client->lock, NULL);
    client->user = copy(credentials->key_id);
    client->secret = copy(credentials->secret);
    client->session_token = copy(credentials->session_token);
    client->ca_bundle = copy(credentials->ca_bundle);
    client->signature = copy(signature);
    return client;
}

void s3_client_destroy(struct s3_client **client_p)
{
    struct s3_client *client = *client_p;
    *client_p = NULL;
    if (client == NULL) {
        return;
    }
    while (client->idle_count > 0) {
        curl_easy_cleanup(client->idle[--client->idle_count]);
    }
    (void)pthread_mutex_destroy(&client->lock);
    mem_free(client->user);
    mem_free(client->secret);
    mem_free(client->session_token);
    mem_free(client->ca_bundle);
    mem_free(client->signature);
    mem_free(client);
}

/* NULL: out of memory. */
static CURL *take_idle(struct s3_client *client)
{
    CURL *curl = NULL;
    (void)pthread_mutex_lock(&client->lock);
    if (client->idle_count > 0) {
        curl = client->idle[--client->idle_count];
    }
    (void)pthread_mutex_unlock(&client->lock);
    return curl != NULL ? curl : curl_easy_init();
}

static void give_back(struct s3_client *client, CURL *curl)
{
    (void)pthread_mutex_lock(&client->lock);
    bool has_room = client->idle_count < IDLE_MAX;
    if (has_room) {
        client->idle[client->idle_count++] = curl;
    }
    (void)pthread_mutex_unlock(&client->lock);
    if (!has_room) {
        curl_easy_cleanup(curl);
    }
}

static size_t on_upload(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t taken = 0;
    t->local = object_source_read(t->request->source, t->sent, bytes, size * count, &taken);
    t->sent += (int64_t)taken;
    return t->local == STATUS_OK ? taken : CURL_READFUNC_ABORT;
}

/* Back to the beginning, when a connection that was kept turned out to be dead. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct transfer *t = context;
    if (origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }
    t->sent = (int64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool is_good(CURL *curl)
{
    long code = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    return code > 0 && code <= HTTP_OK_MAX;
}

static size_t keep(struct s3_answer *answer, const char *bytes, size_t size)
{
    if (size > BODY_MAX - answer->body_size) {
        return 0;
    }
    answer->body = mem_resize(answer->body, answer->body_size + size, 1);
    memcpy(answer->body + answer->body_size, bytes, size);
    answer->body_size += size;
    return size;
}

static size_t on_download(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    if (t->request->target == NULL || !is_good(t->curl)) {
        return keep(t->answer, bytes, size * count);
    }
    t->local = object_target_write(t->request->target, bytes, size * count);
    return t->local == STATUS_OK ? size * count : 0;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *t = context;
    bool is_upload = t->request->source != NULL;
    bool goes_on = object_store_tell(t->request->progress, is_upload ? up : down,
                                     is_upload ? up_total : down_total);
    t->answer->was_ended = !goes_on;
    return goes_on ? 0 : 1;
}

/* Options whose values are wrong would be a mistake of ours, so that their codes are not looked at.
 */
static void set_up(struct transfer *t, struct curl_slist *headers)
{
    const struct s3_client *client = t->client;
    CURL *curl = t->curl;

    (void)curl_easy_setopt(curl, CURLOPT_URL, t->request->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_USERNAME, client->user);
    (void)curl_easy_setopt(curl, CURLOPT_PASSWORD, client->secret);
    (void)curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, client->signature);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, t->request->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "candled/" CANDLED_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* we are a thread of several */
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_download);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    if (client->ca_bundle != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_bundle);
    }
}

static void set_up_source(struct transfer *t)
{
    CURL *curl = t->curl;
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                           (curl_off_t)t->request->source->size_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
    (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
    (void)curl_easy_setopt(curl, CURLOPT_READDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
    (void)curl_easy_setopt(curl, CURLOPT_SEEKDATA, t);
}

static struct curl_slist *add_header(struct curl_slist *headers, const char *name,
                                     const char *value)
{
    size_t size = strlen(name) + strlen(value) + 1;
    char *line = mem_new(size, 1);
    (void)snprintf(line, size, "%s%s", name, value);
    struct curl_slist *longer = curl_slist_append(headers, line);
    mem_free(line);
    return longer == NULL ? headers : longer;
}

static struct curl_slist *make_headers(const struct transfer *t)
{
    struct curl_slist *headers = NULL;
    if (t->client->session_token != NULL) {
        headers = add_header(headers, "x-amz-security-token: ", t->client->session_token);
    }
    if (t->request->source != NULL) {
        headers = add_header(headers, "x-amz-content-sha256: ", t->request->source_sha256);
        headers = add_header(headers, "Content-Type: ", "application/octet-stream");
    }
    return headers;
}

static enum status status_of(const struct transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return STATUS_OK;
    case CURLE_READ_ERROR:
    case CURLE_WRITE_ERROR: /* a body that is larger than any is nobody's fault but the server's */
        return t->local == STATUS_OK ? STATUS_MALFORMED : t->local;
    case CURLE_ABORTED_BY_CALLBACK:
        return t->local == STATUS_OK ? STATUS_TIMED_OUT : t->local;
    case CURLE_OPERATION_TIMEDOUT:
        return STATUS_TIMED_OUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
        return STATUS_REJECTED;
    default:
        return STATUS_UNAVAILABLE;
    }
}

enum status s3_client_do(struct s3_client *client, const struct s3_request *request,
                         struct s3_answer *out_answer)
{
    struct transfer t = {
        .client = client, .curl = take_idle(client), .request = request, .answer = out_answer};
    long code = 0;

    *out_answer = (struct s3_answer){.error = "libcurl has no memory"};
    if (t.curl == NULL) {
        return STATUS_UNAVAILABLE;
    }
    struct curl_slist *headers = make_headers(&t);
    set_up(&t, headers);
    if (request->source != NULL) {
        set_up_source(&t);
    }
    CURLcode result = curl_easy_perform(t.curl);
    (void)curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &code);
    out_answer->http_code = result == CURLE_OK ? (int)code : 0;
    (void)snprintf(out_answer->error, sizeof(out_answer->error), "%s",
                   t.error[0] != '\0' ? t.error : curl_easy_strerror(result));
    curl_easy_reset(t.curl); /* what it points to goes; the connection stays */
    curl_slist_free_all(headers);
    give_back(client, t.curl);
    return status_of(&t, result);
}

void s3_client_forget(struct s3_answer *answer)
{
    mem_free(answer->body);
    *answer = (struct s3_answer){.http_code = 0};
}
