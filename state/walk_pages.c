#include "runtime/mem.h"
#include "state/folder.h"
#include "state/mdb_file.h"
#include "state/walk_internal.h"
#include "state/walk_page.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, TABLES_MAX = 64, HEADER_PAGES = 2 };

/* Of a tree's flags, those that change how it is read. */
enum { TREE_FLAGS = 0x3f, TREE_NUMBER_KEYS = 0x08 };

/* A page on the way down, and the keys that may stand below it. */
struct step {
    struct walk_page page;
    unsigned char *bytes;
    size_t next; /* node */
    struct slice least;
    struct slice bound; /* all are less than this; empty: no bound */
};

struct pages {
    int fd;
    struct mdb_file file;
    unsigned char *used; /* a bit for each page */
    struct mdb_tree tables[TABLES_MAX];
    size_t table_count;
    struct step steps[DEPTH_MAX];
    struct mdb_tree seen; /* of the tree at hand */
    bool has_number_keys;
    bool is_list_of_tables;
    bool is_list_of_free_pages;
    const char *fault;
};

/* False is passed on; the first fault is the one that is told. */
static bool require(struct pages *p, bool is_true, const char *fault)
{
    if (!is_true && p->fault == NULL) {
        p->fault = fault;
    }
    return is_true;
}

static bool read_at(struct pages *p, uint64_t at, unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t length = pread(p->fd, bytes, size, (off_t)at);
        if (!require(p, length > 0, "the disk does not give a page back")) {
            return false;
        }
        at += (uint64_t)length;
        bytes += length;
        size -= (size_t)length;
    }
    return true;
}

static bool use(struct pages *p, uint64_t first, uint64_t count)
{
    if (!require(p,
                 first >= HEADER_PAGES && first < p->file.page_count &&
                     count <= p->file.page_count - first,
                 "a page is named that the file does not have")) {
        return false;
    }
    for (uint64_t i = first; i < first + count; i++) {
        unsigned bit = 1u << (i % 8);
        if (!require(p, (p->used[i / 8] & bit) == 0,
                     "a page is in use twice, or in use and free")) {
            return false;
        }
        p->used[i / 8] = (unsigned char)(p->used[i / 8] | bit);
    }
    return true;
}

static bool read_page(struct pages *p, uint64_t number, unsigned char *bytes,
                      struct walk_page *page)
{
    uint64_t whole = p->file.page_count - p->file.missing;
    if (!require(p, number >= HEADER_PAGES && number < whole, "a page in use is not in the file") ||
        !read_at(p, number * p->file.page_size, bytes, (size_t)p->file.page_size)) {
        return false;
    }
    const char *fault = walk_page_read(page, bytes, (size_t)p->file.page_size);
    return require(p, fault == NULL, fault) &&
           require(p, page->number == number, "a page is not the one that belongs there");
}

