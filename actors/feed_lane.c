#include "actors/feed_lane.h"

#include "proto/exchange_frame.h"
#include "runtime/base.h"
#include "runtime/mem.h"

#include <assert.h>
#include <string.h>

enum {
    RETRY_MS_MIN = 250,
    RETRY_MS_MAX = 15000,
    AGAIN_MS = 5000, /* after a refusal; longer after each further one */
    AGAIN_MS_MAX = 120000,
    SETTLED_MS = 10000, /* a connection that served so long ends the series of failures */
};

/* What a symbol waits for beyond its first subscription. */
enum feed_again { AGAIN_no, AGAIN_waiting, AGAIN_asked };

void feed_lane_init(struct feed_lane *lane, const struct feed_lane_options *options)
{
    assert(options->symbol_count <= FEED_LANE_SYMBOLS_MAX);
    *lane = (struct feed_lane){.options = *options, .next_id = 1};
    lane->last_sent_ms = INT64_MIN / 2;
    lane->retry_ms = INT64_MIN / 2;
    backoff_init(&lane->backoff, RETRY_MS_MIN, RETRY_MS_MAX, options->seed);
    lane->again = mem_new(options->symbol_count + 1, sizeof(*lane->again));
}

void feed_lane_deinit(struct feed_lane *lane)
{
    mem_free(lane->again);
    lane->again = NULL;
}

static struct feed_place *main_place(struct feed_lane *lane)
{
    return &lane->places[lane->main];
}

static struct feed_place *other_place(struct feed_lane *lane)
{
    return &lane->places[1 - lane->main];
}

/* A twentieth less at most, so that many collectors do not reconnect together. */
static int64_t jittered(struct feed_lane *lane, int64_t age_ms)
{
    return age_ms - (int64_t)rand_below(&lane->backoff.rand, (uint64_t)age_ms / 20 + 1);
}

static void connect_place(struct feed_lane *lane, int place, int64_t now_ms)
{
    assert(lane->places[place].state == FEED_PLACE_free);
    if (now_ms < lane->retry_ms || !feed_budget_allows(lane->options.budget, 1, now_ms)) {
        return;
    }
    feed_budget_use(lane->options.budget, 1, now_ms);
    lane->places[place] = (struct feed_place){
        .state = FEED_PLACE_connecting,
        .since_ms = now_ms,
        .lives_ms = jittered(lane, lane->options.age_ms_max),
    };
    lane->options.port.connect(lane->options.port.context, place);
}

/* The connection that is left, or the next one, subscribes to all by itself. */
static void forget_again(struct feed_lane *lane)
{
    memset(lane->again, AGAIN_no, lane->options.symbol_count);
    lane->again_count = 0;
    lane->again_id = 0;
    lane->is_refused = false;
}

static void free_place(struct feed_lane *lane, int place, int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    if (p->served_ms != 0 && now_ms - p->served_ms >= SETTLED_MS) {
        backoff_reset(&lane->backoff);
    }
    *p = (struct feed_place){.state = FEED_PLACE_free};
    if (place == lane->main) {
        forget_again(lane);
    }
    if (place == lane->main && other_place(lane)->state != FEED_PLACE_free) {
        lane->main = 1 - lane->main;
    }
}

static void fail_place(struct feed_lane *lane, int place, int64_t now_ms)
{
    free_place(lane, place, now_ms);
    lane->retry_ms = now_ms + backoff_next_ms(&lane->backoff);
}

static void give_up(struct feed_lane *lane, int place, const char *why, int64_t now_ms)
{
    lane->options.port.disconnect(lane->options.port.context, place, false, why);
    fail_place(lane, place, now_ms);
}

static struct feed_request *free_request(struct feed_place *p)
{
    for (size_t i = 0; i < FEED_LANE_REQUESTS_MAX; i++) {
        if (p->requests[i].id == 0) {
            return &p->requests[i];
        }
    }
    return NULL;
}

static struct feed_request *oldest_request(struct feed_place *p)
{
    struct feed_request *oldest = NULL;
    for (size_t i = 0; i < FEED_LANE_REQUESTS_MAX; i++) {
        struct feed_request *r = &p->requests[i];
        if (r->id != 0 && (oldest == NULL || r->id < oldest->id)) {
            oldest = r;
        }
    }
    return oldest;
}

