#include "ops/not_yet.h"

#include "ops/config.h"

#include <stddef.h>

const char *not_yet_refusal(const struct config *config)
{
    (void)config;
    return NULL;
}
