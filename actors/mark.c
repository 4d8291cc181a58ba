#include "actors/mark.h"

#include "runtime/rand.h"

struct mark mark_create(struct acked acked)
{
    return (struct mark){.acked = acked, .seen = acked_none(), .held = acked_none()};
}

/* Above all that were: who knows one of them must see that there is another. */
static int64_t next_life(const struct mark *mark, struct acked held, struct acked known,
                         struct rand *rand)
{
    known.life = known.life > mark->life ? known.life : mark->life;
    return acked_next_life(held, known, rand_next(rand));
}

/* `ours`: what we have left there; `known`: the furthest that we have seen. */
static bool judge(struct mark *mark, struct acked held, struct acked ours, struct acked known,
                  struct rand *rand)
{
    bool is_lost = acked_is_lost(held, known);
    bool is_ours = held.life == ours.life || (mark->is_whole && held.life == mark->life);
    bool is_another = ours.revision >= 0 && !is_ours;

    if (is_lost || mark->life == 0 || held.life != mark->life) {
        mark->life = next_life(mark, held, known, rand);
    }
    mark->held = held;
    mark->seen = is_lost ? acked_none() : acked_later(mark->seen, held);
    mark->is_whole = !is_lost && !is_another;
    return mark->is_whole;
}

bool mark_is_whole_at_connect(struct mark *mark, struct acked held, struct rand *rand)
{
    return judge(mark, held, mark->acked, acked_known(mark->acked, mark->seen), rand);
}

bool mark_is_whole_when_changed(struct mark *mark, struct acked held, struct rand *rand)
{
    return judge(mark, held, mark->held, mark->held, rand);
}

void mark_end_refill(struct mark *mark)
{
    mark->is_whole = true;
    mark->acked = acked_refilled(mark->held, mark->acked);
    mark->acked.life = mark->life;
}