static int compare(const struct pages *p, struct slice a, struct slice b)
{
    uint64_t left;
    uint64_t right;
    if (p->has_number_keys) {
        memcpy(&left, a.bytes, sizeof(left));
        memcpy(&right, b.bytes, sizeof(right));
        return (left > right) - (left < right);
    }
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.bytes, b.bytes, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool is_key(const struct pages *p, struct slice key)
{
    return p->has_number_keys ? key.size == sizeof(uint64_t) : key.size > 0;
}

/* The key of node i, in its place between its neighbours and the bounds of the page. The first key
 * of a branch is never looked at: all that is less goes there. */
static bool check_key(struct pages *p, struct step *step, struct slice key, struct slice before)
{
    return require(p, is_key(p, key), "a key has an impossible size") &&
           require(p, before.size == 0 || compare(p, before, key) < 0, "keys are out of order") &&
           require(p, step->least.size == 0 || compare(p, step->least, key) <= 0,
                   "a key stands on the wrong page") &&
           require(p, step->bound.size == 0 || compare(p, key, step->bound) < 0,
                   "a key stands on the wrong page");
}

static bool use_long_value(struct pages *p, const struct walk_node *node, unsigned char *bytes)
{
    struct walk_page page;
    if (!read_page(p, node->data_page, bytes, &page)) {
        return false;
    }
    uint64_t room = (uint64_t)page.run * p->file.page_size;
    p->seen.overflow_pages += page.run;
    return require(p, page.kind == WALK_PAGE_overflow, "a long value is not where it should be") &&
           require(p, node->data_size + WALK_PAGE_HEADER_SIZE <= room,
                   "a long value is longer than its pages") &&
           require(p, node->data_page + page.run <= p->file.page_count - p->file.missing,
                   "a page in use is not in the file") &&
           use(p, node->data_page, page.run);
}

static bool take_table(struct pages *p, const struct walk_node *node)
{
    if (!require(p,
                 node->is_table && node->data_size == sizeof(struct mdb_tree) &&
                     p->table_count < TABLES_MAX,
                 "the list of tables holds what is not a table")) {
        return false;
    }
    memcpy(&p->tables[p->table_count++], node->data.bytes, sizeof(struct mdb_tree));
    return true;
}

/* How many there are, and their numbers, the greatest first. */
static bool use_free_pages(struct pages *p, const unsigned char *list, uint64_t size)
{
    uint64_t count = 0;
    uint64_t before = UINT64_MAX;
    uint64_t number;

    if (size >= sizeof(count)) {
        memcpy(&count, list, sizeof(count));
    }
    if (!require(p, size >= sizeof(count) && count <= size / sizeof(number) - 1,
                 "a list of free pages is longer than its record")) {
        return false;
    }
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&number, list + i * sizeof(number), sizeof(number));
        if (!require(p, number < before, "a list of free pages is out of order") ||
            !use(p, number, 1)) {
            return false;
        }
        before = number;
    }
    return true;
}

static bool take_free_pages(struct pages *p, const struct walk_node *node)
{
    if (!node->is_big) {
        return use_free_pages(p, node->data.bytes, node->data_size);
    }
    unsigned char *list = mem_new((size_t)node->data_size + 1, 1);
    bool is_fine = read_at(p, node->data_page * p->file.page_size + WALK_PAGE_HEADER_SIZE, list,
                           (size_t)node->data_size) &&
                   use_free_pages(p, list, node->data_size);
    mem_free(list);
    return is_fine;
}

static bool check_leaf(struct pages *p, struct step *step, unsigned char *spare)
{
    struct slice before = {NULL, 0};
    for (size_t i = 0; i < step->page.node_count; i++) {
        struct walk_node node;
        const char *fault = walk_page_node(&step->page, i, &node);
        if (!require(p, fault == NULL, fault) || !check_key(p, step, node.key, before)) {
            return false;
        }
        before = node.key;
        if (p->is_list_of_tables ? !take_table(p, &node)
                                 : !require(p, !node.is_table, "a record is said to be a table")) {
            return false;
        }
        if (node.is_big && !use_long_value(p, &node, spare)) {
            return false;
        }
        if (p->is_list_of_free_pages && !take_free_pages(p, &node)) {
            return false;
        }
    }
    p->seen.entries += step->page.node_count;
    return true;
}

static bool check_branch(struct pages *p, struct step *step)
{
    struct slice before = {NULL, 0};
    size_t least = p->has_number_keys ? 1 : 2;
    if (!require(p, step->page.node_count >= least, "a branch has no children")) {
        return false;
    }
    for (size_t i = 0; i < step->page.node_count; i++) {
        struct walk_node node;
        const char *fault = walk_page_node(&step->page, i, &node);
        if (!require(p, fault == NULL, fault) || (i > 0 && !check_key(p, step, node.key, before))) {
            return false;
        }
        before = i > 0 ? node.key : before;
    }
    return true;
}

static bool enter(struct pages *p, size_t level, uint16_t depth, uint64_t number)
{
    struct step *step = &p->steps[level];
    bool is_leaf = level + 1 == depth;

    step->next = 0;
    if (!use(p, number, 1) || !read_page(p, number, step->bytes, &step->page) ||
        !require(p, step->page.kind == (is_leaf ? WALK_PAGE_leaf : WALK_PAGE_branch),
                 "a page is at the wrong depth") ||
        !require(p, step->page.node_count > 0, "a page is empty")) {
        return false;
    }
    p->seen.leaf_pages += is_leaf;
    p->seen.branch_pages += !is_leaf;
    return is_leaf ? check_leaf(p, step, p->steps[DEPTH_MAX - 1].bytes) : check_branch(p, step);
}

