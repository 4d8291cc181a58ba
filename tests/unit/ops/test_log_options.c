#include "ops/log_options.h"

#include "ops/config_load.h"
#include "runtime/log.h"
#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char logged[4096];

/* What a warning and a piece of news leave on standard error. */
static void log_both(const char *level, const char *format)
{
    struct config_problems problems = {{0}, 0};
    struct config config;
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);

    assert_non_null(file);
    config_init(&config);
    config_load_set(&config, level, "--set", &problems);
    config_load_set(&config, format, "--set", &problems);
    assert_int_equal(problems.count, 0);
    log_options_apply(&config);
    (void)dup2(fileno(file), STDERR_FILENO);
    log_event(LOG_started, log_text("version", "x"));
    log_event(LOG_sink_down, log_text("sink", "redis"));
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    rewind(file);
    logged[fread(logged, 1, sizeof(logged) - 1, file)] = '\0';
    (void)fclose(file);
    config_deinit(&config);
    text_deinit(&problems.text);
}

static void the_level_decides_what_is_logged(void **state)
{
    (void)state;
    log_both("log.level=info", "log.format=text");
    assert_non_null(strstr(logged, "event=started"));
    assert_non_null(strstr(logged, "event=sink_down"));
    log_both("log.level=warning", "log.format=text");
    assert_null(strstr(logged, "event=started"));
    assert_non_null(strstr(logged, "event=sink_down"));
    log_both("log.level=error", "log.format=text");
    assert_string_equal(logged, "");
}

static void the_format_decides_how(void **state)
{
    (void)state;
    log_both("log.level=warning", "log.format=json");
    assert_int_equal(logged[0], '{');
    assert_non_null(strstr(logged, "\"event\":\"sink_down\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_decides_what_is_logged),
        cmocka_unit_test(the_format_decides_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
