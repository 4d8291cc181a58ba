/* The settings of the process, read once at start.
 *
 * Values come from defaults, a YAML file, the environment (CANDLED_SECTION__KEY) and --set, each
 * replacing the ones before it; each remembers where it came from. Nobody below ops/ includes this:
 * commands hand each module the few values that it needs.
 * Ownership: the config owns its texts; config_deinit() frees them. */
#ifndef CANDLED_OPS_CONFIG_H
#define CANDLED_OPS_CONFIG_H

#include "ops/config_table.h"
#include "ops/text.h"
#include "proto/interval.h"
#include "proto/series.h"
#include "proto/zone.h"
#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef char *config_text; /* never NULL */
typedef int64_t config_count;
typedef int64_t config_millis;
typedef int64_t config_period; /* milliseconds; 0: none */
typedef int64_t config_bytes;
typedef bool config_boolean;
typedef interval_set config_intervals;
typedef struct zone *config_zone; /* never NULL */
typedef struct series_set config_series;

struct config_list {
    char **items;
    size_t count;
};
typedef struct config_list config_texts;

struct config_pair {
    char *name; /* NULL ends a map */
    char *value;
    char *origin; /* as of a setting */
};
struct config_map {
    struct config_pair *pairs; /* never NULL: count of them, and one that ends them */
    size_t count;
};
typedef struct config_map config_map;

enum config_start_kind { CONFIG_START_earliest, CONFIG_START_latest, CONFIG_START_time };
struct config_start {
    enum config_start_kind kind;
    int64_t time_ms; /* with CONFIG_START_time */
};
typedef struct config_start config_start;

/* enum config_word_sync { CONFIG_sync_commit, CONFIG_sync_boot }, and so on. */
#define W(choice, word, text) CONFIG_##choice##_##word,
#define C(choice)                                                                                  \
    enum config_word_##choice{CONFIG_WORDS_##choice(W)};                                           \
    typedef enum config_word_##choice config_##choice;
CONFIG_CHOICES(C)
#undef C
#undef W

/* CONFIG_ID_kafka_brokers, and so on. */
enum config_id {
#define X(name, ...) CONFIG_ID_##name,
    CONFIG_TOP(X)
#undef X
#define X(section, name, ...) CONFIG_ID_##section##_##name,
#define S(section, rows, help) rows(X)
        CONFIG_SECTIONS(S)
#undef S
#undef X
            CONFIG_COUNT
};

/* config->kafka.brokers, config->data_dir, and so on. */
struct config {
#define X(name, type, ...) config_##type name;
    CONFIG_TOP(X)
#undef X
#define X(section, name, type, ...) config_##type name;
#define S(section, rows, help)                                                                     \
    struct {                                                                                       \
        rows(X)                                                                                    \
    } section;
    CONFIG_SECTIONS(S)
#undef S
#undef X
    char
        *origins[CONFIG_COUNT]; /* "default", "candled.yaml:12", "environment CANDLED_X", "--set" */
    bool is_given[CONFIG_COUNT]; /* by somebody: not by a default, nor by a command's own */
    char *file;                  /* the file that was read; NULL: none */
};

/* What is wrong, one line each. A zeroed struct is empty; text_deinit(&problems.text). */
struct config_problems {
    struct text text;
    size_t count;
};

struct config_sources {
    const char *file; /* --config; NULL: candled.yaml here, else the system's, else none */
    const char *const *defaults; /* a command's own, "section.key=value", NULL ends; may be NULL */
    const char *command;         /* whose they are */
    const char *const *environment; /* "NAME=value", NULL ends; may be NULL */
    const char *const *sets;        /* "section.key=value" */
    size_t set_count;
};

/* The defaults pass through the same parser as everybody else's values. */
void config_init(struct config *config);

void config_deinit(struct config *config);

/* STATUS_BAD_CONFIG: `problems` names every one of them, and *out_config is untouched. */
MUST_CHECK enum status config_load(const struct config_sources *sources, struct config *out_config,
                                   struct config_problems *problems);

/* What must hold between settings, and what a type alone cannot say. */
void config_check(const struct config *config, struct config_problems *problems);

/* Nobody has said anything about it, but perhaps the command's own defaults. */
bool config_is_default(const struct config *config, enum config_id id);

/* YAML that could be read back, each value with its origin as a comment; secrets hidden. */
void config_show(const struct config *config, struct text *out);

/* The same as {"kafka.brokers": {"value": ..., "origin": ...}, ...}. */
void config_show_json(const struct config *config, struct text *out);

/* The manual of all settings: YAML with comments, or Markdown (docs/configuration.md). */
void config_manual(struct text *out);

void config_manual_markdown(struct text *out);

/* A JSON schema (draft 7) of the YAML file: types, words, limits, defaults, and no unknown key. */
void config_schema(struct text *out);

#endif
