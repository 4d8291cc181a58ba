/* What a Redis means by an error: text that begins with a code, "READONLY You can't write ...". */
#ifndef CANDLED_ACTORS_EDGE_REDIS_ERROR_H
#define CANDLED_ACTORS_EDGE_REDIS_ERROR_H

enum redis_error {
    REDIS_ERROR_unavailable, /* may heal: reconnect and repeat */
    REDIS_ERROR_no_script,   /* it has forgotten our script: load it and repeat */
    REDIS_ERROR_refused,     /* about this candle: it will never be accepted */
};

enum redis_error redis_error_of(const char *text);

/* What the operator should do about it; empty when we have nothing to add. */
const char *redis_error_advice(const char *text);

#endif
