/* candled config: check, show, reference. */
#include "ops/cli.h"
#include "ops/suggest.h"

#include <stdio.h>
#include <string.h>

/* Reaching this, the configuration has been loaded, and so is valid. */
static enum cli_exit check(const struct cli_context *context)
{
    const char *file = context->config.file;
    struct text line = {0};

    if (context->is_json) {
        text_add(&line, "{\"valid\": true, \"file\": ");
        if (file == NULL) {
            text_add(&line, "null}\n");
        } else {
            text_add_json(&line, file);
            text_add(&line, "}\n");
        }
    } else {
        text_add(&line, "the configuration is valid (%s)\n", file == NULL ? "no file" : file);
    }
    fputs(text_get(&line), stdout);
    text_deinit(&line);
    return CLI_DONE;
}

static enum cli_exit show(const struct cli_context *context)
{
    struct text out = {0};
    if (context->is_json) {
        config_show_json(&context->config, &out);
    } else {
        config_show(&context->config, &out);
    }
    fputs(text_get(&out), stdout);
    text_deinit(&out);
    return CLI_DONE;
}

static enum cli_exit reference(const struct cli_context *context)
{
    struct text out = {0};
    if (cli_has(context, "markdown")) {
        config_manual_markdown(&out);
    } else if (cli_has(context, "json-schema")) {
        config_schema(&out);
    } else {
        config_manual(&out);
    }
    fputs(text_get(&out), stdout);
    text_deinit(&out);
    return CLI_DONE;
}

static const struct {
    const char *name;
    enum cli_exit (*run)(const struct cli_context *context);
} actions[] = {{"check", check}, {"show", show}, {"reference", reference}};

static enum cli_exit run(struct cli_context *context)
{
    struct suggest suggest;
    suggest_init(&suggest, context->words[0]);
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        if (strcmp(actions[i].name, context->words[0]) == 0) {
            return actions[i].run(context);
        }
        suggest_consider(&suggest, actions[i].name);
    }
    if (suggest.best != NULL) {
        return cli_misuse(context, "there is no '%.64s'; did you mean '%s'?", context->words[0],
                          suggest.best);
    }
    return cli_misuse(context, "there is no '%.64s'; check, show or reference", context->words[0]);
}

static const struct cli_option options[] = {
    {"markdown", NULL, "reference as Markdown (docs/configuration.md)"},
    {"json-schema", NULL,
     "reference as a JSON schema of the YAML file (the chart's values.schema.json)"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_config = {
    .name = "config",
    .summary = "check the configuration, show what holds, print the manual",
    .usage = "check | show [--json] | reference [--markdown | --json-schema]",
    .examples = "  candled config check --config candled.yaml\n"
                "  candled config show --set redis.enabled=false\n"
                "  candled config reference > candled.yaml    # a file to begin with\n",
    .text = "`show` prints each value with its origin; passwords are hidden.\n",
    .options = options,
    .words_min = 1,
    .words_max = 1,
    .configless_word = "reference",
    .run = run,
};
