#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/recovery_internal.h"
#include "state/snapshot_internal.h"
#include "state/snapshot_remote.h"

#include <string.h>

/* Without it we go on with what is here, and wait for it only when that does not do. */
static void miss_remote(struct recovery_search *search, enum status status)
{
    search->remote_status = status;
    search->remote_next = search->remote.count;
}

enum status recovery_list(struct recovery_search *search)
{
    const struct recovery_options *options = search->options;
    enum status status = snapshot_list(search->folder, &search->here);
    if (status != STATUS_OK || options->remote == NULL) {
        return status;
    }
    status = snapshot_list_remote(options->remote, options->store.topic, options->store.partition,
                                  &search->remote);
    if (status != STATUS_OK) {
        miss_remote(search, status);
    }
    return STATUS_OK;
}

static void remember_unfit(struct recovery_search *search, const struct meta *meta,
                           enum log_fit fit, const char *name)
{
    if (!search->has_furthest) {
        search->has_furthest = true;
        search->result = (struct recovery){.meta = *meta, .fit = fit};
    }
    log_event(LOG_state_unfit, log_text("folder", search->folder), log_text("state", name),
              log_text("reason", log_fit_text(fit)), log_int("era", meta->era),
              log_int("next_offset", meta->next_offset));
}

enum status recovery_check(struct recovery_search *search, const struct meta *meta,
                           const char *name)
{
    enum log_fit fit = LOG_FIT_fits;
    enum status status = search->options->check(search->options->context, meta, &fit);
    if (status != STATUS_OK) {
        return status;
    }
    if (!log_fit_is_good(fit)) {
        remember_unfit(search, meta, fit, name);
        search->unfit_era = meta->era > search->unfit_era ? meta->era : search->unfit_era;
        return search->options->stops_at_unfit ? STATUS_LOG_LOST : STATUS_NOT_FOUND;
    }
    search->result = (struct recovery){.meta = *meta, .fit = fit};
    return STATUS_OK;
}

static void add_unfit(struct recovery_search *search, const struct snapshot *snapshot,
                      bool is_remote)
{
    search->unfit = mem_resize(search->unfit, search->unfit_count + 1, sizeof(*search->unfit));
    search->unfit[search->unfit_count++] = (struct recovery_unfit){*snapshot, is_remote};
}

static enum status discard(struct recovery_search *search, const struct snapshot *snapshot,
                           bool is_remote)
{
    enum status status = snapshot_set_aside(search->folder, snapshot);
    if (status == STATUS_OK && is_remote) {
        status = snapshot_discard_remote(search->options->remote, snapshot);
        /* Then it stays where it is, and is found again. */
        return status_class_of(status) == STATUS_CLASS_FATAL ? status : STATUS_OK;
    }
    return status;
}

/* What stands elsewhere may be sound, and this machine's disk or memory at fault: others may go on
 * from it, and pruning takes it in time. */
static enum status refuse(const struct recovery_search *search, const struct snapshot *snapshot)
{
    log_event(LOG_snapshot_refused, log_text("store", object_store_name(search->options->remote)),
              log_text("topic", snapshot->topic), log_int("partition", snapshot->partition),
              log_text("name", snapshot->name));
    return STATUS_NOT_FOUND;
}

static enum status examine(struct recovery_search *search, const struct snapshot *snapshot,
                           bool is_remote)
{
    struct meta meta;
    /* What was fetched was read through as it came. */
    enum status status =
        is_remote ? snapshot_look_into(search->folder, snapshot, &meta)
                  : snapshot_examine(search->folder, snapshot, &search->options->progress, &meta);
    if (status == STATUS_CORRUPT) {
        status = snapshot_set_aside(search->folder, snapshot);
        if (status != STATUS_OK) {
            return status;
        }
        return is_remote ? refuse(search, snapshot) : STATUS_NOT_FOUND;
    }
    if (status == STATUS_OLD_FORMAT) {
        search->has_old_format = true;
        return STATUS_NOT_FOUND;
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = recovery_check(search, &meta, snapshot->name);
    if (status == STATUS_NOT_FOUND) {
        add_unfit(search, snapshot, is_remote);
    }
    return status;
}

/* One that is here as well was looked at already, unless it was damaged and is gone. */
static bool is_here(struct recovery_search *search, const struct snapshot *snapshot)
{
    char folder[SNAPSHOT_PATH_MAX];
    struct snapshot found;
    return snapshot_path(search->folder, "", "", folder, sizeof(folder)) == STATUS_OK &&
           snapshot_load(folder, snapshot->name, &found) == STATUS_OK;
}

static enum status fetch(struct recovery_search *search, const struct snapshot *snapshot)
{
    enum status status = snapshot_fetch(search->options->remote, search->folder, snapshot,
                                        &search->options->progress);
    switch (status) {
    case STATUS_UNAVAILABLE:
    case STATUS_TIMED_OUT:
    case STATUS_REJECTED:
        miss_remote(search, status);
        return STATUS_NOT_FOUND;
    case STATUS_MALFORMED:
    case STATUS_CORRUPT:
        return refuse(search, snapshot);
    default:
        return status;
    }
}

/* Another cluster's topic of the same name: its state is none of ours, neither to take nor to set
 * aside. */
static bool is_foreign(const struct recovery_search *search, const struct snapshot *snapshot)
{
    const char *ours = search->options->cluster;
    if (ours == NULL || ours[0] == '\0' || snapshot->cluster[0] == '\0' ||
        strcmp(ours, snapshot->cluster) == 0) {
        return false;
    }
    log_event(LOG_snapshot_foreign, log_text("store", search->folder),
              log_text("name", snapshot->name), log_text("topic", snapshot->topic),
              log_text("cluster", ours), log_text("other", snapshot->cluster),
              log_text("advice", "give each cluster a prefix of its own in snapshots.url"));
    return true;
}

enum status recovery_try_snapshot(struct recovery_search *search, const struct snapshot *snapshot,
                                  bool is_remote)
{
    if (!recovery_is_ours(search, snapshot->topic, snapshot->partition)) {
        log_event(LOG_snapshot_damaged, log_text("folder", search->folder),
                  log_text("name", snapshot->name),
                  log_text("reason", "it is of another topic or partition"));
        return STATUS_NOT_FOUND;
    }
    if (is_foreign(search, snapshot)) {
        return STATUS_NOT_FOUND;
    }
    if (is_remote) {
        if (is_here(search, snapshot)) {
            return STATUS_NOT_FOUND;
        }
        enum status status = fetch(search, snapshot);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return examine(search, snapshot, is_remote);
}

/* The furthest last: of what is put aside the newest stay. */
enum status recovery_set_unfit_aside(struct recovery_search *search)
{
    enum status status = STATUS_OK;
    for (size_t i = search->unfit_count; i-- > 0 && status == STATUS_OK;) {
        status = discard(search, &search->unfit[i].snapshot, search->unfit[i].is_remote);
    }
    return status;
}
