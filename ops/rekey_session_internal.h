/* What the parts of a session share. */
#ifndef CANDLED_OPS_REKEY_SESSION_INTERNAL_H
#define CANDLED_OPS_REKEY_SESSION_INTERNAL_H

#include "ops/rekey_checkpoint.h"
#include "ops/rekey_seen.h"
#include "ops/rekey_session.h"

struct kafka_admin;
struct kafka_merge;
struct kafka_reader;
struct kafka_writer;
struct kline_decoder;

/* Of a source partition since the last checkpoint. */
struct rekey_tally {
    int64_t records;
    int64_t closed;
    int64_t open;
};

struct rekey_session {
    struct rekey_session_options options;
    struct rekey_view *view;
    struct kafka_admin *admin;
    struct kafka_reader *reader; /* of the source */
    struct kafka_merge *merge;
    struct kafka_writer *writer;
    struct kline_decoder *decoder;
    struct rekey_seen *seen;
    struct rekey_checkpoint at; /* how far we are; on disk after each checkpoint */
    bool has_checkpoint;        /* `at` began with one */
    int32_t known_count;        /* source partitions that it knew */
    int64_t *begins;            /* of the target, when it was looked at */
    int64_t *ends;              /* of the target: what is below is ours, or was looked at */
    int64_t *until;             /* the source's ends when copying started */
    int64_t *expected;          /* the target's next offset if nobody else writes; -1: not known */
    struct rekey_tally *tallies;
    struct metrics_set *const *sets; /* borrowed while copying */
    int64_t event_ms_max;
    int64_t uncommitted; /* records since the last checkpoint */
    int64_t fresh;       /* of them, those that were sent */
    int64_t fresh_no_kline;
    int64_t stop_by_ms; /* 0: nobody has asked to stop */
    bool has_told_of_others;
    char error[REKEY_ERROR_MAX];
};

int64_t rekey_session_now_ms(void);

/* Sets the error; returns the status. */
enum status rekey_session_fail(struct rekey_session *session, enum status status,
                               const char *format, ...) __attribute__((format(printf, 3, 4)));

/* How long one may wait for acknowledgements: false when a stop has waited long enough. */
bool rekey_session_has_time(struct rekey_session *session);

/* Reads the target beyond the checkpoint into `seen`. */
MUST_CHECK enum status rekey_session_scan(struct rekey_session *session);

#endif
