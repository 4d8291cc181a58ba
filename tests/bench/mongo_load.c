/* Bare bulk inserts by mongo-c-driver, as mongoimport does them: what the batch is measured beside.
 *
 * usage: mongo_load URI DATABASE COLLECTION COUNT; documents as the batch writes them, without a
 * guard and without a fold. Prints seconds. */
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BULK_MAX = 1000, MINUTE_MS = 60000, SYMBOLS = 15 };

static const char *const decimals[] = {"open",
                                       "high",
                                       "low",
                                       "close",
                                       "volume",
                                       "quoteVolume",
                                       "takerBuyVolume",
                                       "takerBuyQuoteVolume"};

static void append_decimal(bson_t *document, const char *name, long number)
{
    char text[64];
    bson_decimal128_t decimal;
    (void)snprintf(text, sizeof(text), "%ld.%08ld", 90000 + number % 977, number % 100000000);
    (void)bson_decimal128_from_string(text, &decimal);
    BSON_APPEND_DECIMAL128(document, name, &decimal);
}

static void fill(bson_t *document, long number)
{
    char id[96];
    char symbol[24];
    int64_t open_ms = INT64_C(1769904000000) + number / SYMBOLS * MINUTE_MS;
    (void)snprintf(symbol, sizeof(symbol), "MADE%04ld", number % SYMBOLS);
    (void)snprintf(id, sizeof(id), "%s:1m:%lld", symbol, (long long)open_ms);
    BSON_APPEND_UTF8(document, "_id", id);
    BSON_APPEND_UTF8(document, "symbol", symbol);
    BSON_APPEND_UTF8(document, "interval", "1m");
    BSON_APPEND_DATE_TIME(document, "openTime", open_ms);
    BSON_APPEND_DATE_TIME(document, "closeTime", open_ms + MINUTE_MS - 1);
    for (size_t i = 0; i < sizeof(decimals) / sizeof(decimals[0]); i++) {
        append_decimal(document, decimals[i], number + (long)i);
    }
    BSON_APPEND_INT64(document, "trades", 100 + number % 50);
    BSON_APPEND_INT64(document, "minutes", 1);
    BSON_APPEND_BOOL(document, "complete", true);
    BSON_APPEND_INT64(document, "firstTradeId", number * 100);
    BSON_APPEND_INT64(document, "lastTradeId", number * 100 + 99);
    BSON_APPEND_INT64(document, "missingTrades", 0);
    BSON_APPEND_INT64(document, "revision", number + 1);
}

static bool insert_some(mongoc_collection_t *collection, long first, long count)
{
    bson_t options = BSON_INITIALIZER;
    bson_error_t error;
    BSON_APPEND_BOOL(&options, "ordered", false);
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(collection, &options);
    for (long i = 0; i < count; i++) {
        bson_t document = BSON_INITIALIZER;
        fill(&document, first + i);
        (void)mongoc_bulk_operation_insert_with_opts(bulk, &document, NULL, NULL);
        bson_destroy(&document);
    }
    bool is_done = mongoc_bulk_operation_execute(bulk, NULL, &error) != 0;
    if (!is_done) {
        (void)fprintf(stderr, "%s\n", error.message);
    }
    mongoc_bulk_operation_destroy(bulk);
    bson_destroy(&options);
    return is_done;
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: mongo_load URI DATABASE COLLECTION COUNT\n");
        return 2;
    }
    mongoc_init();
    mongoc_client_t *client = mongoc_client_new(argv[1]);
    if (client == NULL) {
        return 2;
    }
    mongoc_collection_t *collection = mongoc_client_get_collection(client, argv[2], argv[3]);
    long count = strtol(argv[4], NULL, 10);
    double began_s = now_s();
    bool is_done = true;
    for (long at = 0; at < count && is_done; at += BULK_MAX) {
        is_done = insert_some(collection, at, count - at < BULK_MAX ? count - at : BULK_MAX);
    }
    printf("%.6f\n", now_s() - began_s);
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(client);
    mongoc_cleanup();
    return is_done ? 0 : 1;
}
