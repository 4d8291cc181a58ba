#include "ops/batch_schedule.h"

#include "actors/edge/mongo_lease.h"
#include "actors/edge/mongo_ledger.h"
#include "ops/batch_due.h"
#include "ops/cmd_batch.h"
#include "ops/config.h"
#include "ops/cron.h"
#include "ops/rfc3339.h"
#include "runtime/job.h"
#include "runtime/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LEASE_MS = 60000,
    LEASE_AGAIN_MS = 15000, /* four tries before it ends */
    ONCE_PATIENCE_MS = 60000,
    RETRY_MS_MIN = 5000,
    RETRY_MS_MAX = 30 * 60000,
    SLEEP_MS_MAX = 60000, /* a clock that is set is noticed within a minute */
    NAME_SIZE = 512,
};

struct scheduler {
    const struct batch_schedule_options *options;
    struct cmd_batch *batch;
    struct mongo_lease *lease;
    uv_loop_t loop;
    uv_signal_t terminated;
    uv_signal_t interrupted;
    uv_timer_t due;     /* the next run, or the next try */
    uv_timer_t renewal; /* of the lease */
    struct job renewing;
    struct job running;
    enum status lease_status; /* of the last try */
    bool has_lease;
    bool is_ending;
    bool says_unavailable;
    uint64_t began_ms; /* by the loop's clock */
    int64_t next_ms;   /* wall time of the next run */
    int64_t retry_ms;
    bool has_failed;      /* the last run: to be tried again */
    enum cli_exit result; /* of the last run */
};

static void end(struct scheduler *s)
{
    if (s->is_ending) {
        return;
    }
    s->is_ending = true;
    uv_close((uv_handle_t *)&s->terminated, NULL);
    uv_close((uv_handle_t *)&s->interrupted, NULL);
    uv_close((uv_handle_t *)&s->due, NULL);
    uv_close((uv_handle_t *)&s->renewal, NULL);
}

/* Nothing is lost: the ledger knows what is done. */
static void on_signal(uv_signal_t *handle, struct scheduler *s)
{
    log_event(LOG_batch_stopping, log_int("signal", handle->signum));
    if (!s->running.is_running && !s->renewing.is_running) {
        end(s);
        return;
    }
    if (s->has_lease && !s->renewing.is_running) {
        (void)(mongo_lease_release(s->lease) == STATUS_OK);
    }
    _exit(EXIT_SUCCESS);
}

static void on_terminated(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(handle, container_of(handle, struct scheduler, terminated));
}

static void on_interrupted(uv_signal_t *handle, int number)
{
    (void)number;
    on_signal(handle, container_of(handle, struct scheduler, interrupted));
}

static void on_due(uv_timer_t *timer);

static void wait_for_next(struct scheduler *s)
{
    int64_t wait_ms = s->next_ms - cmd_batch_wall_ms();
    wait_ms = wait_ms < 0 ? 0 : wait_ms;
    (void)uv_timer_start(&s->due, on_due,
                         (uint64_t)(wait_ms < SLEEP_MS_MAX ? wait_ms : SLEEP_MS_MAX), 0);
}

static void plan_next(struct scheduler *s)
{
    char text[RFC3339_TEXT_MAX];
    int64_t now_ms = cmd_batch_wall_ms();
    s->next_ms = cron_next_ms(s->options->cron, s->batch->zone, now_ms);
    if (s->has_failed) {
        s->retry_ms = s->retry_ms == 0 ? RETRY_MS_MIN : 2 * s->retry_ms;
        s->retry_ms = s->retry_ms > RETRY_MS_MAX ? RETRY_MS_MAX : s->retry_ms;
        if (now_ms + s->retry_ms < s->next_ms) {
            s->next_ms = now_ms + s->retry_ms;
        }
    } else {
        s->retry_ms = 0;
    }
    rfc3339_print(s->next_ms, text);
    log_event(LOG_batch_waiting, log_text("next", text),
              log_text("again", s->has_failed ? "yes" : "no"));
    wait_for_next(s);
}

