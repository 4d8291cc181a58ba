/* The server of metrics and health: GET /metrics, /healthz, /readyz, and nothing else.
 *
 * It asks for no token and tells no data, so that a probe needs none. /healthz is 200 while the
 * loop turns; /readyz is 200 or 503 with the owner's JSON, which names each condition. Thread: the
 * loop's. */
#ifndef CANDLED_OPS_OPS_HTTP_H
#define CANDLED_OPS_OPS_HTTP_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { OPS_HTTP_READY_MAX = 4096 };

struct loop;
struct metrics;
struct ops_http;

struct ops_http_options {
    struct loop *loop;             /* borrowed */
    const struct metrics *metrics; /* borrowed */
    const char *listen;            /* host:port; port 0: a free one, which the log names */
    /* Writes a JSON object, zero-terminated, and says whether all conditions hold. */
    bool (*ready)(void *context, char *json, size_t size);
    void *context;
};

/* STATUS_BAD_CONFIG: no such address. STATUS_BUSY: another process has the port. STATUS_IO:
 * everything else. Each is logged. */
MUST_CHECK enum status ops_http_create(const struct ops_http_options *options,
                                       struct ops_http **out_http);

/* The port it listens on. */
int ops_http_port(const struct ops_http *http);

/* Cuts what is open. Memory goes in later rounds of the loop (see loop_drain()). */
void ops_http_destroy(struct ops_http **http_p);

#endif
