#include "actors/edge/mongo_loader.h"

#include "actors/candle_batch.h"
#include "actors/delivery.h"
#include "actors/edge/mongo_uri.h"
#include "actors/edge/mongo_writer.h"
#include "runtime/backoff.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    ROWS_MAX = 1000,
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 2000,
    PATIENCE_MS = 60000,
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
};

struct mongo_loader {
    struct mongo_writer *writer;
    bool is_connected;
    struct candle_batch batch;
    struct outbox_row rows[ROWS_MAX];
    unsigned char bytes[ROWS_MAX][CANDLE_ENCODED_MAX];
    size_t count;
    struct mongo_loader_counts counts;
    struct mongo_failure failure;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static void sleep_ms(int64_t millis)
{
    struct timespec time = {.tv_sec = millis / MS_PER_S,
                            .tv_nsec = (long)(millis % MS_PER_S) * NS_PER_MS};
    (void)nanosleep(&time, NULL);
}

static bool try_write(struct mongo_loader *loader)
{
    if (!loader->is_connected) {
        mongo_writer_disconnect(loader->writer);
        loader->is_connected = mongo_writer_connect(loader->writer, &loader->failure);
    }
    bool is_done = loader->is_connected &&
                   mongo_writer_write(loader->writer, &loader->batch, &loader->failure);
    loader->is_connected = is_done;
    return is_done;
}

/* Of a settled batch; what a failed try has counted is forgotten, since the next one repeats it. */
static enum status write_batch(struct mongo_loader *loader, struct delivery *delivery)
{
    struct backoff backoff;
    int64_t deadline_ms = monotonic_ms() + PATIENCE_MS;

    backoff_init(&backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS, (uint64_t)monotonic_ms());
    while (!try_write(loader)) {
        delivery->stale_count = 0;
        delivery_destroy_rejections(&delivery->rejections);
        if (monotonic_ms() > deadline_ms) {
            return STATUS_UNAVAILABLE;
        }
        sleep_ms(backoff_next_ms(&backoff));
    }
    return STATUS_OK;
}

static void count(struct mongo_loader *loader, const struct delivery *delivery)
{
    int64_t rejected = delivery->rejections == NULL ? 0 : (int64_t)delivery->rejections->count;
    loader->counts.rejected += rejected;
    loader->counts.held += (int64_t)(delivery->stale_count + delivery->superseded_count);
    loader->counts.written +=
        (int64_t)(delivery->rows->count - delivery->stale_count - delivery->superseded_count) -
        rejected;
}

enum status mongo_loader_flush(struct mongo_loader *loader)
{
    struct outbox_rows rows = {.rows = loader->rows, .count = loader->count};
    struct delivery delivery = {.topic = "", .rows = &rows, .is_refill = true};

    if (loader->count == 0) {
        return STATUS_OK;
    }
    candle_batch_clear(&loader->batch);
    candle_batch_add(&loader->batch, &delivery);
    candle_batch_settle(&loader->batch);
    enum status status = write_batch(loader, &delivery);
    if (status == STATUS_OK) {
        count(loader, &delivery);
        loader->count = 0;
    }
    delivery_destroy_rejections(&delivery.rejections);
    return status;
}

enum status mongo_loader_add(struct mongo_loader *loader, const struct candle *candle)
{
    size_t size = candle_encode(candle, loader->bytes[loader->count]);
    loader->rows[loader->count] =
        (struct outbox_row){.kind = OUTBOX_candle,
                            .interval = candle->interval,
                            .payload = {loader->bytes[loader->count], size}};
    loader->count++;
    return loader->count < ROWS_MAX ? STATUS_OK : mongo_loader_flush(loader);
}

struct mongo_loader_counts mongo_loader_counts(const struct mongo_loader *loader)
{
    return loader->counts;
}

const char *mongo_loader_error(const struct mongo_loader *loader)
{
    return loader->failure.text;
}

enum status mongo_loader_open(const struct mongo_loader_options *options,
                              struct mongo_loader **out_loader, char *error, size_t error_size)
{
    struct mongo_writer_options writer = {.database = options->database,
                                          .retention_ms = options->retention_ms};
    enum status status =
        key_template_parse(options->collection, &writer.collection, error, error_size);
    if (status == STATUS_OK) {
        mongoc_init();
        status = mongo_uri_parse(options->uri, &writer.uri, error, error_size);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct mongo_loader *loader = mem_new(1, sizeof(*loader));
    loader->writer = mongo_writer_create(&writer);
    candle_batch_init(&loader->batch, "mongo");
    loader->is_connected = mongo_writer_connect(loader->writer, &loader->failure);
    if (!loader->is_connected) {
        (void)snprintf(error, error_size, "%s", loader->failure.text);
        mongo_loader_close(&loader);
        return STATUS_UNAVAILABLE;
    }
    *out_loader = loader;
    return STATUS_OK;
}

void mongo_loader_close(struct mongo_loader **loader_p)
{
    struct mongo_loader *loader = *loader_p;
    *loader_p = NULL;
    if (loader != NULL) {
        mongo_writer_destroy(&loader->writer);
        candle_batch_deinit(&loader->batch);
        mem_free(loader);
    }
}
