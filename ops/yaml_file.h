/* A YAML text as a flat list of nodes, in the order of the text.
 *
 * Block and flow style, comments and quotes are read; anchors, aliases, tags and a second document
 * are refused by name: they have no use in a configuration, and cost memory without limit.
 * The children of a node are the nodes after it that are deeper, up to the next that is not.
 * Ownership: the file owns its nodes and their texts. */
#ifndef CANDLED_OPS_YAML_FILE_H
#define CANDLED_OPS_YAML_FILE_H

#include "runtime/base.h"
#include "runtime/slice.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { YAML_FILE_BYTES_MAX = 1 << 20, YAML_FILE_DEPTH_MAX = 8, YAML_FILE_ERROR_MAX = 200 };

enum yaml_kind { YAML_KIND_scalar, YAML_KIND_sequence, YAML_KIND_mapping };

struct yaml_file_node {
    enum yaml_kind kind;
    size_t depth;  /* 0: the root */
    size_t line;   /* from 1 */
    char *key;     /* NULL in a sequence and at the root */
    char *text;    /* of a scalar; never NULL */
    bool is_plain; /* a scalar without quotes */
};

struct yaml_file {
    struct yaml_file_node *nodes; /* nodes[0] is the root; none in an empty text */
    size_t count;
    size_t capacity;
};

struct yaml_file_error {
    size_t line; /* from 1 */
    char text[YAML_FILE_ERROR_MAX];
};

/* STATUS_MALFORMED: *out_error says where and why. */
MUST_CHECK enum status yaml_file_parse(struct slice text, struct yaml_file *out_file,
                                       struct yaml_file_error *out_error);

/* The first node after `index` that is not inside it. */
size_t yaml_file_after(const struct yaml_file *file, size_t index);

void yaml_file_deinit(struct yaml_file *file);

#endif
