#include "ops/ops_http.h"

#include "runtime/base.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { REPLY_MAX = 4 << 20, SETS = 3000 };

struct fixture {
    struct loop *loop;
    struct metrics *metrics;
    struct ops_http *http;
    bool is_ready;
    int port;
    const char *request;
    char *reply;
    size_t reply_size;
    uv_async_t done;
    pthread_t client;
};

static bool ready(void *context, char *json, size_t size)
{
    const struct fixture *f = context;
    snprintf(json, size, "{\"kafka\": %s}", f->is_ready ? "true" : "false");
    return f->is_ready;
}

static void quiet(int *saved)
{
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    *saved = dup(STDERR_FILENO);
    (void)dup2(nothing, STDERR_FILENO);
    close(nothing);
}

static void loud(int saved)
{
    (void)dup2(saved, STDERR_FILENO);
    close(saved);
}

static enum status create_at(struct fixture *f, const char *listen)
{
    struct ops_http_options options = {
        .loop = f->loop, .metrics = f->metrics, .listen = listen, .ready = ready, .context = f};
    int saved;
    quiet(&saved);
    enum status status = ops_http_create(&options, &f->http);
    loud(saved);
    return status;
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(loop_create(16, &f->loop), STATUS_OK);
    f->metrics = metrics_create();
    f->reply = mem_new(REPLY_MAX, 1);
}

static void tear_down(struct fixture *f)
{
    ops_http_destroy(&f->http);
    loop_drain(f->loop);
    loop_destroy(&f->loop);
    metrics_destroy(&f->metrics);
    mem_free(f->reply);
}

static int connect_to(const struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void *run_client(void *argument)
{
    struct fixture *f = argument;
    int fd = connect_to(f);
    ssize_t count = -1;
    f->reply_size = 0;
    if (fd >= 0 && write(fd, f->request, strlen(f->request)) > 0) {
        do {
            count = read(fd, f->reply + f->reply_size, REPLY_MAX - 1 - f->reply_size);
            f->reply_size += count > 0 ? (size_t)count : 0;
        } while (count > 0);
    }
    f->reply[f->reply_size] = '\0';
    close(fd);
    uv_async_send(&f->done);
    return NULL;
}

static void on_done(uv_async_t *done)
{
    struct fixture *f = container_of(done, struct fixture, done);
    uv_close((uv_handle_t *)done, NULL);
    loop_stop(f->loop);
}

static const char *asked(struct fixture *f, const char *request)
{
    f->request = request;
    f->port = ops_http_port(f->http);
    assert_int_equal(uv_async_init(loop_uv(f->loop), &f->done, on_done), 0);
    assert_int_equal(pthread_create(&f->client, NULL, run_client, f), 0);
    assert_int_equal(loop_run(f->loop), STATUS_OK);
    pthread_join(f->client, NULL);
    return f->reply;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void expect(struct fixture *f, const char *request, const char *status, const char *content)
{
    const char *reply = asked(f, request);
    assert_memory_equal(reply, status, strlen(status));
    assert_non_null(strstr(reply, content));
}

static void health_and_readiness_are_told(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(create_at(&f, "127.0.0.1:0"), STATUS_OK);
    assert_true(ops_http_port(f.http) > 0);
    expect(&f, GET("/healthz"), "HTTP/1.1 200", "ok\n");
    expect(&f, GET("/readyz"), "HTTP/1.1 503", "{\"kafka\": false}");
    f.is_ready = true;
    expect(&f, GET("/readyz"), "HTTP/1.1 200", "{\"kafka\": true}");
    assert_non_null(strstr(f.reply, "content-type: application/json"));
    tear_down(&f);
}

static void what_is_not_there_or_not_meant_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(create_at(&f, "localhost:0"), STATUS_OK);
    expect(&f, GET("/"), "HTTP/1.1 404", "not found");
    expect(&f, GET("/metrics/x"), "HTTP/1.1 404", "not found");
    expect(&f,
           "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
           "HTTP/1.1 405", "allow: GET");
    (void)asked(&f, "garbage\r\n\r\n");
    expect(&f, GET("/healthz?probe=1"), "HTTP/1.1 200", "ok\n");
    tear_down(&f);
}

/* In a build with stages, whose clocks are last, they run on between two looks. */
static size_t size_that_stays(const char *metrics, size_t size)
{
    const char *stages = strstr(metrics, "candled_stage_");
    return stages == NULL ? size : (size_t)(stages - metrics);
}

static void large_metrics_arrive_whole(void **state)
{
    (void)state;
    struct fixture f;
    size_t size;
    set_up(&f);
    for (int i = 0; i < SETS; i++) {
        char labels[80];
        snprintf(labels, sizeof(labels), "topic=\"x\",partition=\"%d\",sink=\"redis\"", i);
        (void)metrics_set_of(f.metrics, METRIC_SCOPE_outbox, labels);
    }
    assert_int_equal(create_at(&f, "127.0.0.1:0"), STATUS_OK);
    const char *reply = asked(&f, GET("/metrics"));
    const char *body = strstr(reply, "\r\n\r\n");
    assert_non_null(strstr(reply, "content-type: text/plain; version=0.0.4"));
    assert_non_null(body);
    char *expected = metrics_render(f.metrics, &size);
    size_t got = f.reply_size - (size_t)(body + 4 - reply);
    assert_int_equal(size_that_stays(body + 4, got), size_that_stays(expected, size));
    assert_memory_equal(body + 4, expected, size_that_stays(expected, size));
    assert_true(size > 100000);
    mem_free(expected);
    tear_down(&f);
}

/* Clients that were served and stay, that take nothing of a large answer, that say nothing. */
static void clients_that_stay_are_cut_at_the_end(void **state)
{
    (void)state;
    static const char *const requests[] = {"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                                           "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "GET /met",
                                           ""};
    struct fixture f;
    int clients[ARRAY_COUNT(requests)];
    set_up(&f);
    for (int i = 0; i < SETS; i++) {
        char labels[80];
        snprintf(labels, sizeof(labels), "topic=\"x\",partition=\"%d\",sink=\"redis\"", i);
        (void)metrics_set_of(f.metrics, METRIC_SCOPE_outbox, labels);
    }
    assert_int_equal(create_at(&f, "127.0.0.1:0"), STATUS_OK);
    f.port = ops_http_port(f.http);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        size_t size = strlen(requests[i]);
        clients[i] = connect_to(&f);
        assert_int_equal(write(clients[i], requests[i], size), size);
    }
    expect(&f, GET("/healthz"), "HTTP/1.1 200", "ok\n");
    tear_down(&f); /* its loop ends only when nothing is open any more */
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
        close(clients[i]);
    }
}

static void a_port_that_is_taken_is_busy(void **state)
{
    (void)state;
    struct fixture f;
    struct fixture second;
    char listen[40];
    set_up(&f);
    set_up(&second);
    assert_int_equal(create_at(&f, "127.0.0.1:0"), STATUS_OK);
    snprintf(listen, sizeof(listen), "127.0.0.1:%d", ops_http_port(f.http));
    assert_int_equal(create_at(&second, listen), STATUS_BUSY);
    assert_null(second.http);
    assert_int_equal(create_at(&second, "nonsense"), STATUS_BAD_CONFIG);
    tear_down(&second);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_and_readiness_are_told),
        cmocka_unit_test(what_is_not_there_or_not_meant_is_refused),
        cmocka_unit_test(large_metrics_arrive_whole),
        cmocka_unit_test(clients_that_stay_are_cut_at_the_end),
        cmocka_unit_test(a_port_that_is_taken_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
