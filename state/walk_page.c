#include "state/walk_page.h"

#include <string.h>

enum {
    AT_FLAGS = 10,
    AT_LOWER = 12,
    AT_UPPER = 14,
    AT_RUN = 12,
    AT_SLOTS = WALK_PAGE_HEADER_SIZE,
    SLOT_SIZE = 2,
    NODE_HEAD_SIZE = 8,
    PAGE_NUMBER_SIZE = 8,
    NODE_BIG = 0x01,
    NODE_TABLE = 0x02,
};

static uint16_t get16(const unsigned char *bytes)
{
    uint16_t number;
    memcpy(&number, bytes, sizeof(number));
    return number;
}

static uint32_t get32(const unsigned char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof(number));
    return number;
}

static uint64_t get64(const unsigned char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof(number));
    return number;
}

/* The bytes of a node that are on the page. The caller knows that its head is. */
static size_t node_size(const struct walk_page *page, const unsigned char *node)
{
    size_t size = NODE_HEAD_SIZE + (size_t)get16(node + 6);
    if (page->kind == WALK_PAGE_leaf) {
        bool is_big = (get16(node + 4) & NODE_BIG) != 0;
        size += is_big ? PAGE_NUMBER_SIZE : get32(node);
    }
    return size + (size & 1);
}

/* Nodes fill the page from `upper` to its end, without a gap and without overlap. */
static const char *check_nodes(const struct walk_page *page, size_t upper)
{
    size_t total = 0;
    for (size_t i = 0; i < page->node_count; i++) {
        size_t at = get16(page->bytes + AT_SLOTS + i * SLOT_SIZE);
        if (at < upper || at % 2 != 0 || at + NODE_HEAD_SIZE > page->size) {
            return "a page has a node in an impossible place";
        }
        size_t size = node_size(page, page->bytes + at);
        if (size > page->size - at) {
            return "a node is longer than its page";
        }
        total += size;
    }
    return total == page->size - upper ? NULL : "the nodes of a page do not fill it";
}

const char *walk_page_read(struct walk_page *page, const unsigned char *bytes, size_t size)
{
    uint16_t kind = get16(bytes + AT_FLAGS);
    size_t lower = get16(bytes + AT_LOWER);
    size_t upper = get16(bytes + AT_UPPER);

    *page = (struct walk_page){.bytes = bytes, .size = size, .number = get64(bytes)};
    if (kind == WALK_PAGE_overflow) {
        page->kind = WALK_PAGE_overflow;
        page->run = get32(bytes + AT_RUN);
        return page->run > 0 ? NULL : "a long value has no pages";
    }
    if (kind != WALK_PAGE_branch && kind != WALK_PAGE_leaf) {
        return "a page is of no known kind";
    }
    if (lower < AT_SLOTS || lower > upper || upper > size || lower % SLOT_SIZE != 0) {
        return "a page has impossible bounds";
    }
    page->kind = (enum walk_page_kind)kind;
    page->node_count = (lower - AT_SLOTS) / SLOT_SIZE;
    return check_nodes(page, upper);
}

static const char *read_leaf_node(const unsigned char *bytes, uint16_t flags,
                                  struct walk_node *node)
{
    const unsigned char *data = bytes + NODE_HEAD_SIZE + node->key.size;
    if (node->key.size == 0 || node->key.size > WALK_PAGE_KEY_MAX) {
        return "a key has an impossible size";
    }
    if ((flags & ~(NODE_BIG | NODE_TABLE)) != 0 || flags == (NODE_BIG | NODE_TABLE)) {
        return "a node is of no known kind";
    }
    node->data_size = get32(bytes);
    node->is_big = (flags & NODE_BIG) != 0;
    node->is_table = (flags & NODE_TABLE) != 0;
    if (node->is_big) {
        node->data_page = get64(data);
    } else {
        node->data = (struct slice){data, (size_t)node->data_size};
    }
    return NULL;
}

const char *walk_page_node(const struct walk_page *page, size_t index, struct walk_node *node)
{
    const unsigned char *bytes = page->bytes + get16(page->bytes + AT_SLOTS + index * SLOT_SIZE);
    uint16_t flags = get16(bytes + 4);

    *node = (struct walk_node){.key = {bytes + NODE_HEAD_SIZE, get16(bytes + 6)}};
    if (page->kind == WALK_PAGE_leaf) {
        return read_leaf_node(bytes, flags, node);
    }
    node->child = (uint64_t)get32(bytes) | (uint64_t)flags << 32;
    return node->key.size <= WALK_PAGE_KEY_MAX ? NULL : "a key has an impossible size";
}
