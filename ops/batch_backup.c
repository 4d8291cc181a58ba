#include "ops/batch_backup.h"

#include "actors/edge/mongo_ledger.h"

#include <stdio.h>
#include <string.h>

static enum status make_path(struct scratch *folder, char path[BATCH_BACKUP_PATH_MAX])
{
    enum status status = scratch_make(NULL, folder);
    if (status == STATUS_OK) {
        snprintf(path, BATCH_BACKUP_PATH_MAX, "%s/day.avro", folder->path);
    }
    return status;
}

static enum status read_next(struct batch_backup *backup)
{
    enum status status = archive_reader_next(backup->reader, &backup->next);
    backup->has_next = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status batch_backup_open(struct batch_backup *backup, struct object_store *store,
                              const struct ledger_day *day)
{
    if (backup->was_opened || store == NULL) {
        return STATUS_OK;
    }
    char path[BATCH_BACKUP_PATH_MAX];
    backup->was_opened = true;
    enum status status = make_path(&backup->folder, path);
    if (status != STATUS_OK) {
        return status;
    }
    status = archive_fetch(store, day->topic, day->zone, day->date, path, NULL, NULL);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = archive_reader_open(path, &backup->reader);
    }
    return status == STATUS_OK ? read_next(backup) : status;
}

void batch_backup_close(struct batch_backup *backup)
{
    archive_reader_close(&backup->reader);
    scratch_remove(&backup->folder);
    *backup = (struct batch_backup){.reader = NULL};
}

enum status batch_backup_take(struct batch_backup *backup, const char *symbol,
                              batch_visit_fn *visit, void *context)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && backup->has_next && strcmp(backup->next.symbol, symbol) <= 0) {
        if (strcmp(backup->next.symbol, symbol) == 0 && !visit(context, &backup->next)) {
            break;
        }
        status = read_next(backup);
    }
    return status;
}

enum status batch_backup_symbols(struct object_store *store, const struct ledger_day *day,
                                 struct batch_symbols *symbols)
{
    struct archive_manifest manifest;
    if (store == NULL) {
        return STATUS_OK;
    }
    enum status status = archive_look(store, day->topic, day->zone, day->date, &manifest);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        for (size_t i = 0; i < manifest.symbol_count; i++) {
            batch_symbols_add(symbols, manifest.symbols[i].symbol);
        }
        archive_manifest_deinit(&manifest);
    }
    return status;
}

enum status batch_backup_file_create(struct batch_backup_file *file, const struct ledger_day *day)
{
    struct archive_day archive;
    enum status status =
        archive_day_init(&archive, day->topic, day->zone, day->date, day->from_ms, day->to_ms);
    if (status == STATUS_OK) {
        status = make_path(&file->folder, file->path);
    }
    return status == STATUS_OK ? archive_writer_create(&archive, file->path, &file->writer)
                               : status;
}

enum status batch_backup_file_publish(struct batch_backup_file *file, struct object_store *store)
{
    struct archive_manifest manifest;
    bool is_kept;
    enum status status = archive_writer_finish(file->writer, &manifest);
    if (status == STATUS_OK) {
        status = archive_publish(store, file->path, &manifest, false, NULL, &is_kept);
        archive_manifest_deinit(&manifest);
    }
    return status;
}

void batch_backup_file_destroy(struct batch_backup_file *file)
{
    archive_writer_destroy(&file->writer);
    scratch_remove(&file->folder);
}
