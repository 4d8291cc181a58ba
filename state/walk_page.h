/* One page of LMDB's file, as bytes: where its nodes are, and whether they can be there.
 *
 * Lifetime: nodes point into the page. */
#ifndef CANDLED_STATE_WALK_PAGE_H
#define CANDLED_STATE_WALK_PAGE_H

#include "runtime/base.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum walk_page_kind {
    WALK_PAGE_branch = 0x01,
    WALK_PAGE_leaf = 0x02,
    WALK_PAGE_overflow = 0x04,
};

enum { WALK_PAGE_HEADER_SIZE = 16, WALK_PAGE_KEY_MAX = 511 };

struct walk_page {
    const unsigned char *bytes;
    size_t size;
    uint64_t number; /* what it says of itself */
    enum walk_page_kind kind;
    size_t node_count;
    uint32_t run; /* overflow: how many pages */
};

struct walk_node {
    struct slice key;
    uint64_t child;    /* branch */
    struct slice data; /* leaf; elsewhere when is_big */
    uint64_t data_size;
    uint64_t data_page; /* when is_big */
    bool is_big;
    bool is_table;
};

/* NULL: it can be read. Otherwise what is wrong. */
MUST_CHECK const char *walk_page_read(struct walk_page *page, const unsigned char *bytes,
                                      size_t size);

MUST_CHECK const char *walk_page_node(const struct walk_page *page, size_t index,
                                      struct walk_node *node);

#endif
