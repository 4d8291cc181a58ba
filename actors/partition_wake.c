/* What a start does before it reads: some symbols must be there without a kline of theirs. */
#include "actors/partition_internal.h"

#include <string.h>

/* A turn's worth: other partitions have the loop, too. By new rules a symbol is folded anew from
 * some days of minutes. */
enum { SYMBOLS_A_TURN = 16, ROWS_A_TURN = 1000 };

struct turn {
    struct partition *partition;
    int symbols;
    int rows;
};

/* Most symbols wait for their first kline; those with pending windows must hear of time. By new
 * rules all go into the first checkpoint, so that the next start finds no window by the old ones.
 */
static bool wake_symbol(struct partition *p, const char *name, struct slice state)
{
    if (p->effects.are_rules_new) {
        (void)partition_touch(p, name);
        return true;
    }
    if (symbol_state_has_pending(state)) {
        (void)partition_add_symbol(p, name);
        return true;
    }
    return false;
}

static bool visit(void *context, struct slice key, struct slice state)
{
    struct turn *turn = context;
    char *name = turn->partition->woken_to;

    if (key.size <= SYMBOL_BYTES_MAX) {
        memcpy(name, key.bytes, key.size);
        name[key.size] = '\0';
        turn->symbols += wake_symbol(turn->partition, name, state);
    }
    turn->rows++;
    return turn->symbols < SYMBOLS_A_TURN && turn->rows < ROWS_A_TURN;
}

static void begin_reading(struct partition *p)
{
    p->phase = PARTITION_gathering;
    partition_tell_position(p);
    partition_go_on(p);
}

void partition_wake(struct partition *p)
{
    struct turn turn = {.partition = p};

    p->phase = PARTITION_waking;
    if (!effects_begin(&p->effects)) {
        return;
    }
    enum status status =
        store_view_after(p->effects.view, TABLE_actors, slice_of_text(p->woken_to), visit, &turn);
    effects_end(&p->effects);
    if (status != STATUS_OK) {
        actor_escalate(&p->actor, status);
    } else if (turn.symbols == SYMBOLS_A_TURN || turn.rows == ROWS_A_TURN) {
        struct msg msg = {.type = MSG_WAKE, .from = &p->actor};
        actor_send(&p->actor, &msg);
    } else {
        begin_reading(p);
    }
}

void partition_start(struct partition *p)
{
    if (partition_is_owing(p)) {
        p->owed = (struct owed){p->effects.meta.owed_from, p->effects.meta.outbox_next - 1};
    }
    partition_wake(p);
}
