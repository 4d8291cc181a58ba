/* The question whether the group still knows us is a commit that changes nothing: the offset that
 * was committed last, or one whose metadata no broker takes. A broker looks at the generation
 * first. */
#include "actors/edge/kafka_source_internal.h"
#include "runtime/mem.h"

#include <string.h>

/* More than a broker takes (4 KiB, unless it was told otherwise), less than a text of the protocol
 * holds. */
enum { TOO_LONG_BYTES = 32000 };

static const struct kafka_partition *committed_one(const struct kafka_source *source)
{
    const struct kafka_partition *p = source->partitions;
    while (p != NULL && (p->commit_offset < 0 || p->is_lost)) {
        p = p->next;
    }
    return p;
}

static const struct kafka_partition *begun_one(const struct kafka_source *source)
{
    const struct kafka_partition *p = source->partitions;
    while (p != NULL && (p->began < 0 || p->is_lost)) {
        p = p->next;
    }
    return p;
}

static void add_refusable(rd_kafka_topic_partition_list_t *list, const struct kafka_partition *p)
{
    char *metadata = mem_new(TOO_LONG_BYTES, 1);
    memset(metadata, 'x', TOO_LONG_BYTES);
    kafka_commit_add(list, p, p->began, (struct slice){metadata, TOO_LONG_BYTES});
    mem_free(metadata);
}

/* Without a partition that has begun there is nothing to ask with, and nobody waits for it. */
static rd_kafka_topic_partition_list_t *make_question(const struct kafka_source *source)
{
    rd_kafka_topic_partition_list_t *list = kafka_group_list();
    const struct kafka_partition *committed = committed_one(source);
    const struct kafka_partition *begun = begun_one(source);
    if (committed != NULL) {
        kafka_commit_add_newest(list, committed);
    } else if (begun != NULL) {
        add_refusable(list, begun);
    }
    return list;
}

static void end(struct kafka_source *source, bool is_confirmed)
{
    source->confirm.is_confirmed = is_confirmed;
    source->confirm.state = KAFKA_CONFIRM_answered;
    kafka_wakeup_again(&source->group.wakeup);
}

void kafka_confirm_want(struct kafka_source *source, kafka_source_confirmed_fn *callback,
                        void *context)
{
    struct kafka_confirm *confirm = &source->confirm;
    confirm->callback = callback;
    confirm->context = context;
    confirm->state = KAFKA_CONFIRM_wanted;
    if (kafka_source_is_ordinal(source)) {
        end(source, true);
    }
}

void kafka_confirm_ask(struct kafka_source *source)
{
    struct kafka_confirm *confirm = &source->confirm;
    if (confirm->state != KAFKA_CONFIRM_wanted || confirm->is_under_way) {
        return;
    }
    if (source->partitions == NULL) {
        end(source, true); /* what is not ours cannot be lost */
        return;
    }
    if (kafka_commit_send(source, make_question(source), confirm)) {
        confirm->state = KAFKA_CONFIRM_asked;
        confirm->is_under_way = true;
    }
}

static void refuse(struct kafka_source *source)
{
    /* In the middle of a revoke librdkafka ends that first, and joins anew; what is ours then, a
     * new question tells. */
    if (source->is_answer_due) {
        source->confirm.state = KAFKA_CONFIRM_wanted;
        kafka_group_on_fenced(source);
    } else {
        end(source, false);
    }
}

void kafka_confirm_on_answer(struct kafka_source *source, rd_kafka_resp_err_t code)
{
    source->confirm.is_under_way = false;
    if (source->confirm.state != KAFKA_CONFIRM_asked) {
        return; /* it answers an older question */
    }
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
        end(source, true);
        break;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        refuse(source);
        break;
    default: /* no answer, or the group moves */
        source->confirm.state = KAFKA_CONFIRM_wanted;
        break;
    }
}

void kafka_confirm_on_lost(struct kafka_source *source)
{
    if (source->confirm.state == KAFKA_CONFIRM_wanted ||
        source->confirm.state == KAFKA_CONFIRM_asked) {
        end(source, false);
    }
}

void kafka_confirm_tell(struct kafka_source *source)
{
    struct kafka_confirm *confirm = &source->confirm;
    if (confirm->state == KAFKA_CONFIRM_answered) {
        confirm->state = KAFKA_CONFIRM_idle;
        confirm->callback(confirm->context, confirm->is_confirmed);
    }
}
