#include "actors/edge/kafka_health.h"

#include "runtime/log.h"

#include <stdio.h>
#include <string.h>

void kafka_health_init(struct kafka_health *health, const char *client, struct metrics_set *set,
                       enum metric gauge)
{
    *health = (struct kafka_health){.client = client, .set = set, .gauge = gauge};
    metrics_put(set, gauge, 0);
}

static void go_down(struct kafka_health *health, const char *text)
{
    if (health->is_down) {
        return;
    }
    health->is_up = false;
    health->is_down = true;
    metrics_put(health->set, health->gauge, 0);
    log_event(LOG_kafka_down, log_text("client", health->client),
              log_text("error", health->error[0] != '\0' ? health->error : text));
}

bool kafka_health_on_error(struct kafka_health *health, rd_kafka_resp_err_t code, const char *text)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        go_down(health, text);
        return true;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
        (void)snprintf(health->error, sizeof(health->error), "%s", text);
        return true;
    default:
        return false;
    }
}

bool kafka_health_on_stats(struct kafka_health *health, const char *json)
{
    if (health->is_up || strstr(json, "\"state\":\"UP\"") == NULL) {
        return false;
    }
    if (health->is_down) {
        log_event(LOG_kafka_connected, log_text("client", health->client));
    }
    health->is_up = true;
    health->is_down = false;
    health->error[0] = '\0';
    metrics_put(health->set, health->gauge, 1);
    return true;
}
