/* The command line: one command of the table, its options and words, the configuration it needs.
 *
 * A command is a constant table entry. Its run() is called with the configuration loaded and its
 * options checked; standard output is for results, standard error for messages. Options that every
 * command has (--config, --set, --json, --no-color, --help) may stand before or after its name. */
#ifndef CANDLED_OPS_CLI_H
#define CANDLED_OPS_CLI_H

#include "ops/config.h"

#include <stdbool.h>
#include <stddef.h>

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

enum { CLI_OPTIONS_MAX = 24, CLI_WORDS_MAX = 4096 };

struct cli_context;

/* { "topic", "TOPIC", "the topic to write to" }; a NULL name ends a list. */
struct cli_option {
    const char *name;
    const char *argument; /* NULL: it has none */
    const char *help;
};

struct cli_command {
    const char *name;
    const char *summary;              /* one line of the program's help */
    const char *usage;                /* what follows the name: "FILE... --topic TOPIC [options]" */
    const char *text;                 /* of the help, below the options; ends with a newline */
    const char *examples;             /* lines that begin with two spaces; shown first */
    const struct cli_option *options; /* its own; NULL: none */
    const char *const *defaults;      /* "section.key=value" instead of the table's; NULL: none */
    size_t words_min;                 /* how many words must, and may, follow the options */
    size_t words_max;
    bool is_configless;          /* runs without a configuration */
    const char *configless_word; /* so does it with this first word; NULL: none */
    enum cli_exit (*run)(struct cli_context *context);
};

struct cli_context {
    const struct cli_command *command;
    struct config config;     /* loaded, unless the command is configless */
    const char *const *words; /* what is left beside options: word_count of them, then NULL */
    size_t word_count;
    bool is_json;
    bool has_color;                      /* standard error is a terminal and nobody said no */
    bool is_terminal;                    /* standard error is one: progress bars may move */
    const char *values[CLI_OPTIONS_MAX]; /* by the order of the command's options; private */
};

/* The value of an option; NULL: not given. The last of several wins. Asserts that the command has
 * such an option. */
const char *cli_value(const struct cli_context *context, const char *option);

/* Whether an option without argument was given. */
bool cli_has(const struct cli_context *context, const char *option);

/* Says on standard error what is wrong with the words or options, and how to get help. */
enum cli_exit cli_misuse(const struct cli_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* CLI_USAGE, and said on standard error, when kafka.brokers are the embedded ones: only `candled
 * run` has such. */
enum cli_exit cli_need_brokers(const struct cli_context *context);

/* Says on standard error why it failed. */
enum cli_exit cli_fail(const struct cli_context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a part that could not start: CLI_USAGE when it is the configuration that is wrong.
 */
enum cli_exit cli_fail_to_start(const struct cli_context *context, enum status status,
                                const char *what);

/* The whole program. `environment` as main() has it. */
enum cli_exit cli_main(int argc, char **argv, char **environment);

/* What was asked for, before anything is loaded. */
struct cli_request {
    const struct cli_command *command; /* NULL: help or version of the program */
    bool wants_help;
    bool wants_version;
    bool is_json;
    bool is_colorless;
    const char *config_file;
    const char **sets;
    size_t set_count;
    const char **words;
    size_t word_count;
    const char *values[CLI_OPTIONS_MAX];
};

/* CLI_DONE, or CLI_USAGE and one line in `problem`. Permutes argv; the request borrows its texts.
 * cli_request_deinit() in either case. */
enum cli_exit cli_parse(int argc, char **argv, struct cli_request *out_request,
                        struct text *problem);

void cli_request_deinit(struct cli_request *request);

#endif
