#include "state/object_outage.h"

#include "runtime/mem.h"

#include <pthread.h>
#include <stddef.h>

struct outage {
    int64_t failures; /* 0: it works, as far as anybody knows */
    uint32_t reason;
};

struct object_outages {
    pthread_mutex_t lock;
    struct outage calls[OBJECT_CALL_COUNT];
};

static const char *const names[] = {
#define X(name) #name,
    OBJECT_CALLS(X)
#undef X
};

const char *object_outage_call_name(enum object_call call)
{
    return names[call];
}

struct object_outages *object_outage_create(void)
{
    struct object_outages *outages = mem_new(1, sizeof(*outages));
    (void)pthread_mutex_init(&outages->lock, NULL);
    return outages;
}

void object_outage_destroy(struct object_outages **outages_p)
{
    struct object_outages *outages = *outages_p;
    *outages_p = NULL;
    if (outages != NULL) {
        (void)pthread_mutex_destroy(&outages->lock);
        mem_free(outages);
    }
}

bool object_outage_note(struct object_outages *outages, enum object_call call, uint32_t reason)
{
    struct outage *outage = &outages->calls[call];
    (void)pthread_mutex_lock(&outages->lock);
    bool is_news = outage->failures == 0 || outage->reason != reason;
    outage->failures++;
    outage->reason = reason;
    (void)pthread_mutex_unlock(&outages->lock);
    return is_news;
}

int64_t object_outage_end(struct object_outages *outages, enum object_call call)
{
    struct outage *outage = &outages->calls[call];
    (void)pthread_mutex_lock(&outages->lock);
    int64_t failures = outage->failures;
    outage->failures = 0;
    (void)pthread_mutex_unlock(&outages->lock);
    return failures;
}
