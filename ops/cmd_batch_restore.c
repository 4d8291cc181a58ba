/* candled batch restore: puts the backups of days back into MongoDB. */
#include "actors/edge/mongo_loader.h"
#include "ops/backup_store.h"
#include "ops/batch_fold.h"
#include "ops/cmd_batch.h"
#include "ops/config.h"
#include "ops/progress.h"
#include "ops/scratch.h"
#include "ops/text.h"
#include "runtime/mem.h"
#include "state/archive.h"
#include "state/object_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { PATH_SIZE = 1024, BAR_STEP = 1000 };

struct restoring {
    struct cmd_batch *c;
    struct object_store *store;
    struct mongo_loader *loader;
    const char *symbols; /* ",A,B,", or NULL: all */
    struct progress bar;
    char path[PATH_SIZE]; /* of the copy here */
    int64_t restored;     /* days */
    int64_t missing;
    int64_t damaged;
    int64_t candles;
};

static int64_t monotonic_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static bool is_wanted(const struct restoring *r, const char *symbol)
{
    char name[SYMBOL_BYTES_MAX + 3];
    if (r->symbols == NULL) {
        return true;
    }
    (void)snprintf(name, sizeof(name), ",%s,", symbol);
    return strstr(r->symbols, name) != NULL;
}

static enum status load(struct restoring *r, int64_t *out_candles)
{
    struct archive_reader *reader;
    struct candle candle;
    int64_t read = 0;
    enum status status = archive_reader_open(r->path, &reader);
    if (status != STATUS_OK) {
        return status;
    }
    while ((status = archive_reader_next(reader, &candle)) == STATUS_OK) {
        if (is_wanted(r, candle.symbol)) {
            status = mongo_loader_add(r->loader, &candle);
            (*out_candles)++;
        }
        if (status != STATUS_OK) {
            break;
        }
        if (++read % BAR_STEP == 0) {
            progress_step(&r->bar, (uint64_t)read, (uint64_t)read, monotonic_ms());
        }
    }
    archive_reader_close(&reader);
    return status == STATUS_NOT_FOUND ? mongo_loader_flush(r->loader) : status;
}

static void tell(const struct restoring *r, const char *date, const char *outcome, int64_t candles)
{
    if (r->c->context->is_json) {
        printf("{\"day\":\"%s\",\"timezone\":\"%s\",\"backup\":\"%s\",\"candles\":%" PRId64 "}\n",
               date, zone_name(r->c->zone), outcome, candles);
    } else {
        printf("%s %s: %s, %" PRId64 " candles\n", date, zone_name(r->c->zone), outcome, candles);
    }
    (void)fflush(stdout);
}

/* STATUS_OK: all was done that can be; what failed with this day alone is counted. */
static enum status restore_day(struct restoring *r, const char *date)
{
    struct archive_manifest manifest;
    int64_t candles = 0;
    enum status status = archive_fetch(r->store, r->c->config->kafka.topic, zone_name(r->c->zone),
                                       date, r->path, NULL, &manifest);
    if (status == STATUS_OK) {
        progress_init(&r->bar, r->c->context->is_terminal, date, (uint64_t)manifest.candles,
                      monotonic_ms());
        status = load(r, &candles);
        progress_deinit(&r->bar);
        (void)unlink(r->path);
        archive_manifest_deinit(&manifest);
    }
    if (status == STATUS_NOT_FOUND) {
        r->missing++;
        tell(r, date, "missing", 0);
        return STATUS_OK;
    }
    if (status == STATUS_CORRUPT) {
        r->damaged++;
        tell(r, date, "damaged", candles);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        r->restored++;
        r->candles += candles;
        tell(r, date, "restored", candles);
    }
    return status;
}

static enum status restore_days(struct restoring *r)
{
    enum status status = STATUS_OK;
    for (struct zone_date date = r->c->from;
         status == STATUS_OK && zone_date_compare(date, r->c->to) <= 0;
         date = zone_date_add(date, 1)) {
        char text[ZONE_DATE_TEXT_MAX];
        zone_date_print(date, text);
        status = restore_day(r, text);
    }
    return status;
}

static enum cli_exit conclude(const struct restoring *r, enum status status)
{
    struct mongo_loader_counts counts = mongo_loader_counts(r->loader);
    if (r->c->context->is_json) {
        printf("{\"restored\":%" PRId64 ",\"missing\":%" PRId64 ",\"damaged\":%" PRId64
               ",\"candles\":%" PRId64 ",\"written\":%" PRId64 ",\"held\":%" PRId64
               ",\"rejected\":%" PRId64 "}\n",
               r->restored, r->missing, r->damaged, r->candles, counts.written, counts.held,
               counts.rejected);
    } else {
        printf("%" PRId64 " days restored, %" PRId64 " without a backup, %" PRId64
               " damaged; %" PRId64 " candles: %" PRId64 " written, %" PRId64
               " held already or newer\n",
               r->restored, r->missing, r->damaged, r->candles, counts.written, counts.held);
    }
    if (status != STATUS_OK) {
        const char *error = mongo_loader_error(r->loader);
        return cli_fail(r->c->context, "%s%s%s", status_text(status), error[0] == '\0' ? "" : ": ",
                        error);
    }
    return r->missing + r->damaged + counts.rejected > 0 ? CLI_FAILED : CLI_DONE;
}

static enum cli_exit open_both(struct restoring *r)
{
    const struct config *config = r->c->config;
    const struct mongo_loader_options options = {
        .uri = config->mongo.uri,
        .database = config->mongo.database,
        .collection = config->mongo.collection,
        .retention_ms = config->mongo.retention,
    };
    char error[MONGO_LOADER_ERROR_MAX + BACKUP_STORE_ERROR_MAX] = "";
    if (backup_store_open(config, &r->store, error) != STATUS_OK) {
        (void)cli_fail(r->c->context, "batch.backup_dir: %s", error);
        return CLI_USAGE;
    }
    if (mongo_loader_open(&options, &r->loader, error, sizeof(error)) != STATUS_OK) {
        return cli_fail(r->c->context, "MongoDB: %s", error);
    }
    return CLI_DONE;
}

enum cli_exit cmd_batch_restore(struct cmd_batch *c)
{
    struct restoring r = {.c = c};
    struct text symbols = {.bytes = NULL};
    const char *list = cli_value(c->context, "symbols");
    if (list != NULL) {
        text_add(&symbols, ",%s,", list);
        r.symbols = text_get(&symbols);
    }
    (void)snprintf(r.path, sizeof(r.path), "%s/candled-restore-%ld.avro", scratch_parent(),
                   (long)getpid());
    enum cli_exit code = open_both(&r);
    if (code == CLI_DONE) {
        code = conclude(&r, restore_days(&r));
    }
    mongo_loader_close(&r.loader);
    object_store_close(&r.store);
    text_deinit(&symbols);
    return code;
}
