#include "actors/edge/mongo_error.h"

#include "runtime/base.h"

#include <stddef.h>

#define NO_PRIMARY "it is not, or no longer, the primary: wait for the election"

/* Codes that are not here concern one document: see mongo_error_of(). */
/* clang-format off */
#define MONGO_ERRORS(X)                                                                             \
    /* code  meaning      what to do                                                             */ \
    X(6,     unavailable, "")                                                                       \
    X(7,     unavailable, "")                                                                       \
    X(8,     unavailable, "")                                                                       \
    X(13,    unavailable, "its user lacks a permission: it needs readWrite on mongo.database")      \
    X(18,    unavailable, "user or password are wrong: mongo.uri")                                  \
    X(24,    unavailable, "")                                                                       \
    X(26,    unavailable, "the collection is gone")                                                 \
    X(43,    unavailable, "")                                                                       \
    X(46,    unavailable, "")                                                                       \
    X(50,    unavailable, "")                                                                       \
    X(63,    unavailable, "")                                                                       \
    X(64,    unavailable, "written, but not confirmed by a majority in time")                       \
    X(79,    unavailable, "it does not know the write concern that mongo.uri asks for")             \
    X(89,    unavailable, "")                                                                       \
    X(91,    unavailable, "it is shutting down")                                                    \
    X(100,   unavailable, "its replica set has fewer members than mongo.uri asks for")              \
    X(112,   unavailable, "")                                                                       \
    X(133,   unavailable, "")                                                                       \
    X(134,   unavailable, "")                                                                       \
    X(150,   unavailable, "")                                                                       \
    X(166,   unavailable, "mongo.collection names a view")                                          \
    X(175,   unavailable, "")                                                                       \
    X(189,   unavailable, NO_PRIMARY)                                                               \
    X(202,   unavailable, "")                                                                       \
    X(234,   unavailable, "")                                                                       \
    X(262,   unavailable, "")                                                                       \
    X(290,   unavailable, "")                                                                       \
    X(358,   unavailable, "")                                                                       \
    X(391,   unavailable, "")                                                                       \
    X(402,   unavailable, "")                                                                       \
    X(462,   unavailable, "")                                                                       \
    X(8000,  unavailable, "")                                                                       \
    X(9001,  unavailable, "")                                                                       \
    X(10058, unavailable, NO_PRIMARY)                                                               \
    X(10107, unavailable, NO_PRIMARY)                                                               \
    X(11000, duplicate,   "")                                                                       \
    X(11001, duplicate,   "")                                                                       \
    X(11600, unavailable, "it is shutting down")                                                    \
    X(11601, unavailable, "somebody interrupted the write")                                         \
    X(11602, unavailable, NO_PRIMARY)                                                               \
    X(12582, duplicate,   "")                                                                       \
    X(13388, unavailable, "")                                                                       \
    X(13435, unavailable, NO_PRIMARY)                                                               \
    X(13436, unavailable, NO_PRIMARY)                                                               \
    X(14031, unavailable, "its disk is full")
/* clang-format on */

static const struct {
    int32_t code;
    enum mongo_error error;
    const char *advice;
} infos[] = {
#define X(code, error, advice) {code, MONGO_ERROR_##error, advice},
    MONGO_ERRORS(X)
#undef X
};

enum mongo_error mongo_error_of(int32_t code)
{
    for (size_t i = 0; i < ARRAY_COUNT(infos); i++) {
        if (infos[i].code == code) {
            return infos[i].error;
        }
    }
    return MONGO_ERROR_refused;
}

const char *mongo_error_advice(int32_t code)
{
    for (size_t i = 0; i < ARRAY_COUNT(infos); i++) {
        if (infos[i].code == code) {
            return infos[i].advice;
        }
    }
    return "";
}
