/* Every command of the program, in the order of the help. Each is a `const struct cli_command
 * cmd_NAME` at the end of ops/cmd_NAME.c. */
#ifndef CANDLED_OPS_CLI_TABLE_H
#define CANDLED_OPS_CLI_TABLE_H

/* clang-format off */
#define CLI_COMMANDS(X) \
    X(run)              \
    X(shard)            \
    X(collect)          \
    X(rekey)            \
    X(replay)           \
    X(batch)            \
    X(state)            \
    X(snapshot)         \
    X(explain)          \
    X(verify)           \
    X(dlq)              \
    X(config)           \
    X(version)
/* clang-format on */

#endif
