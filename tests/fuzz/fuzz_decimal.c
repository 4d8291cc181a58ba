/* decimal_parse(), and sums and comparisons of what it took. Input: two texts around a comma. */
#include "proto/decimal.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_print(struct decimal decimal)
{
    char text[DECIMAL_TEXT_MAX];
    struct decimal again;
    size_t size = decimal_print(decimal, text);
    assert(size < DECIMAL_TEXT_MAX && strlen(text) == size);
    assert(decimal_parse((struct slice){text, size}, &again) == STATUS_OK);
    assert(again.coefficient == decimal.coefficient && again.scale == decimal.scale);
}

static void check_pair(struct decimal a, struct decimal b)
{
    struct decimal zero = {.coefficient = 0};
    struct decimal sum = a;
    assert(decimal_compare(a, b) == -decimal_compare(b, a));
    assert(decimal_add(&sum, b) == STATUS_OK); /* two numbers are always within the limit */
    assert(decimal_compare(sum, a) == decimal_compare(b, zero));
    b.coefficient = -b.coefficient;
    assert(decimal_add(&sum, b) == STATUS_OK);
    assert(decimal_compare(sum, a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct decimal a;
    struct decimal b;
    const uint8_t *comma = size > 0 ? memchr(bytes, ',', size) : NULL;
    size_t first_size = comma != NULL ? (size_t)(comma - bytes) : size;

    if (decimal_parse((struct slice){bytes, first_size}, &a) != STATUS_OK) {
        return 0;
    }
    check_print(a);
    if (comma != NULL &&
        decimal_parse((struct slice){comma + 1, size - first_size - 1}, &b) == STATUS_OK) {
        check_print(b);
        check_pair(a, b);
    }
    return 0;
}
