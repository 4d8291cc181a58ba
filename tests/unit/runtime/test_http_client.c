#include "runtime/http_client.h"

#include "runtime/base.h"
#include "tests/unit/cmocka.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server of one answer, whatever is asked. */
struct server {
    int fd;
    const char *answer;
    char request[2000];
    pthread_t thread;
    char url[64];
};

static void *serve(void *context)
{
    struct server *s = context;
    int fd = accept(s->fd, NULL, NULL);
    ssize_t size = read(fd, s->request, sizeof(s->request) - 1);
    s->request[size > 0 ? size : 0] = '\0';
    (void)!write(fd, s->answer, strlen(s->answer));
    (void)shutdown(fd, SHUT_RDWR);
    (void)close(fd);
    return NULL;
}

static void start(struct server *s, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    *s = (struct server){.fd = socket(AF_INET, SOCK_STREAM, 0), .answer = answer};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &size), 0);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d/x", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
}

static enum status ask(const struct http_request *request, struct http_answer *answer)
{
    struct http_client *client = http_client_create(&(struct http_client_options){.user = NULL});
    enum status status = http_client_do(client, request, answer);
    http_client_destroy(&client);
    return status;
}

static void an_answer_has_code_headers_and_body(void **state)
{
    struct server server;
    struct http_answer answer;
    char text[16];
    const char *const headers[] = {"X-Asked: yes", NULL};
    (void)state;
    start(&server, "HTTP/1.1 429 Too Many\r\nretry-AFTER:  17 \r\nX-Retry-After: 9\r\n"
                   "Content-Length: 4\r\n\r\nbody");
    struct http_request request = {.method = "GET", .url = server.url, .headers = headers};
    assert_int_equal(ask(&request, &answer), STATUS_OK);
    stop(&server);
    assert_int_equal(answer.code, 429);
    assert_int_equal(answer.body_size, 4);
    assert_memory_equal(answer.body, "body", 4);
    assert_true(http_client_header(&answer, "Retry-After", text, sizeof(text)));
    assert_string_equal(text, "17");
    assert_false(http_client_header(&answer, "Retry", text, sizeof(text)));
    assert_false(http_client_header(&answer, "Retry-After", text, 2));
    assert_non_null(strstr(server.request, "GET /x HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "X-Asked: yes\r\n"));
    http_client_forget(&answer);
}

static void a_body_that_is_too_large_is_refused(void **state)
{
    struct server server;
    struct http_answer answer;
    (void)state;
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    struct http_request request = {.method = "GET", .url = server.url, .body_max = 3};
    assert_int_equal(ask(&request, &answer), STATUS_MALFORMED);
    stop(&server);
    http_client_forget(&answer);
}

static void a_body_that_is_cut_is_no_answer(void **state)
{
    struct server server;
    struct http_answer answer;
    (void)state;
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody");
    struct http_request request = {.method = "GET", .url = server.url};
    assert_int_equal(ask(&request, &answer), STATUS_UNAVAILABLE);
    stop(&server);
    assert_int_equal(answer.code, 0);
    http_client_forget(&answer);
}

static bool never(void *context, int64_t done_bytes, int64_t total_bytes)
{
    (void)context;
    (void)done_bytes;
    (void)total_bytes;
    return false;
}

static void whoever_asks_may_end_it(void **state)
{
    struct server server;
    struct http_answer answer;
    (void)state;
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
    struct http_request request = {.method = "GET", .url = server.url, .progress = never};
    assert_int_equal(ask(&request, &answer), STATUS_TIMED_OUT);
    assert_true(answer.was_ended);
    http_client_forget(&answer);
    request.progress = NULL; /* the server waits for one */
    (void)!ask(&request, &answer);
    stop(&server);
    http_client_forget(&answer);
}

static void nobody_there_is_unavailable_and_says_so(void **state)
{
    struct server server;
    struct http_answer answer;
    (void)state;
    start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct http_request request = {.method = "GET", .url = server.url};
    assert_int_equal(ask(&request, &answer), STATUS_OK);
    http_client_forget(&answer);
    stop(&server);
    assert_int_equal(ask(&request, &answer), STATUS_UNAVAILABLE);
    assert_true(answer.error[0] != '\0');
    http_client_forget(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_code_headers_and_body),
        cmocka_unit_test(a_body_that_is_too_large_is_refused),
        cmocka_unit_test(a_body_that_is_cut_is_no_answer),
        cmocka_unit_test(whoever_asks_may_end_it),
        cmocka_unit_test(nobody_there_is_unavailable_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
