#include "actors/exchange_answer.h"

#include "runtime/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Rooms are powers of two, so that the count tells when one is full. */
static bool is_full(size_t count)
{
    return count == 0 || (count & (count - 1)) == 0;
}

static size_t room_of(size_t count)
{
    return count == 0 ? 1 : count * 2;
}

void exchange_answer_deinit(struct exchange_answer *answer)
{
    mem_free(answer->rows);
    mem_free(answer->texts);
    mem_free(answer->listings);
    *answer = (struct exchange_answer){.kind = EXCHANGE_ANSWER_failed};
}

static size_t add_text(struct exchange_answer *answer, struct slice text)
{
    size_t at = answer->texts_size;
    answer->texts = mem_resize(answer->texts, at + text.size, 1);
    memcpy(answer->texts + at, text.bytes, text.size);
    answer->texts_size += text.size;
    return at;
}

void exchange_answer_add_row(struct exchange_answer *answer, const struct kline *kline,
                             struct slice text)
{
    if (is_full(answer->row_count)) {
        answer->rows = mem_resize(answer->rows, room_of(answer->row_count), sizeof(*answer->rows));
    }
    answer->rows[answer->row_count++] = (struct exchange_row){
        .kline = *kline, .text_at = add_text(answer, text), .text_size = text.size};
}

void exchange_answer_add_listing(struct exchange_answer *answer, const char *symbol,
                                 const char *status)
{
    if (is_full(answer->listing_count)) {
        answer->listings =
            mem_resize(answer->listings, room_of(answer->listing_count), sizeof(*answer->listings));
    }
    struct exchange_listing *listing = &answer->listings[answer->listing_count++];
    (void)snprintf(listing->symbol, sizeof(listing->symbol), "%s", symbol);
    (void)snprintf(listing->status, sizeof(listing->status), "%s", status);
}

struct slice exchange_answer_text(const struct exchange_answer *answer, size_t row)
{
    return (struct slice){answer->texts + answer->rows[row].text_at, answer->rows[row].text_size};
}
