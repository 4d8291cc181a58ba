#include "tests/unit/actors/dispatcher_fixture.h"

#include "runtime/mem.h"
#include "runtime/sched.h"
#include "tests/unit/cmocka.h"

void dispatcher_fixture_run(struct fixture *f)
{
    while (sched_step(f->sched)) {
    }
}

static int setup_with(void **state, bool may_forget)
{
    struct fixture *f = mem_new(1, sizeof(*f));
    f->sched = sched_create(&(struct sched_options){.msg_size = sizeof(struct msg)});
    probe_init(&f->partition, f->sched);
    probe_init(&f->reader, f->sched);
    probe_init(&f->sink, f->sched);
    f->dispatcher = dispatcher_create(&(struct dispatcher_options){
        .sched = f->sched,
        .sink = SINK_redis,
        .filter = {.intervals = INTERVAL_BIT(INTERVAL_5m)},
        .partition = &f->partition.actor,
        .store_reader = &f->reader.actor,
        .sink_edge = &f->sink.actor,
        .topic = "t",
        .cursor = 10,
        .last_sequence = 10,
        .rows_max = 100,
        .may_forget = may_forget,
        .ttl_ms = DISPATCHER_FIXTURE_TTL_MS,
        .acked_revision = DISPATCHER_FIXTURE_REVISION,
        .acked_count = DISPATCHER_FIXTURE_COUNT,
        .life = DISPATCHER_FIXTURE_LIFE,
        .seed = 1,
    });
    dispatcher_start(f->dispatcher);
    dispatcher_fixture_run(f);
    *state = f;
    return 0;
}

int dispatcher_fixture_setup(void **state)
{
    return setup_with(state, false);
}

int dispatcher_fixture_setup_attached(void **state)
{
    return setup_with(state, true);
}

int dispatcher_fixture_teardown(void **state)
{
    struct fixture *f = *state;
    dispatcher_destroy(&f->dispatcher);
    probe_deinit(&f->partition);
    probe_deinit(&f->reader);
    probe_deinit(&f->sink);
    sched_destroy(&f->sched);
    mem_free(f);
    return 0;
}

void dispatcher_fixture_tell(struct fixture *f, struct msg msg)
{
    actor_send(dispatcher_actor(f->dispatcher), &msg);
    dispatcher_fixture_run(f);
}

void dispatcher_fixture_grow(struct fixture *f, int64_t last_sequence, enum interval interval)
{
    dispatcher_fixture_tell(f,
                            (struct msg){.type = MSG_OUTBOX_GREW,
                                         .as_OUTBOX_GREW = {.last_sequence = last_sequence,
                                                            .intervals = INTERVAL_BIT(interval)}});
}

struct outbox_rows *dispatcher_fixture_make_rows(size_t count)
{
    struct outbox_rows *rows = mem_new(1, sizeof(*rows));
    rows->rows = mem_new(count + 1, sizeof(*rows->rows));
    rows->bytes = mem_new(1, 1);
    rows->count = count;
    for (size_t i = 0; i < count; i++) {
        rows->rows[i].payload = (struct slice){rows->bytes, 1};
    }
    return rows;
}

void dispatcher_fixture_tell_rows(struct fixture *f, int64_t scanned_to)
{
    struct outbox_rows *rows = dispatcher_fixture_make_rows(1);
    rows->scanned_to = scanned_to;
    dispatcher_fixture_tell(
        f, (struct msg){.type = MSG_OUTBOX_ROWS, .as_OUTBOX_ROWS = {STATUS_OK, rows}});
}

const struct msg *dispatcher_fixture_last(const struct probe *probe)
{
    assert_true(probe->count > 0);
    return &probe->messages[probe->count - 1];
}

void dispatcher_fixture_tell_delivered(struct fixture *f, enum status status)
{
    struct delivery *delivery = dispatcher_fixture_last(&f->sink)->as_SINK_DELIVER.delivery;
    dispatcher_fixture_tell(
        f, (struct msg){.type = MSG_SINK_DELIVERED, .as_SINK_DELIVERED = {status, delivery}});
}
