/* What must not be shown: passwords inside urls, and entries whose names speak of secrets. */
#ifndef CANDLED_OPS_CONFIG_SECRET_H
#define CANDLED_OPS_CONFIG_SECRET_H

#include "ops/config_types.h"

/* The value as it may be shown. `name` is that of a map's entry, and NULL elsewhere. */
void config_secret_print(enum config_secrecy secrecy, const char *name, const char *value,
                         struct text *out);

#endif
