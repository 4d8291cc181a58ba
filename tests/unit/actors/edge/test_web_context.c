#include "actors/edge/web_context.h"

#include "runtime/loop.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { FILES = 8, ROUNDS = 8, MSG_SIZE = 16 };

/* What is told of descriptors is told of the lws that has the fault; newer ones may keep theirs. */
static void only_where_lws_closes_twice(void)
{
    if (LWS_LIBRARY_VERSION_NUMBER >= 4002000) {
        skip();
    }
}

static void open_context(struct loop *loop, struct web_context *context)
{
    static const struct lws_protocols protocols[] = {
        {.name = "http", .callback = lws_callback_http_dummy}, {.name = NULL}};
    void *loops[] = {loop_uv(loop)};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .foreign_loops = loops,
        .pcontext = &context->lws,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    lws_set_log_level(0, NULL);
    web_context_open(context, &info);
    assert_non_null(context->vhost);
}

static void run_rounds(struct loop *loop)
{
    for (int i = 0; i < ROUNDS; i++) {
        (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    }
}

static void finish(struct loop *loop, struct web_context *context)
{
    run_rounds(loop);
    lws_context_destroy(context->lws);
    loop_drain(loop);
    loop_destroy(&loop);
}

static void open_files(int files[FILES])
{
    for (size_t i = 0; i < FILES; i++) {
        files[i] = eventfd(0, EFD_CLOEXEC);
        assert_true(files[i] >= 0);
    }
}

static void close_files(const int files[FILES])
{
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(close(files[i]), 0);
    }
}

static void what_is_opened_while_it_ends_stays_open(void **state)
{
    (void)state;
    struct loop *loop;
    struct web_context context;
    int files[FILES];
    assert_int_equal(loop_create(MSG_SIZE, &loop), STATUS_OK);
    open_context(loop, &context);
    run_rounds(loop);
    web_context_end(&context);
    open_files(files); /* they get the lowest numbers that are free */
    finish(loop, &context);
    close_files(files);
}

static void nothing_is_left_open(void **state)
{
    (void)state;
    struct loop *loop;
    struct web_context context;
    int before[FILES];
    int after[FILES];
    only_where_lws_closes_twice();
    open_files(before);
    close_files(before);
    assert_int_equal(loop_create(MSG_SIZE, &loop), STATUS_OK);
    open_context(loop, &context);
    web_context_end(&context);
    finish(loop, &context);
    open_files(after);
    assert_memory_equal(after, before, sizeof(before));
    close_files(after);
}

static void two_contexts_on_a_loop_are_told_apart(void **state)
{
    (void)state;
    struct loop *loop;
    struct web_context first;
    struct web_context second;
    only_where_lws_closes_twice();
    assert_int_equal(loop_create(MSG_SIZE, &loop), STATUS_OK);
    open_context(loop, &first);
    open_context(loop, &second);
    assert_true(first.wakeup_fd >= 0);
    assert_true(second.wakeup_fd >= 0);
    assert_int_not_equal(first.wakeup_fd, second.wakeup_fd);
    web_context_end(&first);
    web_context_end(&second);
    run_rounds(loop);
    lws_context_destroy(first.lws);
    finish(loop, &second);
}

/* A lookup of another thread, that got the number first. */
static void close_soon(void *argument)
{
    const int *fd = argument;
    uv_sleep(10);
    (void)close(*fd);
}

static void a_number_that_somebody_took_is_waited_for(void **state)
{
    (void)state;
    struct web_context context = {.lws = NULL};
    uv_thread_t thread;
    int files[FILES];
    only_where_lws_closes_twice();
    int taken = eventfd(0, EFD_CLOEXEC);
    context.wakeup_fd = taken;
    assert_int_equal(uv_thread_create(&thread, close_soon, &taken), 0);
    web_context_end(&context);
    assert_int_equal(uv_thread_join(&thread), 0);
    open_files(files);
    for (size_t i = 0; i < FILES; i++) {
        assert_int_not_equal(files[i], taken);
    }
    close_files(files);
    (void)close(taken); /* as lws does */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_opened_while_it_ends_stays_open),
        cmocka_unit_test(nothing_is_left_open),
        cmocka_unit_test(two_contexts_on_a_loop_are_told_apart),
        cmocka_unit_test(a_number_that_somebody_took_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
