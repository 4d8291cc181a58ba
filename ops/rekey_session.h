/* One life of rekey, from its checkpoint to a failure, a stop or the end: first it finds out what
 * the target holds already, then it copies.
 *
 * Exactly once: within a life no request is ever sent twice, so nothing is doubled or moved; a
 * request whose answer is lost ends the life. Between lives, each record in the target names its
 * place in the source by the headers source_topic, source_partition and source_offset, and what
 * stands beyond the checkpoint is read before anything is written.
 * Thread: all calls block and belong on a worker, one at a time; `view` may be read by any. */
#ifndef CANDLED_OPS_REKEY_SESSION_H
#define CANDLED_OPS_REKEY_SESSION_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct kafka_property;
struct metrics_set;
struct rekey_session;

enum { REKEY_ERROR_MAX = 1024 };

struct rekey_session_options {
    const char *brokers; /* borrowed, as are all texts */
    const struct kafka_property *properties;
    const char *source;
    const char *target;
    const char *folder;      /* of the checkpoint; exists, and is locked by us */
    int32_t partitions;      /* when the target is made; else 0 or what it has */
    int32_t partitions_made; /* the default of `partitions` */
    int32_t replication_factor;
    int64_t retention_ms;
    bool is_forced;      /* the target may hold records of others */
    bool accepts_loss;   /* records that retention has removed uncopied are given up */
    bool stops_at_end;   /* of the log as it is when copying starts */
    int64_t stop_ms_max; /* how long a stop may wait for acknowledgements */
    struct metrics_set *process;
};

/* What others may look at while it works; the counts go on from session to session. */
struct rekey_view {
    atomic_bool is_stopping;  /* written by the owner */
    atomic_bool is_copying;   /* the target has been read: ready */
    _Atomic int64_t done;     /* records of what is under way: the scan or the copy */
    _Atomic int64_t total;    /* of as many, as known at its beginning */
    _Atomic int64_t copied;   /* records acknowledged and covered by a checkpoint */
    _Atomic int64_t skipped;  /* found in the target already */
    _Atomic int64_t no_kline; /* copied with their old key */
};

/* The view is borrowed. */
struct rekey_session *rekey_session_create(const struct rekey_session_options *options,
                                           struct rekey_view *view);

void rekey_session_destroy(struct rekey_session **session_p);

/* Statuses of class RETRY: the cluster does not answer. Others but STATUS_OK: a person must decide;
 * rekey_session_error() says about what. */
MUST_CHECK enum status rekey_session_start(struct rekey_session *session);

/* After rekey_session_start(). */
int32_t rekey_session_source_count(const struct rekey_session *session);

/* Copies until it is stopped, or at the end. `sets` are the source partitions' metrics.
 * STATUS_BUSY: the source has more partitions now; STATUS_PEER_FATAL and those of class RETRY:
 * another session may go on at once. */
MUST_CHECK enum status rekey_session_copy(struct rekey_session *session,
                                          struct metrics_set *const *sets);

const char *rekey_session_error(const struct rekey_session *session);

#endif
