#include "state/feed_ledger.h"

static const char *const kinds[] = {
#define X(name, what) #name,
    FEED_HOLE_KINDS(X)
#undef X
};

static const char *const states[] = {
#define X(name, what) #name,
    FEED_HOLE_STATES(X)
#undef X
};

const char *feed_ledger_kind_name(enum feed_hole_kind kind)
{
    return kinds[kind];
}

const char *feed_ledger_state_name(enum feed_hole_state state)
{
    return states[state];
}
