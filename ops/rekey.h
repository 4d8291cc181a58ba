/* The process round rekey's sessions: a loop with signals, metrics and health, and one worker that
 * starts, copies, and starts over when the cluster went away.
 *
 *   starting --(target read)--> copying --(end, SIGTERM)--> over
 *      ^--------(interrupted: a second later)------'
 *
 * Thread: the loop's; the sessions run in jobs. */
#ifndef CANDLED_OPS_REKEY_H
#define CANDLED_OPS_REKEY_H

#include "ops/rekey_session.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct rekey_options {
    struct rekey_session_options session; /* but `process`, which is ours */
    const char *listen;                   /* host:port of metrics and health; empty: none */
    int64_t stop_ms_max; /* after a signal; what is not acknowledged then is left */
    bool is_terminal;
};

struct rekey_result {
    int64_t copied;
    int64_t skipped; /* were in the target already */
    int64_t no_kline;
    int64_t elapsed_ms;
    char error[REKEY_ERROR_MAX];
};

/* Returns at the end, or when SIGTERM or SIGINT asked for it and all is in its checkpoint; a second
 * signal ends the process at once. Otherwise the error says what a person must do. */
MUST_CHECK enum status rekey_run(const struct rekey_options *options,
                                 struct rekey_result *out_result);

#endif