/* The child that comes next, with the keys that may stand below it. */
static bool descend(struct pages *p, size_t level, uint16_t depth)
{
    struct step *step = &p->steps[level];
    struct step *below = &p->steps[level + 1];
    struct walk_node node;
    struct walk_node after;

    const char *fault = walk_page_node(&step->page, step->next, &node);
    below->least = step->next == 0 ? step->least : node.key;
    below->bound = step->bound;
    step->next++;
    if (fault == NULL && step->next < step->page.node_count) {
        fault = walk_page_node(&step->page, step->next, &after);
        below->bound = after.key;
    }
    return require(p, fault == NULL, fault) && enter(p, level + 1, depth, node.child);
}

/* In order of the keys; a page's bytes stay as long as pages below it are looked at. */
static bool walk_tree(struct pages *p, const struct mdb_tree *tree)
{
    size_t level = 0;
    p->seen = (struct mdb_tree){.depth = tree->depth};
    p->steps[0].least = (struct slice){NULL, 0};
    p->steps[0].bound = (struct slice){NULL, 0};
    if (!require(p, tree->depth > 0 && tree->depth < DEPTH_MAX, "a tree has an impossible depth") ||
        !enter(p, 0, tree->depth, tree->root)) {
        return false;
    }
    for (;;) {
        struct step *step = &p->steps[level];
        if (step->page.kind == WALK_PAGE_branch && step->next < step->page.node_count) {
            if (!descend(p, level, tree->depth)) {
                return false;
            }
            level++;
        } else if (level == 0) {
            return true;
        } else {
            level--;
        }
    }
}

static bool check_tree(struct pages *p, const struct mdb_tree *tree, unsigned flags)
{
    p->has_number_keys = flags == TREE_NUMBER_KEYS;
    if (!require(p, (tree->flags & TREE_FLAGS) == flags, "a tree is said to be of another kind")) {
        return false;
    }
    if (tree->root == MDB_NO_PAGE) {
        return require(p, tree->entries == 0 && tree->depth == 0, "a tree has lost its root");
    }
    return walk_tree(p, tree) &&
           require(p, p->seen.entries == tree->entries, "a tree has lost records") &&
           require(p,
                   p->seen.branch_pages == tree->branch_pages &&
                       p->seen.leaf_pages == tree->leaf_pages &&
                       p->seen.overflow_pages == tree->overflow_pages,
                   "a tree has lost pages");
}

static bool check_all(struct pages *p)
{
    p->is_list_of_tables = true;
    if (!check_tree(p, &p->file.tables, 0)) {
        return false;
    }
    p->is_list_of_tables = false;
    for (size_t i = 0; i < p->table_count; i++) {
        if (!check_tree(p, &p->tables[i], 0)) {
            return false;
        }
    }
    p->is_list_of_free_pages = true;
    return check_tree(p, &p->file.free_pages, TREE_NUMBER_KEYS);
}

static enum status check(struct pages *p, const char **out_fault)
{
    p->used = mem_new((size_t)(p->file.page_count / 8 + 1), 1);
    unsigned char *bytes = mem_new(DEPTH_MAX, (size_t)p->file.page_size);
    for (size_t i = 0; i < DEPTH_MAX; i++) {
        p->steps[i].bytes = bytes + i * p->file.page_size;
    }
    bool is_fine = check_all(p);
    mem_free(bytes);
    mem_free(p->used);
    *out_fault = p->fault;
    return is_fine ? STATUS_OK : STATUS_CORRUPT;
}

enum status walk_pages(const char *path, const char **out_fault)
{
    struct pages *p = mem_new(1, sizeof(*p));
    *out_fault = "its headers are damaged";
    enum status status = mdb_file_look(path, &p->file);
    if (status == STATUS_OK) {
        p->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (p->fd < 0) {
            status = folder_failed("open", path);
            *out_fault = "it cannot be opened";
        } else {
            status = check(p, out_fault);
            (void)close(p->fd);
        }
    }
    mem_free(p);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* empty: LMDB takes it for new */
}