static void send_request(struct feed_lane *lane, int place, const char *method,
                         const char *const *symbols, size_t count, int64_t id)
{
    char *text = mem_new(EXCHANGE_FRAME_REQUEST_MAX(count), 1);
    size_t size = exchange_frame_print_request(method, symbols, count, id, text);
    lane->options.port.send(lane->options.port.context, place, (struct slice){text, size});
    mem_free(text);
}

static void subscribe_some(struct feed_lane *lane, int place, struct feed_request *request,
                           int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    size_t left = lane->options.symbol_count - p->asked;
    size_t count = left < FEED_LANE_CHUNK ? left : FEED_LANE_CHUNK;

    *request = (struct feed_request){lane->next_id++, p->asked, count, now_ms};
    send_request(lane, place, "SUBSCRIBE", lane->options.symbols + p->asked, count, request->id);
    p->asked += count;
    lane->last_sent_ms = now_ms;
}

static size_t take_again(struct feed_lane *lane, const char **names)
{
    size_t count = 0;
    for (size_t i = 0; i < lane->options.symbol_count && count < FEED_LANE_CHUNK; i++) {
        if (lane->again[i] == AGAIN_waiting) {
            lane->again[i] = AGAIN_asked;
            names[count++] = lane->options.symbols[i];
        }
    }
    lane->again_count -= count;
    return count;
}

/* A stream that is subscribed to already is given back first: asking for it again would change
 * nothing. */
static void subscribe_again(struct feed_lane *lane, int place, struct feed_request *request,
                            int64_t now_ms)
{
    const char *names[FEED_LANE_CHUNK];
    size_t count = take_again(lane, names);

    send_request(lane, place, "UNSUBSCRIBE", names, count, lane->next_id++);
    *request = (struct feed_request){lane->next_id++, 0, 0, now_ms};
    lane->again_id = request->id;
    send_request(lane, place, "SUBSCRIBE", names, count, request->id);
    lane->last_sent_ms = now_ms + FEED_LANE_PACE_MS; /* two messages */
}

static void send_some(struct feed_lane *lane, int place, int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    struct feed_request *request = free_request(p);

    if (request == NULL || now_ms - lane->last_sent_ms < FEED_LANE_PACE_MS) {
        return;
    }
    if (p->asked < lane->options.symbol_count) {
        subscribe_some(lane, place, request, now_ms);
    } else if (lane->again_count > 0 && lane->again_id == 0 && place == lane->main &&
               now_ms >= lane->again_ms) {
        subscribe_again(lane, place, request, now_ms);
    }
}

static bool is_overdue(struct feed_place *p, int64_t now_ms)
{
    const struct feed_request *oldest = oldest_request(p);
    return oldest != NULL && now_ms - oldest->sent_ms > FEED_LANE_ANSWER_MS;
}

static void tick_place(struct feed_lane *lane, int place, int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    if (p->state == FEED_PLACE_connecting && now_ms - p->since_ms > FEED_LANE_CONNECT_MS) {
        give_up(lane, place, "it was not open in time", now_ms);
    } else if (p->state == FEED_PLACE_open && is_overdue(p, now_ms)) {
        give_up(lane, place, "a request was not answered in time", now_ms);
    } else if (p->state == FEED_PLACE_open && now_ms - p->heard_ms > lane->options.silence_ms) {
        give_up(lane, place, "it was silent for feed.silence", now_ms);
    } else if (p->state == FEED_PLACE_open) {
        send_some(lane, place, now_ms);
    }
}

static bool is_complete(const struct feed_lane *lane, const struct feed_place *p)
{
    if (p->state != FEED_PLACE_open || p->served_ms == 0 || p->asked < lane->options.symbol_count) {
        return false;
    }
    for (size_t i = 0; i < FEED_LANE_REQUESTS_MAX; i++) {
        if (p->requests[i].id != 0) {
            return false;
        }
    }
    return true;
}

static bool wants_successor(const struct feed_place *p, int64_t now_ms)
{
    return p->state == FEED_PLACE_open && (p->is_leaving || now_ms - p->since_ms >= p->lives_ms);
}

/* The older of two goes when the newer has had everything for a while. */
static void hand_over(struct feed_lane *lane, int64_t now_ms)
{
    struct feed_place *newer = other_place(lane);
    if (main_place(lane)->state == FEED_PLACE_open && is_complete(lane, newer) &&
        now_ms - newer->served_ms >= FEED_LANE_OVERLAP_MS) {
        lane->options.port.disconnect(lane->options.port.context, lane->main, true,
                                      "a newer one has taken over");
        free_place(lane, lane->main, now_ms);
    }
}

