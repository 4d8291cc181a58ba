#include "actors/acked.h"

/* Doubles, which Redis' scripts count with, hold them exactly. */
#define LIFE_MAX (INT64_C(1) << 52)
#define LIFE_STEP_MAX (INT64_C(1) << 36)

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

bool acked_is_lost(struct acked held, struct acked known)
{
    return acked_is_before(held, known) || held.life < known.life;
}

struct acked acked_known(struct acked acked, struct acked seen)
{
    struct acked known = acked_later(acked, seen);
    known.life = acked.life != 0 ? acked.life : seen.life;
    return known;
}

/* At the end, after 65,536 losses at least, they begin anew: one refill more, then, and no harm. */
int64_t acked_next_life(struct acked held, struct acked known, uint64_t random)
{
    int64_t last = held.life > known.life ? held.life : known.life;
    int64_t step = 1 + (int64_t)(random % (uint64_t)LIFE_STEP_MAX);
    return last <= LIFE_MAX - LIFE_STEP_MAX ? last + step : step;
}

struct acked acked_refilled(struct acked held, struct acked acked)
{
    return acked_is_before(held, acked) ? acked : acked_next(held, held.revision);
}
