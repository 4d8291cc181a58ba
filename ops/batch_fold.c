#include "ops/batch_fold.h"

#include "state/layout.h"
#include "state/store.h"

#include <string.h>

enum status batch_fold_open(const struct refold_options *options, struct batch_fold *out_fold)
{
    struct batch_fold fold = {.view = NULL};
    enum status status = refold_run(options, &fold.refold);
    if (status != STATUS_OK) {
        return status;
    }
    fold.view = store_view_create(refold_store(fold.refold));
    status = store_view_open(fold.view);
    if (status != STATUS_OK) {
        store_view_destroy(&fold.view);
        refold_destroy(&fold.refold);
        return status;
    }
    *out_fold = fold;
    return STATUS_OK;
}

void batch_fold_close(struct batch_fold *fold)
{
    if (fold->refold != NULL) {
        store_view_close(fold->view);
        store_view_destroy(&fold->view);
        refold_destroy(&fold->refold);
    }
}

struct walk {
    const char *symbol;
    enum interval interval;
    int64_t to_ms;
    batch_visit_fn *visit;
    void *context;
    enum status status;
};

static bool visit_candle(void *context, struct slice key, struct slice value)
{
    struct walk *walk = context;
    struct candle candle;
    (void)key;

    walk->status = candle_decode(value, &candle);
    return walk->status == STATUS_OK && candle.interval == walk->interval &&
           candle.open_ms < walk->to_ms && strcmp(candle.symbol, walk->symbol) == 0 &&
           walk->visit(walk->context, &candle);
}

enum status batch_fold_each(const struct batch_fold *fold, const char *symbol,
                            enum interval interval, int64_t from_ms, int64_t to_ms,
                            batch_visit_fn *visit, void *context)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    struct walk walk = {symbol, interval, to_ms, visit, context, STATUS_OK};

    if (fold->refold == NULL) {
        return STATUS_OK;
    }
    size_t size = layout_candle_key(symbol, interval, from_ms - 1, key);
    enum status status =
        store_view_after(fold->view, TABLE_candles, (struct slice){key, size}, visit_candle, &walk);
    return status == STATUS_OK ? walk.status : status;
}

struct naming {
    char *symbol;
    enum status status;
};

static bool take_symbol(void *context, struct slice key, struct slice value)
{
    struct naming *naming = context;
    enum interval interval;
    int64_t open_ms;
    (void)value;

    naming->status = layout_parse_candle_key(key, naming->symbol, &interval, &open_ms);
    return false;
}

enum status batch_fold_next_symbol(const struct batch_fold *fold, char symbol[SYMBOL_BYTES_MAX + 1])
{
    unsigned char after[LAYOUT_CANDLE_KEY_MAX];
    struct naming naming = {symbol, STATUS_NOT_FOUND};
    size_t size = 0;

    if (fold->refold == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (symbol[0] != '\0') {
        size = layout_candle_key(symbol, INTERVAL_1m, 0, after);
        memset(after + strlen(symbol) + 1, 0xff, size - strlen(symbol) - 1);
    }
    enum status status = store_view_after(fold->view, TABLE_candles, (struct slice){after, size},
                                          take_symbol, &naming);
    return status == STATUS_OK ? naming.status : status;
}
