#include "ops/state_ask.h"

#include "ops/shard_ask.h"
#include "ops/state_report.h"
#include "runtime/boot_id.h"
#include "runtime/status.h"
#include "state/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 2300, LINE_BYTES = 300, PIECE_BYTES = 1 << 16 };

static void hand_on(const struct state_request *request, struct text *out)
{
    request->part(request->context, text_get(out), out->size);
    text_deinit(out);
    *out = (struct text){.bytes = NULL};
}

static enum status export_all(const struct state_request *request, struct store *store)
{
    struct state_export at = {.is_done = false};
    struct text out = {.bytes = NULL};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !at.is_done) {
        status = state_report_export(store, &at, PIECE_BYTES, &out);
        hand_on(request, &out);
    }
    return status;
}

static enum status report(const struct state_request *request, struct store *store)
{
    struct text out = {.bytes = NULL};
    enum status status;

    if (strcmp(request->word, "export") == 0) {
        return export_all(request, store);
    }
    if (strcmp(request->word, "list") == 0) {
        status = state_report_list(store, &out);
    } else {
        status = state_report_show(store, request->symbol, &out);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    hand_on(request, &out);
    return status;
}

static void read_partition(const struct state_request *request, int32_t partition,
                           struct state_tally *tally)
{
    char boot_id[BOOT_ID_MAX];
    struct store_options options = {
        .data_dir = request->data_dir,
        .topic = request->topic,
        .partition = partition,
        .boot_id = boot_id, /* commits of this boot can be trusted, synced or not */
        .is_read_only = true,
    };
    struct store *store = NULL;
    boot_id_read(boot_id);
    enum status status = store_open(&options, &store);

    if (status == STATUS_NOT_FOUND || status == STATUS_BUSY) {
        return; /* a shard holds it, and has been asked */
    }
    if (status == STATUS_OK) {
        status = report(request, store);
        store_close(&store);
    }
    tally->answers += status == STATUS_OK;
    tally->failures += status != STATUS_OK;
    if (status != STATUS_OK) {
        fprintf(stderr, "candled: %s/%s/%d: %s\n", request->data_dir, request->topic,
                (int)partition, status_text(status));
    }
}

static void read_topic(const struct state_request *request, struct state_tally *tally)
{
    char folder[PATH_BYTES];
    snprintf(folder, sizeof(folder), "%s/%s", request->data_dir, request->topic);
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long partition = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0' && partition >= 0) {
            read_partition(request, (int32_t)partition, tally);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void state_ask(const struct state_request *request, struct state_tally *tally)
{
    char line[LINE_BYTES];

    snprintf(line, sizeof(line), "%s%s%s\n", request->word, request->symbol[0] != '\0' ? " " : "",
             request->symbol);
    tally->answers += shard_ask_parts(request->data_dir, line, request->part, request->context);
    read_topic(request, tally);
}