static void on_ran(struct job *job)
{
    struct scheduler *s = container_of(job, struct scheduler, running);
    if (s->options->is_once) {
        end(s);
    } else if (!s->is_ending) {
        plan_next(s);
    }
}

static void on_ledger_day(void *context, const struct ledger_day *day)
{
    batch_due_take(context, day);
}

/* From its first day on (batch_due.h). */
static enum cli_exit read_ledger(struct scheduler *s, struct batch_due *due)
{
    const struct config *config = s->batch->config;
    char error[MONGO_LEDGER_ERROR_MAX] = "";
    char to[ZONE_DATE_TEXT_MAX];
    struct mongo_ledger *ledger;
    if (mongo_ledger_open(config->mongo.uri, config->mongo.database, &ledger, error,
                          sizeof(error)) != STATUS_OK) {
        return cli_fail(s->batch->context, "MongoDB: %s", error);
    }
    zone_date_print(due->last, to);
    enum cli_exit code = CLI_DONE;
    if (mongo_ledger_each(ledger, config->kafka.topic, zone_name(s->batch->zone), "0000-01-01", to,
                          on_ledger_day, due) != STATUS_OK) {
        code = cli_fail(s->batch->context, "MongoDB: %s", mongo_ledger_error(ledger));
    }
    mongo_ledger_close(&ledger);
    return code;
}

/* Days that nobody knows anything of are no failure that another try would mend. False: the days
 * after it would fail in the same way. */
static bool run_stretch(struct scheduler *s, struct zone_date from, struct zone_date to)
{
    struct batch_result result = {.days = 0};
    enum cli_exit code = cmd_batch_run_days(s->batch, from, to, &result);
    if (code != CLI_DONE) {
        s->result = code;
        s->has_failed = s->has_failed || result.failed > 0 || result.error[0] != '\0';
    }
    return !result.was_ended;
}

/* On a thread of its own. */
static void run_owed(struct job *job)
{
    struct scheduler *s = container_of(job, struct scheduler, running);
    struct batch_due due;
    struct zone_date from;
    struct zone_date to;
    int64_t catch_up_ms = s->batch->config->batch.catch_up;
    if (s->options->cron == NULL) {
        batch_due_init_now(&due, s->batch->zone, cmd_batch_wall_ms(), catch_up_ms);
    } else {
        batch_due_init(&due, s->options->cron, s->batch->zone, cmd_batch_wall_ms(), catch_up_ms);
    }
    s->has_failed = false;
    s->result = CLI_DONE;
    if (due.count > 0 && read_ledger(s, &due) != CLI_DONE) {
        s->has_failed = true;
        s->result = CLI_FAILED;
    }
    bool goes_on = !s->has_failed;
    for (size_t index = 0; goes_on && batch_due_next(&due, &index, &from, &to);) {
        goes_on = run_stretch(s, from, to);
    }
    batch_due_deinit(&due);
}

static void on_due(uv_timer_t *timer)
{
    struct scheduler *s = container_of(timer, struct scheduler, due);
    if (cmd_batch_wall_ms() < s->next_ms) {
        wait_for_next(s);
        return;
    }
    job_start_alone(&s->running, &s->loop, run_owed, on_ran);
}

static void take_lease(struct job *job)
{
    struct scheduler *s = container_of(job, struct scheduler, renewing);
    s->lease_status = mongo_lease_take(s->lease);
}

/* Another runs the days: there is nothing to do for us. */
static void yield(struct scheduler *s)
{
    const char *holder = mongo_lease_holder(s->lease);
    log_event(LOG_batch_lease_held, log_text("holder", holder));
    if (!s->batch->context->is_json) {
        printf("another runner holds the lease: %s\n", holder);
    } else {
        printf("{\"lease\":\"held\",\"holder\":\"%s\"}\n", holder);
    }
    (void)fflush(stdout);
    if (s->running.is_running) {
        _exit(EXIT_SUCCESS); /* it does again what we had begun */
    }
    s->has_lease = false;
    end(s);
}

