#include "actors/edge/kafka_source_internal.h"

enum { COMMIT_WAIT_MS = 1000, LEAVE_WAIT_MS = 1000, CLOSE_WAIT_MS = 3000 };

static void enter(struct kafka_source *source, enum kafka_stop step, int64_t wait_ms)
{
    source->stop = step;
    source->stop_deadline_ms = kafka_source_now_ms(source) + wait_ms;
}

static void commit_last(struct kafka_source *source)
{
    enter(source, KAFKA_STOP_committing, COMMIT_WAIT_MS);
    source->is_commit_answered = !kafka_commit_last(source);
}

static void unsubscribe(struct kafka_source *source)
{
    bool is_wanted = source->options.moves_partitions && !kafka_source_is_ordinal(source);
    enter(source, KAFKA_STOP_leaving, is_wanted ? LEAVE_WAIT_MS : 0);
    if (is_wanted) {
        source->is_moving = false;
        (void)rd_kafka_unsubscribe(source->group.client);
    }
}

static void close_group(struct kafka_source *source)
{
    enter(source, KAFKA_STOP_closing, CLOSE_WAIT_MS);
    rd_kafka_error_t *error =
        rd_kafka_consumer_close_queue(source->group.client, source->group.queue);
    if (!kafka_source_accept(error, "consumer_close")) {
        source->stop_deadline_ms = kafka_source_now_ms(source);
    }
}

/* An unsubscribe has been carried out when its revoke was answered. */
static bool has_left(const struct kafka_source *source)
{
    return source->is_moving && !source->is_answer_due;
}

static void take_step(struct kafka_source *source)
{
    bool is_late = kafka_source_now_ms(source) >= source->stop_deadline_ms;
    switch (source->stop) {
    case KAFKA_STOP_no:
    case KAFKA_STOP_done:
        break;
    case KAFKA_STOP_releasing:
        if (source->partitions == NULL) {
            commit_last(source);
        }
        break;
    case KAFKA_STOP_committing:
        if (source->is_commit_answered || is_late) {
            unsubscribe(source);
        }
        break;
    case KAFKA_STOP_leaving:
        if (has_left(source) || is_late) {
            close_group(source);
        }
        break;
    case KAFKA_STOP_closing:
        if (rd_kafka_consumer_closed(source->group.client) != 0 || is_late) {
            source->stop = KAFKA_STOP_done;
            source->options.owner.stopped(source->options.owner.context);
        }
        break;
    }
}

void kafka_leave_advance(struct kafka_source *source)
{
    if (!kafka_change_is_done(&source->group) || !kafka_change_is_done(&source->fetch)) {
        return; /* the clients hear what was asked of them first; then we are called again */
    }
    enum kafka_stop before;
    do {
        before = source->stop;
        take_step(source);
    } while (source->stop != before);
}
