/* From words to a request: which command, which options. */
#include "ops/cli.h"
#include "ops/cli_internal.h"
#include "ops/suggest.h"
#include "runtime/mem.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#define X(name) extern const struct cli_command cmd_##name;
CLI_COMMANDS(X)
#undef X

static const struct cli_command *const commands[] = {
#define X(name) &cmd_##name,
    CLI_COMMANDS(X)
#undef X
        NULL,
};

const struct cli_option cli_global_options[] = {
#define X(name, argument, help) {#name, argument, help},
    CLI_GLOBAL_OPTIONS(X)
#undef X
        {"no-color", NULL, "no colours (NO_COLOR in the environment does the same)"},
    {NULL, NULL, NULL},
};

/* getopt's codes: our options from OPTION_BASE on, the command's from COMMAND_BASE on. */
enum { OPTION_BASE = 256, COMMAND_BASE = 512 };

enum global_option {
#define X(name, argument, help) GLOBAL_##name,
    CLI_GLOBAL_OPTIONS(X)
#undef X
        GLOBAL_no_color,
    GLOBAL_COUNT
};

const struct cli_command *const *cli_commands(void)
{
    return commands;
}

/* The command's name is the first word that neither is an option nor belongs to one. */
static int find_command(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            return argc;
        }
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            return i;
        }
        if (strcmp(argv[i], "--config") == 0 || strcmp(argv[i], "--set") == 0) {
            i++;
        }
    }
    return argc;
}

static const struct cli_command *command_named(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static enum cli_exit refuse_command(const char *name, struct text *problem)
{
    struct suggest suggest;
    suggest_init(&suggest, name);
    for (size_t i = 0; commands[i] != NULL; i++) {
        suggest_consider(&suggest, commands[i]->name);
    }
    text_add(problem, "there is no command '%.64s'", name);
    if (suggest.best != NULL) {
        text_add(problem, "; did you mean '%s'?", suggest.best);
    }
    return CLI_USAGE;
}

static size_t add_options(struct option *list, size_t count, const struct cli_option *options,
                          int base)
{
    for (int i = 0; options != NULL && options[i].name != NULL; i++) {
        assert(i < CLI_OPTIONS_MAX);
        list[count] = (struct option){options[i].name,
                                      options[i].argument == NULL ? no_argument : required_argument,
                                      NULL, base + i};
        count++;
    }
    return count;
}

static enum cli_exit refuse_option(const char *word, const struct option *list,
                                   struct text *problem)
{
    char name[64] = "";
    struct suggest suggest;
    const char *start = word + strspn(word, "-");
    size_t size = strcspn(start, "=");

    memcpy(name, start, size < sizeof(name) ? size : sizeof(name) - 1);
    suggest_init(&suggest, name);
    for (size_t i = 0; list[i].name != NULL; i++) {
        suggest_consider(&suggest, list[i].name);
    }
    text_add(problem, "there is no option '%.64s'", word);
    if (suggest.best != NULL) {
        text_add(problem, "; did you mean --%s?", suggest.best);
    }
    return CLI_USAGE;
}

static void take_global(struct cli_request *request, enum global_option option)
{
    switch (option) {
    case GLOBAL_config:
        request->config_file = optarg;
        break;
    case GLOBAL_set:
        request->sets[request->set_count] = optarg;
        request->set_count++;
        break;
    case GLOBAL_json:
        request->is_json = true;
        break;
    case GLOBAL_help:
        request->wants_help = true;
        break;
    case GLOBAL_version:
        request->wants_version = true;
        break;
    case GLOBAL_no_color:
        request->is_colorless = true;
        break;
    case GLOBAL_COUNT:
        break;
    }
}

/* getopt takes "--top" for "--topic" where that is clear; a script that says so would break with
 * the next option, so only whole names count. */
static bool is_whole(const char *word, const char *name)
{
    size_t size = strlen(name);
    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, size) == 0 &&
           (word[2 + size] == '\0' || word[2 + size] == '=');
}

/* The option that getopt has just read, as it was written. A value that stood apart comes after. */
static const char *word_of(char **argv, int index, char letter[3])
{
    if (index < 0 && optopt > 0 && optopt < OPTION_BASE) {
        letter[0] = '-';
        letter[1] = (char)optopt;
        return letter;
    }
    bool stood_apart = index >= 0 && optarg != NULL && optarg == argv[optind - 1];
    return argv[optind - (stood_apart ? 2 : 1)];
}

static enum cli_exit parse_options(int argc, char **argv, const struct option *list,
                                   struct cli_request *request, struct text *problem)
{
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    for (;;) {
        char letter[3] = "";
        int index = -1;
        optarg = NULL;
        optopt = 0;
        int code = getopt_long(argc, argv, ":h", list, &index);
        if (code == -1) {
            return CLI_DONE;
        }
        const char *word = code == 'h' ? "-h" : word_of(argv, index, letter);
        if (code == ':') {
            text_add(problem, "the option '%.64s' wants a value", word);
            return CLI_USAGE;
        }
        if (code == '?' || (index >= 0 && !is_whole(word, list[index].name))) {
            return refuse_option(word, list, problem);
        }
        if (code == 'h') {
            request->wants_help = true;
        } else if (code >= COMMAND_BASE) {
            request->values[code - COMMAND_BASE] = optarg == NULL ? "" : optarg;
        } else {
            take_global(request, (enum global_option)(code - OPTION_BASE));
        }
    }
}

static enum cli_exit check_words(const struct cli_request *request, struct text *problem)
{
    const struct cli_command *command = request->command;
    if (request->wants_help || request->wants_version) {
        return CLI_DONE;
    }
    if (request->word_count < command->words_min) {
        text_add(problem, "'candled %s' wants more: candled %s %s", command->name, command->name,
                 command->usage);
        return CLI_USAGE;
    }
    if (request->word_count > command->words_max) {
        text_add(problem, "'candled %s' does not know what to do with '%.64s'", command->name,
                 request->words[command->words_max]);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

enum cli_exit cli_parse(int argc, char **argv, struct cli_request *out_request,
                        struct text *problem)
{
    struct option list[GLOBAL_COUNT + CLI_OPTIONS_MAX + 1] = {{0}};
    struct cli_request request = {.sets = mem_new((size_t)argc + 1, sizeof(char *)),
                                  .words = mem_new((size_t)argc + 1, sizeof(char *))};
    int place = find_command(argc, argv);
    enum cli_exit result = CLI_DONE;

    if (place < argc) {
        request.command = command_named(argv[place]);
        if (request.command == NULL) {
            result = refuse_command(argv[place], problem);
            goto hand_over;
        }
    }
    size_t count = add_options(list, 0, cli_global_options, OPTION_BASE);
    if (request.command != NULL) {
        (void)add_options(list, count, request.command->options, COMMAND_BASE);
    }
    result = parse_options(argc, argv, list, &request, problem);
    if (result != CLI_DONE || request.command == NULL) {
        goto hand_over;
    }
    /* getopt has moved all words behind the options; the first is the command. */
    for (int i = optind + 1; i < argc; i++) {
        request.words[request.word_count] = argv[i];
        request.word_count++;
    }
    result = check_words(&request, problem);
hand_over:
    *out_request = request;
    return result;
}

void cli_request_deinit(struct cli_request *request)
{
    mem_free(request->sets);
    mem_free(request->words);
    *request = (struct cli_request){0};
}
