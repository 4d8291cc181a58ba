/* "Did you mean ...?": the nearest of several words, if it is near enough to be a slip of the
 * fingers. */
#ifndef CANDLED_OPS_SUGGEST_H
#define CANDLED_OPS_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *word; /* borrowed, as the candidates are */
    const char *best; /* NULL: none is near */
    size_t best_distance;
};

void suggest_init(struct suggest *suggest, const char *word);

/* The first of several equally near candidates wins. */
void suggest_consider(struct suggest *suggest, const char *candidate);

/* Measures `alias` and suggests `candidate`: for a name whose last part alone was written. */
void suggest_consider_as(struct suggest *suggest, const char *alias, const char *candidate);

/* How many letters must be changed, added, dropped or swapped with their neighbour; letter case and
 * '-' against '_' do not count. Beyond 63 letters: SIZE_MAX. */
size_t suggest_distance(const char *a, const char *b);

#endif
