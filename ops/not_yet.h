/* Settings that a shard would have to obey and cannot yet: better refused than silently ignored. */
#ifndef CANDLED_OPS_NOT_YET_H
#define CANDLED_OPS_NOT_YET_H

struct config;

/* What is asked for and is not there, for the person who asked; NULL: nothing. */
const char *not_yet_refusal(const struct config *config);

#endif
