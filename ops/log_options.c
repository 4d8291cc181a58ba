#include "ops/log_options.h"

#include "ops/config.h"
#include "runtime/log.h"

void log_options_apply(const struct config *config)
{
    static const enum log_level levels[] = {
        [CONFIG_log_level_debug] = LOG_LEVEL_debug,
        [CONFIG_log_level_info] = LOG_LEVEL_info,
        [CONFIG_log_level_warning] = LOG_LEVEL_warning,
        [CONFIG_log_level_error] = LOG_LEVEL_error,
    };
    log_configure(levels[config->log.level], config->log.format == CONFIG_log_format_json);
}
