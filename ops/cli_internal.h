/* What the parts of the command line share. */
#ifndef CANDLED_OPS_CLI_INTERNAL_H
#define CANDLED_OPS_CLI_INTERNAL_H

#include "ops/cli.h"
#include "ops/cli_table.h"

/* clang-format off */
#define CLI_GLOBAL_OPTIONS(X) \
    /* name    argument     help                                                     */ \
    X(config,  "FILE",      "the configuration file (YAML)")                            \
    X(set,     "KEY=VALUE", "one setting, as in --set kafka.brokers=host:9092; repeatable") \
    X(json,    NULL,        "results as JSON")                                          \
    X(help,    NULL,        "this help")                                                \
    X(version, NULL,        "versions of candled and of its libraries")
/* clang-format on */

/* Ends with a NULL name. */
extern const struct cli_option cli_global_options[];

/* Ends with NULL. */
const struct cli_command *const *cli_commands(void);

/* The help of one command; NULL: of the program. */
void cli_help(const struct cli_command *command, struct text *out);

#endif