void feed_lane_tick(struct feed_lane *lane, int64_t now_ms)
{
    tick_place(lane, 0, now_ms);
    tick_place(lane, 1, now_ms);
    hand_over(lane, now_ms);
    if (main_place(lane)->state == FEED_PLACE_free) {
        connect_place(lane, lane->main, now_ms);
    } else if (wants_successor(main_place(lane), now_ms) &&
               other_place(lane)->state == FEED_PLACE_free) {
        connect_place(lane, 1 - lane->main, now_ms);
    }
}

void feed_lane_opened(struct feed_lane *lane, int place, int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    assert(p->state == FEED_PLACE_connecting);
    p->state = FEED_PLACE_open;
    p->since_ms = now_ms;
    p->heard_ms = now_ms;
    send_some(lane, place, now_ms);
}

void feed_lane_closed(struct feed_lane *lane, int place, int64_t now_ms)
{
    assert(lane->places[place].state != FEED_PLACE_free);
    fail_place(lane, place, now_ms);
}

void feed_lane_heard(struct feed_lane *lane, int place, int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    p->heard_ms = now_ms;
    if (p->served_ms == 0) {
        p->served_ms = now_ms;
    }
}

void feed_lane_told_to_leave(struct feed_lane *lane, int place)
{
    lane->places[place].is_leaving = true;
}

static struct feed_request *find_request(struct feed_place *p, int64_t id)
{
    for (size_t i = 0; i < FEED_LANE_REQUESTS_MAX && id != 0; i++) {
        if (p->requests[i].id == id) {
            return &p->requests[i];
        }
    }
    return NULL;
}

static void end_again(struct feed_lane *lane, bool is_granted)
{
    for (size_t i = 0; i < lane->options.symbol_count; i++) {
        if (lane->again[i] == AGAIN_asked) {
            lane->again[i] = is_granted ? AGAIN_no : AGAIN_waiting;
            lane->again_count += !is_granted;
        }
    }
    lane->again_id = 0;
    lane->is_refused = lane->is_refused && lane->again_count > 0;
}

void feed_lane_granted(struct feed_lane *lane, int place, int64_t id)
{
    struct feed_request *request = find_request(&lane->places[place], id);
    if (request == NULL) {
        return;
    }
    request->id = 0;
    lane->refusals = 0;
    if (id == lane->again_id && place == lane->main) {
        end_again(lane, true);
    }
}

void feed_lane_resubscribe(struct feed_lane *lane, size_t symbol)
{
    assert(symbol < lane->options.symbol_count);
    if (lane->again[symbol] == AGAIN_no) {
        lane->again[symbol] = AGAIN_waiting;
        lane->again_count++;
    }
}

bool feed_lane_refused(struct feed_lane *lane, int place, bool has_id, int64_t id, int64_t now_ms)
{
    struct feed_place *p = &lane->places[place];
    struct feed_request *request = has_id ? find_request(p, id) : oldest_request(p);
    if (request == NULL) {
        return false;
    }
    if (place != lane->main) {
        give_up(lane, place, "a subscription was refused", now_ms);
        return true;
    }
    if (request->id == lane->again_id) {
        end_again(lane, false);
    }
    for (size_t i = 0; i < request->count; i++) {
        feed_lane_resubscribe(lane, request->first + i);
    }
    request->id = 0;
    lane->is_refused = true;
    lane->refusals++;
    int64_t wait_ms = AGAIN_MS * lane->refusals;
    lane->again_ms = now_ms + (wait_ms < AGAIN_MS_MAX ? wait_ms : AGAIN_MS_MAX);
    return true;
}

bool feed_lane_is_serving(const struct feed_lane *lane)
{
    return is_complete(lane, &lane->places[lane->main]);
}

bool feed_lane_is_subscribed(const struct feed_lane *lane)
{
    return feed_lane_is_serving(lane) && !lane->is_refused;
}

size_t feed_lane_open_count(const struct feed_lane *lane)
{
    return (size_t)(lane->places[0].state == FEED_PLACE_open) +
           (size_t)(lane->places[1].state == FEED_PLACE_open);
}
