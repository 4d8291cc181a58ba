#include "ops/cli_internal.h"

#include <stdio.h>
#include <string.h>

static void add_options(const struct cli_option *options, struct text *out)
{
    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        char name[64];
        snprintf(name, sizeof(name), "--%s %s", options[i].name,
                 options[i].argument == NULL ? "" : options[i].argument);
        text_add(out, "  %-22s %s\n", name, options[i].help);
    }
}

static void add_program(struct text *out)
{
    text_add(out,
             "candled %s: exact candles from Kafka, kept in step in Redis and MongoDB\n\n"
             "usage: candled COMMAND [options]\n\ncommands:\n",
             CANDLED_VERSION);
    for (size_t i = 0; cli_commands()[i] != NULL; i++) {
        text_add(out, "  %-10s %s\n", cli_commands()[i]->name, cli_commands()[i]->summary);
    }
    text_add(out, "\nexamples:\n");
    for (size_t i = 0; cli_commands()[i] != NULL; i++) {
        const char *examples = cli_commands()[i]->examples;
        text_add_bytes(out, examples, strcspn(examples, "\n") + 1);
    }
    text_add(out, "\noptions of every command:\n");
    add_options(cli_global_options, out);
    text_add(out, "\n'candled COMMAND --help' tells more. Exit codes: 0 done, 1 failed, 2 usage or "
                  "configuration.\n");
}

void cli_help(const struct cli_command *command, struct text *out)
{
    if (command == NULL) {
        add_program(out);
        return;
    }
    text_add(out, "candled %s: %s\n\nusage: candled %s %s\n", command->name, command->summary,
             command->name, command->usage);
    text_add(out, "\nexamples:\n%s", command->examples);
    if (command->options != NULL) {
        text_add(out, "\noptions:\n");
        add_options(command->options, out);
    }
    text_add(out, "\noptions of every command:\n");
    add_options(cli_global_options, out);
    if (command->text != NULL) {
        text_add(out, "\n%s", command->text);
    }
}