static void say_unavailable(struct scheduler *s)
{
    if (!s->says_unavailable) {
        log_event(LOG_batch_lease_unknown, log_text("error", mongo_lease_error(s->lease)));
    }
    s->says_unavailable = true;
}

/* Whoever has started it once is told, and starts it again. */
static bool has_waited_enough(const struct scheduler *s)
{
    return s->options->is_once && !s->has_lease &&
           uv_now(&s->loop) - s->began_ms >= ONCE_PATIENCE_MS;
}

static void on_taken(struct job *job)
{
    struct scheduler *s = container_of(job, struct scheduler, renewing);
    if (s->is_ending) {
        return;
    }
    if (s->lease_status == STATUS_BUSY) {
        yield(s);
        return;
    }
    if (s->lease_status != STATUS_OK) {
        say_unavailable(s);
        if (has_waited_enough(s)) {
            s->result = cli_fail(s->batch->context, "MongoDB: %s", mongo_lease_error(s->lease));
            end(s);
        }
        return;
    }
    s->says_unavailable = false;
    if (!s->has_lease) {
        s->has_lease = true;
        job_start_alone(&s->running, &s->loop, run_owed, on_ran);
    }
}

static void on_renewal(uv_timer_t *timer)
{
    struct scheduler *s = container_of(timer, struct scheduler, renewal);
    if (!s->renewing.is_running) {
        job_start(&s->renewing, &s->loop, take_lease, on_taken);
    }
}

static enum cli_exit open_lease(struct scheduler *s)
{
    const struct config *config = s->batch->config;
    char name[NAME_SIZE];
    char holder[MONGO_LEASE_HOLDER_MAX];
    char host[128] = "";
    char error[MONGO_LEASE_ERROR_MAX] = "";
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(name, sizeof(name), "%s:%s", config->kafka.topic, zone_name(s->batch->zone));
    (void)snprintf(holder, sizeof(holder), "%s:%ld:%lld", host, (long)getpid(),
                   (long long)cmd_batch_wall_ms());
    const struct mongo_lease_options options = {
        .uri = config->mongo.uri,
        .database = config->mongo.database,
        .name = name,
        .holder = holder,
        .duration_ms = LEASE_MS,
    };
    if (mongo_lease_open(&options, &s->lease, error, sizeof(error)) != STATUS_OK) {
        return cli_fail(s->batch->context, "MongoDB: %s", error);
    }
    return CLI_DONE;
}

static void start(struct scheduler *s)
{
    (void)uv_signal_init(&s->loop, &s->terminated);
    (void)uv_signal_init(&s->loop, &s->interrupted);
    (void)uv_timer_init(&s->loop, &s->due);
    (void)uv_timer_init(&s->loop, &s->renewal);
    (void)uv_signal_start(&s->terminated, on_terminated, SIGTERM);
    (void)uv_signal_start(&s->interrupted, on_interrupted, SIGINT);
    (void)uv_timer_start(&s->renewal, on_renewal, 0, LEASE_AGAIN_MS);
}

enum cli_exit batch_schedule_run(const struct batch_schedule_options *options)
{
    struct scheduler s = {.options = options, .batch = options->batch};
    enum cli_exit code = open_lease(&s);
    if (code != CLI_DONE) {
        return code;
    }
    if (uv_loop_init(&s.loop) != 0) {
        mongo_lease_close(&s.lease);
        return cli_fail(options->batch->context, "there is no event loop to be had");
    }
    s.began_ms = uv_now(&s.loop);
    start(&s);
    (void)uv_run(&s.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&s.loop);
    if (s.has_lease && mongo_lease_release(s.lease) != STATUS_OK) {
        say_unavailable(&s); /* it ends by itself */
    }
    mongo_lease_close(&s.lease);
    return options->is_once ? s.result : CLI_DONE;
}
