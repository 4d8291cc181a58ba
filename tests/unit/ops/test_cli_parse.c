#include "ops/cli.h"
#include "ops/cli_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARGS_MAX = 16 };

struct fixture {
    char words[ARGS_MAX][64];
    char *argv[ARGS_MAX + 1];
    struct cli_request request;
    struct text problem;
    enum cli_exit result;
};

/* "candled" and the words of a line, parted by blanks. */
static void parse(struct fixture *f, const char *line)
{
    int argc = 0;
    memset(f, 0, sizeof(*f));
    strcpy(f->words[argc++], "candled");
    while (*line != '\0') {
        size_t size = strcspn(line, " ");
        memcpy(f->words[argc++], line, size);
        line += size + (line[size] == ' ' ? 1 : 0);
    }
    for (int i = 0; i < argc; i++) {
        f->argv[i] = f->words[i];
    }
    f->result = cli_parse(argc, f->argv, &f->request, &f->problem);
}

static void done(struct fixture *f)
{
    text_deinit(&f->problem);
    cli_request_deinit(&f->request);
}

static void expect_problem(const char *line, const char *problem)
{
    struct fixture f;
    parse(&f, line);
    assert_string_equal(text_get(&f.problem), problem);
    assert_int_equal(f.result, problem[0] == '\0' ? CLI_DONE : CLI_USAGE);
    done(&f);
}

static void options_may_stand_before_and_after_the_command(void **state)
{
    (void)state;
    struct fixture f;
    parse(&f,
          "--config a.yaml --set x=1 replay one.csv --topic t --json two.csv --set=y=2 --force");
    assert_int_equal(f.result, CLI_DONE);
    assert_string_equal(f.request.command->name, "replay");
    assert_string_equal(f.request.config_file, "a.yaml");
    assert_int_equal(f.request.set_count, 2);
    assert_string_equal(f.request.sets[1], "y=2");
    assert_true(f.request.is_json);
    assert_int_equal(f.request.word_count, 2);
    assert_string_equal(f.request.words[1], "two.csv");
    assert_string_equal(f.request.values[0], "t");
    done(&f);
}

static void an_unknown_word_gets_a_suggestion(void **state)
{
    (void)state;
    expect_problem("repaly x", "there is no command 'repaly'; did you mean 'replay'?");
    expect_problem("frobnicate", "there is no command 'frobnicate'");
    expect_problem("replay x --topci t", "there is no option '--topci'; did you mean --topic?");
    expect_problem("--jsno config show", "there is no option '--jsno'; did you mean --json?");
    expect_problem("replay x -q", "there is no option '-q'");
}

static void an_abbreviated_option_is_not_guessed(void **state)
{
    (void)state;
    expect_problem("replay x --topi t", "there is no option '--topi'; did you mean --topic?");
    expect_problem("replay x --forc", "there is no option '--forc'; did you mean --force?");
}

static void a_missing_value_or_word_is_named(void **state)
{
    (void)state;
    expect_problem("replay x --topic", "the option '--topic' wants a value");
    expect_problem("config show extra", "'candled config' does not know what to do with 'extra'");
    expect_problem("config",
                   "'candled config' wants more: candled config check | show [--json] | reference "
                   "[--markdown | --json-schema]");
    expect_problem("config --help", "");
    expect_problem("", "");
    expect_problem("-h", "");
    expect_problem("--version", "");
}

static void every_help_has_examples(void **state)
{
    (void)state;
    for (size_t i = 0; cli_commands()[i] != NULL; i++) {
        struct text help = {0};
        const struct cli_command *command = cli_commands()[i];
        char example[80];
        snprintf(example, sizeof(example), "\nexamples:\n  candled %s", command->name);
        cli_help(command, &help);
        assert_non_null(strstr(text_get(&help), example));
        assert_non_null(strstr(text_get(&help), "--config FILE"));
        text_deinit(&help);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_before_and_after_the_command),
        cmocka_unit_test(an_unknown_word_gets_a_suggestion),
        cmocka_unit_test(an_abbreviated_option_is_not_guessed),
        cmocka_unit_test(a_missing_value_or_word_is_named),
        cmocka_unit_test(every_help_has_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
