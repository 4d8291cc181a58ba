#include "ops/not_yet.h"

#include "ops/config.h"

#include <stddef.h>

const char *not_yet_refusal(const struct config *config)
{
    if (config->kafka.assignment == CONFIG_assignment_ordinal) {
        return "kafka.assignment: `ordinal` is not supported yet; use `group`";
    }
    if (config->kafka.on_log_reset == CONFIG_log_reset_new_era) {
        return "kafka.on_log_reset: `new-era` is not supported yet; use `stop`";
    }
    if (config->redis.enabled && config->redis.sentinels.count > 0) {
        return "redis.sentinels: is not supported yet; name the primary in redis.url";
    }
    if (config->snapshots.url[0] != '\0') {
        return "snapshots.url: snapshots are not supported yet; leave it empty";
    }
    return NULL;
}
