#include "ops/feed_sim.h"

#include "proto/interval.h"
#include "proto/kline.h"
#include "runtime/mem.h"
#include "runtime/rand.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    STEP_MS = 2000,
    SPREAD_MS = 1500, /* the events of a step are spread over this much of it */
    TRADES_PER_STEP_MAX = 12,
    EMPTY_MINUTE_PERCENT = 3,
    QUANTITY_SCALE = 5,
    QUANTITY_MAX = 300000, /* 3 coins */
    TAKER_BUY_PERCENT = 50,
};

/* clang-format off */
#define SIM_SYMBOLS(X)                                  \
    /* name      price    scale   (price in the scale) */ \
    X("SIMBTC",  6500000,   2)                          \
    X("SIMETH",  250000,    2)                          \
    X("SIMBNB",  60000,     2)                          \
    X("SIMSOL",  15000,     2)                          \
    X("SIMXRP",  23000,     4)                          \
    X("SIMADA",  7000,      4)                          \
    X("SIMDOGE", 18000,     5)                          \
    X("SIMAVAX", 2500,      2)                          \
    X("SIMDOT",  4500,      3)                          \
    X("SIMLINK", 1500,      2)                          \
    X("SIMLTC",  11000,     2)                          \
    X("SIMATOM", 4200,      3)                          \
    X("SIMNEAR", 2600,      3)                          \
    X("SIMALGO", 2200,      4)                          \
    X("SIMFIL",  2900,      3)
/* clang-format on */

static const struct {
    const char *name;
    int64_t price;
    uint8_t scale;
} founders[] = {
#define X(name, price, scale) {name, price, scale},
    SIM_SYMBOLS(X)
#undef X
};
_Static_assert(ARRAY_COUNT(founders) == FEED_SIM_SYMBOLS, "the fifteen");

struct market {
    struct kline kline; /* of the minute at hand */
    int64_t price;      /* of the last trade, in units of the scale */
    uint8_t price_scale;
    int64_t next_trade_id;
    bool is_silent; /* no trade in this minute */
};

struct feed_sim {
    struct rand rand;
    struct market *markets;
    size_t count;
    int64_t step_ms; /* the event time of the step at hand */
    size_t index;    /* whose turn it is */
    char json[KLINE_JSON_MAX];
};

static struct decimal price_of(const struct market *market)
{
    return (struct decimal){.coefficient = market->price, .scale = market->price_scale};
}

static void open_minute(struct feed_sim *sim, struct market *market, int64_t open_ms)
{
    struct kline *kline = &market->kline;
    struct decimal zero = {.coefficient = 0, .scale = QUANTITY_SCALE};
    struct decimal zero_quote = {.coefficient = 0,
                                 .scale = (uint8_t)(QUANTITY_SCALE + market->price_scale)};

    kline->is_closed = false;
    kline->trade_ids = TRADE_IDS_none;
    kline->open_ms = open_ms;
    kline->open = price_of(market); /* of an empty minute: the close before */
    kline->high = kline->open;
    kline->low = kline->open;
    kline->close = kline->open;
    kline->volume = zero;
    kline->taker_buy_volume = zero;
    kline->quote_volume = zero_quote;
    kline->taker_buy_quote_volume = zero_quote;
    kline->trades = 0;
    kline->first_trade_id = -1;
    kline->last_trade_id = -1;
    market->is_silent = rand_chance(&sim->rand, EMPTY_MINUTE_PERCENT);
}

static void add(struct decimal *sum, int64_t coefficient)
{
    struct decimal addend = {.coefficient = coefficient, .scale = sum->scale};
    enum status status = decimal_add(sum, addend);
    assert(status == STATUS_OK); /* a minute of small trades fits */
    (void)status;
}

