#include "ops/state_book.h"

#include "ops/state_ask.h"
#include "ops/text.h"
#include "runtime/hash.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = SYMBOL_BYTES_MAX * 6 + 96 };

/* A line of `show`, by its beginning: {"symbol":"BTCUSDT","interval":"5m","openTime":1738368000000
 */
struct entry {
    UT_hash_handle hh;
    char *json;
    char name[];
};

struct asked {
    UT_hash_handle hh;
    char symbol[SYMBOL_BYTES_MAX + 1];
};

struct state_book {
    const char *data_dir;
    const char *topic;
    struct entry *entries;
    struct asked *asked;
    size_t answers;
};

struct state_book *state_book_create(const char *data_dir, const char *topic)
{
    struct state_book *book = mem_new(1, sizeof(*book));
    book->data_dir = data_dir;
    book->topic = topic;
    return book;
}

void state_book_destroy(struct state_book **book_p)
{
    struct state_book *book = *book_p;
    struct entry *entry;
    struct entry *next_entry;
    struct asked *asked;
    struct asked *next_asked;

    *book_p = NULL;
    if (book == NULL) {
        return;
    }
    HASH_ITER(hh, book->entries, entry, next_entry)
    {
        HASH_DEL(book->entries, entry);
        mem_free(entry->json);
        mem_free(entry);
    }
    HASH_ITER(hh, book->asked, asked, next_asked)
    {
        HASH_DEL(book->asked, asked);
        mem_free(asked);
    }
    mem_free(book);
}

bool state_book_is_empty(const struct state_book *book)
{
    return book->answers == 0;
}

/* The line of a candle is its JSON, with two members more at its end. */
static void add_line(struct state_book *book, char *line)
{
    char *name_end = strstr(line, ",\"closeTime\":");
    char *json_end = strstr(line, ",\"emitted\":true");
    if (name_end == NULL || json_end == NULL) {
        return; /* of an actor, or of a window that is still open */
    }
    size_t size = (size_t)(name_end - line);
    struct entry *entry = mem_new(1, sizeof(*entry) + size + 1);
    memcpy(entry->name, line, size);
    memcpy(json_end, "}", 2);
    entry->json = text_copy(line);
    HASH_ADD_KEYPTR(hh, book->entries, entry->name, size, entry);
}

static void add_part(void *context, const char *bytes, size_t size)
{
    text_add_bytes(context, bytes, size);
}

static void ask(struct state_book *book, const char *symbol)
{
    struct text text = {.bytes = NULL};
    struct state_tally tally = {.answers = 0};
    struct state_request request = {
        .data_dir = book->data_dir,
        .topic = book->topic,
        .word = "show",
        .symbol = symbol,
        .part = add_part,
        .context = &text,
    };
    char *rest = NULL;

    state_ask(&request, &tally);
    book->answers += tally.answers;
    for (char *line = text.size == 0 ? NULL : strtok_r(text.bytes, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        add_line(book, line);
    }
    text_deinit(&text);
}

static void ask_once(struct state_book *book, const char *symbol)
{
    struct asked *asked;
    HASH_FIND_STR(book->asked, symbol, asked);
    if (asked == NULL) {
        asked = mem_new(1, sizeof(*asked));
        snprintf(asked->symbol, sizeof(asked->symbol), "%s", symbol);
        HASH_ADD_STR(book->asked, symbol, asked);
        ask(book, symbol);
    }
}

const char *state_book_find(struct state_book *book, const struct candle *candle)
{
    char json[CANDLE_JSON_MAX];
    struct entry *entry = NULL;

    ask_once(book, candle->symbol);
    (void)candle_print_json(candle, json);
    const char *end = strstr(json, ",\"closeTime\":");
    size_t size = end == NULL ? 0 : (size_t)(end - json);
    HASH_FIND(hh, book->entries, json, size, entry);
    return entry == NULL ? NULL : entry->json;
}
