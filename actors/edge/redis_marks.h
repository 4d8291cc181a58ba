/* What candled keeps for itself in Redis: for each partition the highest acknowledged revision,
 * under `candled:GROUP:TOPIC:PARTITION`, and under `...:count` how many deliveries were
 * acknowledged while it stood there and this Redis' life (see acked.h), as decimal text that never
 * expires. Without them both are 0.
 *
 * At each connect the marks of all attached partitions are read, and a lowest one is left where
 * there is none. One that is missing, comes before what this sink has acknowledged, or has a lower
 * life than the one we know, means that this Redis restarted empty or is an older copy. A higher
 * life means that another owner of the partition has written there, who could not miss what only we
 * had told: see actors/mark.h. The partition's dispatcher is told, one after the other, and the
 * mark is not written until its refill is over; so whoever dies in the middle begins it anew. A
 * mark is written before each delivery is acknowledged, only forward, and only over what we have
 * left there: a Redis that was flushed behind our back is found out by that. One of our life that
 * comes after what we know is no loss: our state was put back to an older one, or begun anew; we
 * count on from where it stands. Ownership: the sink's. Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_MARKS_H
#define CANDLED_ACTORS_EDGE_REDIS_MARKS_H

#include <stdbool.h>
#include <stdint.h>

struct actor;
struct delivery;
struct msg_sink_attach;
struct msg_sink_refilled;
struct redisReply;
struct redis_link;
struct redis_mark;
struct redis_marks;

/* The group is copied (NULL: ""), the address, for the log, is borrowed. The seed is of the numbers
 * of lives, and another one in each process. */
struct redis_marks *redis_marks_create(const char *group, const char *address, uint64_t seed);

/* NULL inside is fine. */
void redis_marks_destroy(struct redis_marks **marks_p);

void redis_marks_attach(struct redis_marks *marks, struct actor *dispatcher,
                        const struct msg_sink_attach *attach);

/* No delivery of its may be left. Of one that is not attached: nothing. */
void redis_marks_detach(struct redis_marks *marks, const struct actor *dispatcher);

/* NULL: it is not attached. Alive until it is detached. */
struct redis_mark *redis_marks_find(struct redis_marks *marks, const struct actor *dispatcher);

/* Reads and writes what is due; to be called before candles are sent, and after answers. */
void redis_marks_send(struct redis_marks *marks, struct redis_link *link, int64_t now_ms);

/* Of a call that carried this mark. */
void redis_marks_take_reply(struct redis_marks *marks, struct redis_mark *mark,
                            const struct redisReply *reply);

/* What a reply said that makes this Redis useless; NULL: nothing. Until the next rewind. */
const char *redis_marks_error(const struct redis_marks *marks);

/* The connection is gone: all is to be asked again. */
void redis_marks_rewind(struct redis_marks *marks);

/* Whether a delivery whose candles are written is acknowledged: Redis says by its mark that it has
 * them, or is being refilled anyway. If not, the next send writes the mark; if so, the delivery
 * says how far that is. NULL: always. */
bool redis_marks_acknowledge(struct redis_mark *mark, struct delivery *delivery);

/* True: it is the refill that we wait for. */
bool redis_marks_end_refill(struct redis_marks *marks, const struct actor *dispatcher,
                            const struct msg_sink_refilled *refilled);

#endif
