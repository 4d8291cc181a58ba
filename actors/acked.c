#include "actors/acked.h"

struct acked acked_none(void)
{
    return (struct acked){.revision = -1};
}

bool acked_equals(struct acked a, struct acked b)
{
    return a.revision == b.revision && a.count == b.count && a.life == b.life;
}

bool acked_is_before(struct acked a, struct acked b)
{
    return a.revision < b.revision || (a.revision == b.revision && a.count < b.count);
}

struct acked acked_later(struct acked a, struct acked b)
{
    return acked_is_before(a, b) ? b : a;
}

struct acked acked_next(struct acked from, int64_t revision)
{
    if (revision > from.revision) {
        return (struct acked){.revision = revision, .life = from.life};
    }
    return (struct acked){from.revision, from.count + 1, from.life};
}
