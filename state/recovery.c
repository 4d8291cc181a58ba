#include "state/recovery.h"

#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/recovery_internal.h"
#include "state/snapshot_remote.h"
#include "state/store.h"
#include "state/store_open.h"

#include <stdio.h>
#include <unistd.h>

enum place { PLACE_none, PLACE_env, PLACE_here, PLACE_remote };

struct candidate {
    enum place place;
    int64_t era;
    int64_t next_offset;
};

/* Nothing was ever read: what is opened when there is nothing else. */
static bool is_blank(const struct meta *meta)
{
    return meta->era == 0 && meta->next_offset < 0;
}

static bool is_further(int64_t era, int64_t next_offset, const struct candidate *than)
{
    if (than->place == PLACE_none || era != than->era) {
        return than->place == PLACE_none || era > than->era;
    }
    return next_offset > than->next_offset;
}

static void consider(struct candidate *best, enum place place, int64_t era, int64_t next_offset)
{
    if (is_further(era, next_offset, best)) {
        *best = (struct candidate){place, era, next_offset};
    }
}

/* The furthest that was not tried yet; of two that are equal, the one that costs less. */
static enum place furthest(const struct recovery_search *search)
{
    struct candidate best = {.place = PLACE_none};
    if (search->env != NULL && !search->is_env_tried && !is_blank(store_meta(search->env))) {
        const struct meta *meta = store_meta(search->env);
        consider(&best, PLACE_env, meta->era, meta->next_offset);
    }
    if (search->here_next < search->here.count) {
        const struct snapshot *snapshot = &search->here.items[search->here_next];
        consider(&best, PLACE_here, snapshot->era, snapshot->next_offset);
    }
    if (search->remote_next < search->remote.count) {
        const struct snapshot *snapshot = &search->remote.items[search->remote_next];
        consider(&best, PLACE_remote, snapshot->era, snapshot->next_offset);
    }
    return best.place;
}

static enum status try_env(struct recovery_search *search)
{
    search->is_env_tried = true;
    return recovery_check(search, store_meta(search->env), FOLDER_DATA_NAME);
}

static enum status open_store(struct recovery_search *search)
{
    return store_open_locked(&search->options->store, search->lock_fd, &search->env);
}

/* What was fetched for this is put in place as it is; what was here before stays as a copy. */
static enum status restore(struct recovery_search *search, const struct snapshot *snapshot,
                           bool is_remote)
{
    if (search->env != NULL) {
        store_release(&search->env);
    }
    enum status status = is_remote ? snapshot_move_in(search->folder, snapshot)
                                   : snapshot_install(search->folder, snapshot);
    if (status == STATUS_OK) {
        status = open_store(search);
    }
    if (status == STATUS_OK) {
        search->result.is_restored = true;
        search->result.snapshot = *snapshot;
        log_event(LOG_state_restored, log_text("folder", search->folder),
                  log_text("snapshot", snapshot->name),
                  log_int("next_offset", snapshot->next_offset));
    }
    return status;
}

static enum status try_snapshot(struct recovery_search *search, enum place place)
{
    bool is_remote = place == PLACE_remote;
    const struct snapshot snapshot = is_remote ? search->remote.items[search->remote_next++]
                                               : search->here.items[search->here_next++];
    enum status status = recovery_try_snapshot(search, &snapshot, is_remote);
    return status == STATUS_OK ? restore(search, &snapshot, is_remote) : status;
}

/* None fits. An object store that did not answer may have one that does. */
static enum status give_up(struct recovery_search *search)
{
    if (status_class_of(search->remote_status) == STATUS_CLASS_RETRY) {
        return search->remote_status;
    }
    return STATUS_LOG_LOST;
}

/* There is no state at all, as far as everybody could be asked. */
static enum status begin(struct recovery_search *search)
{
    if (search->remote_status != STATUS_OK) {
        return search->remote_status;
    }
    if (search->has_old_format) {
        return STATUS_OLD_FORMAT;
    }
    enum status status = search->env != NULL ? STATUS_OK : open_store(search);
    if (status == STATUS_OK) {
        search->result = (struct recovery){.meta = *store_meta(search->env)};
    }
    return status;
}

static enum status search_all(struct recovery_search *search)
{
    for (enum place place; (place = furthest(search)) != PLACE_none;) {
        enum status status = place == PLACE_env ? try_env(search) : try_snapshot(search, place);
        if (status == STATUS_OK) {
            return recovery_set_unfit_aside(search);
        }
        if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return search->has_furthest ? give_up(search) : begin(search);
}

static enum status search_locked(struct recovery_search *search)
{
    enum status status = recovery_open_env(search);
    if (status == STATUS_OK) {
        status = recovery_list(search);
    }
    return status == STATUS_OK ? search_all(search) : status;
}

static enum status search_folder(struct recovery_search *search)
{
    const struct store_options *store = &search->options->store;
    enum status status = folder_path(store->data_dir, store->topic, store->partition,
                                     search->folder, sizeof(search->folder));
    if (status == STATUS_OK) {
        status = store_lock(store, &search->lock_fd);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = search_locked(search);
    if (status != STATUS_OK) {
        if (search->env != NULL) {
            store_release(&search->env);
        }
        (void)close(search->lock_fd);
    }
    snapshot_destroy_list(&search->here);
    snapshot_destroy_list(&search->remote);
    mem_free(search->unfit);
    return status;
}

enum status recovery_open(const struct recovery_options *options, struct store **out_store,
                          struct recovery *out_recovery)
{
    struct recovery_search search = {.options = options, .unfit_era = -1};
    enum status status = search_folder(&search);
    if (status == STATUS_OK || status == STATUS_LOG_LOST) {
        search.result.unfit_era = search.unfit_era;
        *out_recovery = search.result;
    }
    if (status == STATUS_OK) {
        *out_store = search.env;
    }
    return status;
}
