#include "runtime/http_client.h"

#include "runtime/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    SILENCE_MS = 10000,
    BUFFER_BYTES = 256 << 10,
    HTTP_OK_MAX = 299,
    IDLE_MAX = 16,
};

struct http_client {
    pthread_mutex_t lock; /* of the idle ones */
    CURL *idle[IDLE_MAX]; /* kept for their connections */
    size_t idle_count;
    char *ca_bundle;
    char *signature;
    char *user;
    char *secret;
    int64_t silence_ms;
};

/* One request under way. */
struct transfer {
    const struct http_client *client;
    CURL *curl;
    const struct http_request *request;
    struct http_answer *answer;
    int64_t sent;
    size_t headers_size;
    enum status local; /* what came of source or target */
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

struct http_client *http_client_create(const struct http_client_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, start_curl);
    struct http_client *client = mem_new(1, sizeof(*client));
    (void)pthread_mutex_init(&client->lock, NULL);
    client->ca_bundle = copy(options->ca_bundle);
    client->signature = copy(options->signature);
    client->user = copy(options->user);
    client->secret = copy(options->secret);
    client->silence_ms = options->silence_ms > 0 ? options->silence_ms : SILENCE_MS;
    return client;
}

void http_client_destroy(struct http_client **client_p)
{
    struct http_client *client = *client_p;
    *client_p = NULL;
    if (client == NULL) {
        return;
    }
    while (client->idle_count > 0) {
        curl_easy_cleanup(client->idle[--client->idle_count]);
    }
    (void)pthread_mutex_destroy(&client->lock);
    mem_free(client->ca_bundle);
    mem_free(client->signature);
    mem_free(client->user);
    mem_free(client->secret);
    mem_free(client);
}

/* NULL: out of memory. */
static CURL *take_idle(struct http_client *client)
{
    CURL *curl = NULL;
    (void)pthread_mutex_lock(&client->lock);
    if (client->idle_count > 0) {
        curl = client->idle[--client->idle_count];
    }
    (void)pthread_mutex_unlock(&client->lock);
    return curl != NULL ? curl : curl_easy_init();
}

static void give_back(struct http_client *client, CURL *curl)
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
    const struct http_source *source = t->request->source;
    size_t taken = 0;
    t->local = source->read(source->context, t->sent, bytes, size * count, &taken);
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

static size_t keep(struct transfer *t, const char *bytes, size_t size)
{
    struct http_answer *answer = t->answer;
    size_t body_max = t->request->body_max > 0 ? t->request->body_max : HTTP_CLIENT_BODY_MAX;
    if (size > body_max - answer->body_size) {
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
    const struct http_target *target = t->request->target;
    if (target == NULL || !is_good(t->curl)) {
        return keep(t, bytes, size * count);
    }
    t->local = target->write(target->context, bytes, size * count);
    return t->local == STATUS_OK ? size * count : 0;
}

/* A status line begins the headers of another answer (100 Continue, a redirect's). */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t line_size = size * count;
    if (line_size > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        t->headers_size = 0;
    }
    if (line_size < HTTP_CLIENT_HEADERS_MAX - t->headers_size) {
        t->answer->headers = mem_resize(t->answer->headers, t->headers_size + line_size + 1, 1);
        memcpy(t->answer->headers + t->headers_size, bytes, line_size);
        t->headers_size += line_size;
        t->answer->headers[t->headers_size] = '\0';
    }
    return line_size;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *t = context;
    const struct http_request *request = t->request;
    bool is_upload = request->source != NULL;
    bool goes_on =
        request->progress == NULL || request->progress(request->context, is_upload ? up : down,
                                                       is_upload ? up_total : down_total);
    t->answer->was_ended = !goes_on;
    return goes_on ? 0 : 1;
}

static void set_up_signature(struct transfer *t)
{
    const struct http_client *client = t->client;
    (void)curl_easy_setopt(t->curl, CURLOPT_USERNAME, client->user);
    (void)curl_easy_setopt(t->curl, CURLOPT_PASSWORD, client->secret);
    (void)curl_easy_setopt(t->curl, CURLOPT_AWS_SIGV4, client->signature);
}

/* Options whose values are wrong would be a mistake of ours, so that their codes are not looked at.
 */
static void set_up(struct transfer *t, struct curl_slist *headers)
{
    CURL *curl = t->curl;
    long silence_s = (long)((t->client->silence_ms + 999) / 1000);

    (void)curl_easy_setopt(curl, CURLOPT_URL, t->request->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, t->request->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "candled/" CANDLED_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* we are a thread of several */
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* waits for no dead name server */
#endif
    (void)curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)t->request->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, silence_s);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_download);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    if (t->client->ca_bundle != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, t->client->ca_bundle);
        (void)curl_easy_setopt(curl, CURLOPT_CAPATH, (char *)NULL); /* it alone */
    }
    if (t->client->signature != NULL) {
        set_up_signature(t);
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

static struct curl_slist *make_headers(const struct http_request *request)
{
    struct curl_slist *headers = NULL;
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[i]);
        headers = longer == NULL ? headers : longer;
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

enum status http_client_do(struct http_client *client, const struct http_request *request,
                           struct http_answer *out_answer)
{
    struct transfer t = {
        .client = client, .curl = take_idle(client), .request = request, .answer = out_answer};
    long code = 0;

    *out_answer = (struct http_answer){.error = "libcurl has no memory"};
    if (t.curl == NULL) {
        return STATUS_UNAVAILABLE;
    }
    struct curl_slist *headers = make_headers(request);
    set_up(&t, headers);
    if (request->source != NULL) {
        set_up_source(&t);
    }
    CURLcode result = curl_easy_perform(t.curl);
    (void)curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &code);
    out_answer->code = result == CURLE_OK ? (int)code : 0;
    (void)snprintf(out_answer->error, sizeof(out_answer->error), "%s",
                   t.error[0] != '\0' ? t.error : curl_easy_strerror(result));
    curl_easy_reset(t.curl); /* what it points to goes; the connection stays */
    curl_slist_free_all(headers);
    give_back(client, t.curl);
    return status_of(&t, result);
}

void http_client_forget(struct http_answer *answer)
{
    mem_free(answer->body);
    mem_free(answer->headers);
    *answer = (struct http_answer){.code = 0};
}

static bool copy_value(const char *value, char *text, size_t size)
{
    value += strspn(value, " \t");
    size_t length = strcspn(value, "\r\n");
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t')) {
        length--;
    }
    if (length >= size) {
        return false;
    }
    memcpy(text, value, length);
    text[length] = '\0';
    return true;
}

bool http_client_header(const struct http_answer *answer, const char *name, char *text, size_t size)
{
    size_t name_size = strlen(name);
    for (const char *line = answer->headers; line != NULL && *line != '\0';) {
        if (strncasecmp(line, name, name_size) == 0 && line[name_size] == ':') {
            return copy_value(line + name_size + 1, text, size);
        }
        const char *end = strchr(line, '\n');
        line = end == NULL ? NULL : end + 1;
    }
    return false;
}
