/* Hostile bytes as a configuration file: nothing but problems may come of it. */
#include "ops/config_load.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct config config;
    struct config_problems problems = {{0}, 0};
    struct text shown = {0};

    config_init(&config);
    config_load_yaml(&config, "fuzz.yaml", (struct slice){bytes, size}, &problems);
    assert((problems.count == 0) == (problems.text.size == 0));
    config_check(&config, &problems);
    config_show(&config, &shown);
    config_show_json(&config, &shown);
    assert(shown.size > 0);
    text_deinit(&shown);
    text_deinit(&problems.text);
    config_deinit(&config);
    return 0;
}
