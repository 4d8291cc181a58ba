#include "actors/edge/exchange_rest.h"

#include "actors/edge/exchange_client.h"
#include "runtime/base.h"
#include "runtime/job.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>

struct exchange_rest {
    struct exchange_rest_options options;
    struct exchange_client *client; /* the job's while it runs */
    struct job job;
    struct exchange_answer answer;
    bool is_destroyed;
    size_t name_count; /* of a question for listings; 0: it is one for klines */
    char names[EXCHANGE_INFO_MAX][SYMBOL_BYTES_MAX + 1];
    int64_t from_ms;
    int64_t to_ms;
};

struct exchange_rest *exchange_rest_create(const struct exchange_rest_options *options)
{
    struct exchange_rest *r = mem_new(1, sizeof(*r));
    r->options = *options;
    r->client = exchange_client_create(options->url, options->ca_file);
    r->options.url = NULL;
    r->options.ca_file = NULL;
    return r;
}

static void release(struct exchange_rest *r)
{
    exchange_answer_deinit(&r->answer);
    exchange_client_destroy(&r->client);
    mem_free(r);
}

/* Thread: the job's own. */
static void on_work(struct job *job)
{
    struct exchange_rest *r = container_of(job, struct exchange_rest, job);
    const char *names[EXCHANGE_INFO_MAX];

    if (r->name_count == 0) {
        exchange_client_klines(r->client, r->names[0], r->from_ms, r->to_ms, &r->answer);
        return;
    }
    for (size_t i = 0; i < r->name_count; i++) {
        names[i] = r->names[i];
    }
    exchange_client_info(r->client, names, r->name_count, &r->answer);
}

static void on_done(struct job *job)
{
    struct exchange_rest *r = container_of(job, struct exchange_rest, job);
    struct exchange_answer answer = r->answer;

    r->answer = (struct exchange_answer){.kind = EXCHANGE_ANSWER_failed};
    if (r->is_destroyed) {
        release(r);
    } else {
        r->options.answered(r->options.context, &answer);
    }
    exchange_answer_deinit(&answer);
}

static void set_name(struct exchange_rest *r, size_t index, const char *name)
{
    (void)snprintf(r->names[index], sizeof(r->names[index]), "%s", name);
}

void exchange_rest_ask_klines(struct exchange_rest *r, const char *symbol, int64_t from_ms,
                              int64_t to_ms)
{
    assert(!r->job.is_running);
    set_name(r, 0, symbol);
    r->name_count = 0;
    r->from_ms = from_ms;
    r->to_ms = to_ms;
    job_start_alone(&r->job, loop_uv(r->options.loop), on_work, on_done);
}

void exchange_rest_ask_info(struct exchange_rest *r, const char *const *symbols, size_t count)
{
    assert(!r->job.is_running);
    assert(count > 0 && count <= EXCHANGE_INFO_MAX);
    for (size_t i = 0; i < count; i++) {
        set_name(r, i, symbols[i]);
    }
    r->name_count = count;
    job_start_alone(&r->job, loop_uv(r->options.loop), on_work, on_done);
}

void exchange_rest_destroy(struct exchange_rest **rest_p)
{
    struct exchange_rest *r = *rest_p;
    *rest_p = NULL;
    if (r == NULL) {
        return;
    }
    r->is_destroyed = true;
    exchange_client_end(r->client);
    if (!r->job.is_running) {
        release(r);
    }
}
