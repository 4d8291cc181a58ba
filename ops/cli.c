#include "ops/cli.h"

#include "ops/cli_internal.h"
#include "runtime/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct cli_command cmd_version;

static size_t option_index(const struct cli_context *context, const char *option)
{
    const struct cli_option *options = context->command->options;
    size_t i = 0;
    assert(options != NULL);
    while (options[i].name != NULL && strcmp(options[i].name, option) != 0) {
        i++;
    }
    assert(options[i].name != NULL);
    return i;
}

const char *cli_value(const struct cli_context *context, const char *option)
{
    return context->values[option_index(context, option)];
}

bool cli_has(const struct cli_context *context, const char *option)
{
    return cli_value(context, option) != NULL;
}

enum cli_exit cli_misuse(const struct cli_context *context, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "candled %s: ", context->command->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n'candled %s --help' tells more\n", context->command->name);
    return CLI_USAGE;
}

enum cli_exit cli_fail(const struct cli_context *context, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "candled %s: ", context->command->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return CLI_FAILED;
}

enum cli_exit cli_fail_to_start(const struct cli_context *context, enum status status,
                                const char *what)
{
    (void)cli_fail(context, "%s cannot start; the log says why", what);
    return status == STATUS_BAD_CONFIG ? CLI_USAGE : CLI_FAILED;
}

enum cli_exit cli_need_brokers(const struct cli_context *context)
{
    if (strcmp(context->config.kafka.brokers, "embedded") != 0) {
        return CLI_DONE;
    }
    return cli_misuse(context, "kafka.brokers is `embedded`, which only `candled run` has; name "
                               "real brokers");
}

static enum cli_exit print_help(const struct cli_command *command)
{
    struct text help = {0};
    cli_help(command, &help);
    fputs(text_get(&help), stdout);
    text_deinit(&help);
    return CLI_DONE;
}

static enum cli_exit load(const struct cli_request *request, char **environment,
                          struct config *out_config)
{
    struct config_problems problems = {0};
    struct config_sources sources = {
        .file = request->config_file,
        .defaults = request->command->defaults,
        .command = request->command->name,
        .environment = (const char *const *)environment,
        .sets = (const char *const *)request->sets,
        .set_count = request->set_count,
    };
    enum status status = config_load(&sources, out_config, &problems);
    if (status != STATUS_OK) {
        fprintf(stderr, "%scandled: %zu problem%s in the configuration; nothing was started\n",
                text_get(&problems.text), problems.count, problems.count == 1 ? "" : "s");
    }
    text_deinit(&problems.text);
    return status == STATUS_OK ? CLI_DONE : CLI_USAGE;
}

static enum log_level level_of(enum config_word_log_level word)
{
    static const enum log_level levels[] = {
        [CONFIG_log_level_debug] = LOG_LEVEL_debug,
        [CONFIG_log_level_info] = LOG_LEVEL_info,
        [CONFIG_log_level_warning] = LOG_LEVEL_warning,
        [CONFIG_log_level_error] = LOG_LEVEL_error,
    };
    return levels[word];
}

static bool is_dumb_terminal(void)
{
    const char *term = getenv("TERM");
    return term != NULL && strcmp(term, "dumb") == 0;
}

static bool needs_config(const struct cli_request *request)
{
    const char *word = request->command->configless_word;
    bool is_that_word =
        word != NULL && request->word_count > 0 && strcmp(request->words[0], word) == 0;
    return !request->command->is_configless && !is_that_word;
}

static enum cli_exit run(const struct cli_request *request, char **environment)
{
    const char *no_color = getenv("NO_COLOR");
    bool is_terminal = isatty(STDERR_FILENO) == 1 && !is_dumb_terminal();
    struct cli_context context = {
        .command = request->command,
        .words = (const char *const *)request->words,
        .word_count = request->word_count,
        .is_json = request->is_json,
        .is_terminal = is_terminal,
        .has_color =
            is_terminal && !request->is_colorless && (no_color == NULL || no_color[0] == '\0'),
    };
    memcpy(context.values, request->values, sizeof(context.values));
    if (!needs_config(request)) {
        return request->command->run(&context);
    }
    enum cli_exit result = load(request, environment, &context.config);
    if (result != CLI_DONE) {
        return result;
    }
    log_configure(level_of(context.config.log.level),
                  context.config.log.format == CONFIG_log_format_json);
    result = request->command->run(&context);
    config_deinit(&context.config);
    return result;
}

static enum cli_exit dispatch(struct cli_request *request, char **environment)
{
    if (request->wants_help) {
        return print_help(request->command);
    }
    if (request->wants_version) {
        request->command = &cmd_version;
        request->word_count = 0;
    }
    if (request->command == NULL) {
        return print_help(NULL);
    }
    return run(request, environment);
}

enum cli_exit cli_main(int argc, char **argv, char **environment)
{
    struct cli_request request;
    struct text problem = {0};
    enum cli_exit result = cli_parse(argc, argv, &request, &problem);

    if (result != CLI_DONE) {
        const char *name = request.command == NULL ? "" : request.command->name;
        fprintf(stderr, "candled: %s\n'candled %s%s--help' tells more\n", text_get(&problem), name,
                name[0] == '\0' ? "" : " ");
    } else {
        result = dispatch(&request, environment);
    }
    text_deinit(&problem);
    cli_request_deinit(&request);
    if (fflush(stdout) != 0 && result == CLI_DONE) {
        result = CLI_FAILED; /* the reader of our results has gone, or the disk is full */
    }
    return result;
}
