#include "proto/value.h"

static const char *const texts[] = {
#define X(kind, text) [VALUE_##kind] = text,
    VALUE_KIND_TABLE(X)
#undef X
};

const char *value_kind_text(enum value_kind kind)
{
    return texts[kind];
}
