/* What the files of state/archive*.c share. */
#ifndef CANDLED_STATE_ARCHIVE_INTERNAL_H
#define CANDLED_STATE_ARCHIVE_INTERNAL_H

#include "state/archive.h"

#define ARCHIVE_DATA_SUFFIX ".avro"
#define ARCHIVE_MANIFEST_SUFFIX ".json"

enum { ARCHIVE_MANIFEST_BYTES_MAX = 64 << 20 };

/* YYYY-MM-DD, as far as digits and dashes go. */
bool archive_is_date(const char *text, size_t size);

/* Of a day's object; with an empty suffix and date, what all of the zone's begin with. */
void archive_key(const char *topic, const char *zone, const char *date, const char *suffix,
                 char key[OBJECT_KEY_MAX + 1]);

/* Size and checksum of the file at `path`. */
MUST_CHECK enum status archive_digest(const char *path, const struct object_progress *progress,
                                      int64_t *out_size_bytes, char sha256[ARCHIVE_SHA256_MAX]);

struct archive_manifest archive_manifest_copy(const struct archive_manifest *manifest);

/* Appends; the strings are copied. */
void archive_manifest_add_symbol(struct archive_manifest *manifest,
                                 const struct archive_symbol *symbol);
void archive_manifest_add_hole(struct archive_manifest *manifest, const struct archive_hole *hole);

#endif
