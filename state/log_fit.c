#include "runtime/base.h"
#include "state/recovery.h"

#include <assert.h>
#include <stddef.h>

static const char *const names[LOG_FIT_COUNT] = {
#define X(name, text) #name,
    LOG_FITS(X)
#undef X
};

static const char *const texts[LOG_FIT_COUNT] = {
#define X(name, text) text,
    LOG_FITS(X)
#undef X
};

const char *log_fit_name(enum log_fit fit)
{
    assert((size_t)fit < ARRAY_COUNT(names));
    return names[fit];
}

const char *log_fit_text(enum log_fit fit)
{
    assert((size_t)fit < ARRAY_COUNT(texts));
    return texts[fit];
}

bool log_fit_is_good(enum log_fit fit)
{
    return fit == LOG_FIT_fits || fit == LOG_FIT_unverified;
}

static bool is_same(const struct record_fingerprint *a, const struct record_fingerprint *b)
{
    return a->timestamp_ms == b->timestamp_ms && a->size == b->size && a->crc32c == b->crc32c;
}

enum log_fit log_fit_judge(const struct meta *meta, int64_t log_begin, int64_t log_end,
                           const struct record_fingerprint *before)
{
    if (meta->next_offset < 0) {
        return LOG_FIT_fits; /* nothing was read yet: any log will do */
    }
    if (meta->next_offset > log_end) {
        return LOG_FIT_ends_before;
    }
    if (meta->next_offset < log_begin) {
        return LOG_FIT_begins_after;
    }
    if (meta->next_offset == 0) {
        return LOG_FIT_fits; /* there is no record before the first */
    }
    if (before == NULL || !before->is_known || !meta->fingerprint.is_known) {
        return LOG_FIT_unverified;
    }
    return is_same(before, &meta->fingerprint) ? LOG_FIT_fits : LOG_FIT_differs;
}