static void trade(struct feed_sim *sim, struct market *market)
{
    struct kline *kline = &market->kline;
    int64_t quantity = 1 + (int64_t)rand_below(&sim->rand, QUANTITY_MAX);
    int64_t reach = 1 + market->price / 5000; /* up to 0.02 % a trade */
    market->price += (int64_t)rand_below(&sim->rand, (uint64_t)(2 * reach + 1)) - reach;
    if (market->price < 100) {
        market->price = 100;
    }
    struct decimal price = price_of(market);
    if (kline->trades == 0) {
        kline->open = price;
        kline->high = price;
        kline->low = price;
        kline->first_trade_id = market->next_trade_id;
        kline->trade_ids = TRADE_IDS_known;
    }
    kline->high = decimal_compare(price, kline->high) > 0 ? price : kline->high;
    kline->low = decimal_compare(price, kline->low) < 0 ? price : kline->low;
    kline->close = price;
    kline->last_trade_id = market->next_trade_id;
    kline->trades++;
    market->next_trade_id++;
    add(&kline->volume, quantity);
    add(&kline->quote_volume, quantity * market->price);
    if (rand_chance(&sim->rand, TAKER_BUY_PERCENT)) {
        add(&kline->taker_buy_volume, quantity);
        add(&kline->taker_buy_quote_volume, quantity * market->price);
    }
}

static void trade_some(struct feed_sim *sim, struct market *market)
{
    if (market->is_silent) {
        return;
    }
    uint64_t count = rand_below(&sim->rand, TRADES_PER_STEP_MAX);
    for (uint64_t i = 0; i < count; i++) {
        trade(sim, market);
    }
}

static void name_market(struct market *market, size_t index)
{
    struct kline *kline = &market->kline;
    size_t like = index % ARRAY_COUNT(founders);
    int size = index < ARRAY_COUNT(founders)
                   ? snprintf(kline->symbol, sizeof(kline->symbol), "%s", founders[like].name)
                   : snprintf(kline->symbol, sizeof(kline->symbol), "SIM%04zu", index + 1);
    kline->symbol_size = (uint8_t)size;
    market->price = founders[like].price;
    market->price_scale = founders[like].scale;
    market->next_trade_id = 1000;
}

struct feed_sim *feed_sim_create(const struct feed_sim_options *options)
{
    struct feed_sim *sim = mem_new(1, sizeof(*sim));
    sim->rand = (struct rand){options->seed};
    sim->count = options->symbol_count == 0 ? FEED_SIM_SYMBOLS : options->symbol_count;
    assert(sim->count <= FEED_SIM_SYMBOLS_MAX);
    sim->markets = mem_new(sim->count, sizeof(*sim->markets));
    int64_t open_ms = interval_open_ms(INTERVAL_1m, options->start_ms);
    sim->step_ms = open_ms + STEP_MS;
    for (size_t i = 0; i < sim->count; i++) {
        name_market(&sim->markets[i], i);
        open_minute(sim, &sim->markets[i], open_ms);
    }
    return sim;
}

static void hand_out(struct feed_sim *sim, const struct kline *kline,
                     struct feed_record *out_record)
{
    size_t size = kline_print_json(kline, sim->json);
    *out_record = (struct feed_record){
        .key = {kline->symbol, kline->symbol_size},
        .value = {sim->json, size},
        .event_ms = kline->event_ms,
    };
}

/* False: the symbol has nothing to tell in this step. */
static bool tell(struct feed_sim *sim, struct market *market, struct feed_record *out_record)
{
    struct kline *kline = &market->kline;
    int64_t minute_end_ms = kline->open_ms + MINUTE_MS;

    trade_some(sim, market);
    kline->event_ms = sim->step_ms + (int64_t)(sim->index * SPREAD_MS / sim->count);
    kline->is_closed = sim->step_ms >= minute_end_ms;
    if (!kline->is_closed && kline->trades == 0) {
        return false; /* exchanges tell a minute from its first trade on */
    }
    hand_out(sim, kline, out_record);
    if (kline->is_closed) {
        open_minute(sim, market, minute_end_ms);
    }
    return true;
}

void feed_sim_next(struct feed_sim *sim, struct feed_record *out_record)
{
    bool has_told = false;
    while (!has_told) {
        has_told = tell(sim, &sim->markets[sim->index], out_record);
        sim->index++;
        if (sim->index == sim->count) {
            sim->index = 0;
            sim->step_ms += STEP_MS;
        }
    }
}

void feed_sim_destroy(struct feed_sim **sim_p)
{
    struct feed_sim *sim = *sim_p;
    *sim_p = NULL;
    if (sim == NULL) {
        return;
    }
    mem_free(sim->markets);
    mem_free(sim);
}
