#include "proto/reason.h"

#include <assert.h>

static const struct {
    const char *name;
    const char *text;
} infos[] = {
#define X(name, text) [REASON_##name] = {#name, text},
    REASON_TABLE(X)
#undef X
};

const char *reason_name(enum reason reason)
{
    assert(reason < REASON_COUNT);
    return infos[reason].name;
}

const char *reason_text(enum reason reason)
{
    assert(reason < REASON_COUNT);
    return infos[reason].text;
}
