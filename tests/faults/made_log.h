/* A short log, made without dice: two symbols' minutes, some of them late, corrected or missing,
 * open klines between them, and records that are none. */
#ifndef CANDLED_TESTS_FAULTS_MADE_LOG_H
#define CANDLED_TESTS_FAULTS_MADE_LOG_H

#include "actors/record.h"

#include <stddef.h>

enum { MADE_RECORDS = 210, MADE_VALUE_MAX = 400 };

struct made_log {
    char values[MADE_RECORDS][MADE_VALUE_MAX];
    struct record records[MADE_RECORDS]; /* point into values */
};

void made_log_init(struct made_log *log);

#endif
