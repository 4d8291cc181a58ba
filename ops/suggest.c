#include "ops/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 63 };

static int fold(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);

    if (a_size > WORD_MAX || b_size > WORD_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            bool is_same = fold(a[i - 1]) == fold(b[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (is_same ? 0 : 1));
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                row[j] = least(row[j], two_above[j - 2] + 1, SIZE_MAX);
            }
        }
    }
    return rows[a_size % 3][b_size];
}

void suggest_init(struct suggest *suggest, const char *word)
{
    *suggest = (struct suggest){.word = word, .best_distance = SIZE_MAX};
}

void suggest_consider_as(struct suggest *suggest, const char *alias, const char *candidate)
{
    size_t distance = suggest_distance(suggest->word, alias);
    if (distance <= 1 + strlen(suggest->word) / 4 && distance < suggest->best_distance &&
        distance < strlen(alias)) {
        suggest->best = candidate;
        suggest->best_distance = distance;
    }
}

void suggest_consider(struct suggest *suggest, const char *candidate)
{
    suggest_consider_as(suggest, candidate, candidate);
}
