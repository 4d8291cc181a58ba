/* What a MongoDB server means by an error code. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_ERROR_H
#define CANDLED_ACTORS_EDGE_MONGO_ERROR_H

#include <stdint.h>

enum mongo_error {
    MONGO_ERROR_unavailable, /* may heal, or nothing more is known: repeat */
    MONGO_ERROR_duplicate,   /* the document is there, newer or made by somebody at the same time */
    MONGO_ERROR_refused,     /* about this document: it will never be accepted */
};

enum mongo_error mongo_error_of(int32_t code);

/* What the operator should do about it; empty when we have nothing to add. */
const char *mongo_error_advice(int32_t code);

#endif
