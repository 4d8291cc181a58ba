/* Every way a call can fail, and what its caller is expected to do about it. */
#ifndef CANDLED_RUNTIME_STATUS_H
#define CANDLED_RUNTIME_STATUS_H

enum status_class {
    STATUS_CLASS_NONE,   /* it worked */
    STATUS_CLASS_RETRY,  /* the outside world is unwell: back off and ask again */
    STATUS_CLASS_REFUSE, /* the input is bad: count it, drop it, go on */
    STATUS_CLASS_FATAL,  /* our promises cannot be kept: exit, come back through the start path */
};

/* clang-format off */
#define STATUS_TABLE(X)                                                          \
    /* name        class   text                                               */ \
    X(OK,          NONE,   "ok")                                                 \
    X(NOT_FOUND,   NONE,   "no such record")                                     \
    X(UNAVAILABLE, RETRY,  "the peer cannot be reached")                         \
    X(TIMED_OUT,   RETRY,  "the peer did not answer in time")                    \
    X(BUSY,        RETRY,  "another process holds it")                           \
    X(DISK_FULL,   RETRY,  "the disk has no room left")                          \
    X(MALFORMED,   REFUSE, "the bytes do not decode")                            \
    X(RANGE,       REFUSE, "a number is outside what we can hold")               \
    X(REJECTED,    REFUSE, "the server will never accept it")                    \
    X(BAD_CONFIG,  FATAL,  "the configuration is not valid")                     \
    X(MAP_FULL,    FATAL,  "the store has reached the largest map allowed")      \
    X(CORRUPT,     FATAL,  "the store is damaged")                               \
    X(OLD_FORMAT,  FATAL,  "the store was written by another version")           \
    X(REMOTE_DISK, FATAL,  "the data folder is on a network filesystem")         \
    X(LOG_LOST,    FATAL,  "the log no longer holds what the state was made from")  \
    X(REPARTITIONED, FATAL, "the topic has other partitions than the state was made with") \
    X(UNKEYED,     FATAL,  "a record is not keyed by its symbol")                \
    X(IO,          FATAL,  "the operating system refused")                       \
    X(PEER_FATAL,  FATAL,  "a client library gave up for good")
/* clang-format on */

enum status {
#define X(name, class, text) STATUS_##name,
    STATUS_TABLE(X)
#undef X
};

const char *status_text(enum status status);

enum status_class status_class_of(enum status status);

#endif
