#include "state/schema.h"

#include "runtime/base.h"

#include <assert.h>
#include <stddef.h>

static const char *const table_names[TABLE_COUNT] = {
#define X(name, key, value) [TABLE_##name] = #name,
    STORE_TABLES(X)
#undef X
};

static const char *const sink_names[SINK_COUNT] = {
#define X(name, what) [SINK_##name] = #name,
    SINK_TABLE(X)
#undef X
};

const char *schema_table_name(enum store_table table)
{
    assert((size_t)table < ARRAY_COUNT(table_names));
    return table_names[table];
}

const char *schema_sink_name(enum sink sink)
{
    assert((size_t)sink < ARRAY_COUNT(sink_names));
    return sink_names[sink];
}
