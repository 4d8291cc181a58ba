/* Which calls of an object store fail just now, so that it is told when that begins, when the
 * reason changes, and when it is over, and not at every try.
 *
 * Thread: any. */
#ifndef CANDLED_STATE_OBJECT_OUTAGE_H
#define CANDLED_STATE_OBJECT_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

/* What may fail while the rest works: rights differ, for example. */
#define OBJECT_CALLS(X) X(put) X(get) X(list) X(delete)

enum object_call {
#define X(name) OBJECT_CALL_##name,
    OBJECT_CALLS(X)
#undef X
        OBJECT_CALL_COUNT
};

const char *object_outage_call_name(enum object_call call);

struct object_outages;

struct object_outages *object_outage_create(void);

void object_outage_destroy(struct object_outages **outages_p);

/* The call has failed, for a reason that this number stands for. True: that is news. */
bool object_outage_note(struct object_outages *outages, enum object_call call, uint32_t reason);

/* The call has worked. How often it had failed since it last did. */
int64_t object_outage_end(struct object_outages *outages, enum object_call call);

#endif
