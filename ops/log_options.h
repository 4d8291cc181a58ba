/* What the configuration says of logging, applied. */
#ifndef CANDLED_OPS_LOG_OPTIONS_H
#define CANDLED_OPS_LOG_OPTIONS_H

struct config;

void log_options_apply(const struct config *config);

#endif
