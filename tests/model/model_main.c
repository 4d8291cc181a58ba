/* model [--all]: explores every state of the protocol, and shows that each defect is found.
 *
 * Prints the number of states and steps for each log (which of two keys each record changes), and
 * for each defect the shortest way to the violation. --all: every log, not two of them. */
#include "runtime/base.h"
#include "tests/model/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* States in the order in which they were found, and an open table of their numbers. */
struct explorer {
    struct protocol protocol;
    bool is_symmetric;
    uint64_t *states;
    uint32_t *parents;
    uint32_t *table; /* number + 1; 0: empty */
    uint32_t count;
    uint32_t capacity; /* of the table: a power of two; of the states: half of it */
    uint32_t at;
    uint64_t steps;
    struct state before;
    const char *wrong;
};

static const char *const defect_texts[] = {
#define X(name, text) text,
    DEFECTS(X)
#undef X
};

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fprintf(stderr, "out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static uint32_t *slot_of(struct explorer *e, uint64_t packed)
{
    uint64_t hash = packed * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32) & (e->capacity - 1);
    while (e->table[at] != 0 && e->states[e->table[at] - 1] != packed) {
        at = (at + 1) & (e->capacity - 1);
    }
    return &e->table[at];
}

static void grow(struct explorer *e)
{
    e->capacity = e->capacity == 0 ? 1u << 16 : e->capacity * 2;
    free(e->table);
    e->table = must(calloc(e->capacity, sizeof(*e->table)));
    e->states = must(realloc(e->states, e->capacity / 2 * sizeof(*e->states)));
    e->parents = must(realloc(e->parents, e->capacity / 2 * sizeof(*e->parents)));
    for (uint32_t i = 0; i < e->count; i++) {
        *slot_of(e, e->states[i]) = i + 1;
    }
}

static void add(struct explorer *e, const struct state *state)
{
    uint64_t packed = protocol_pack(state, e->is_symmetric);
    if (e->count >= e->capacity / 2) {
        grow(e);
    }
    uint32_t *slot = slot_of(e, packed);
    if (*slot == 0) {
        e->states[e->count] = packed;
        e->parents[e->count] = e->at;
        *slot = ++e->count;
    }
}

static void visit(void *context, const struct step *step, const struct state *after)
{
    struct explorer *e = context;
    (void)step;
    e->steps++;
    if (e->wrong != NULL) {
        return;
    }
    add(e, after);
    e->wrong = protocol_judge(&e->protocol, &e->before, after);
    if (e->wrong != NULL) { /* it may have been known before: its way is the one by this step */
        e->parents[e->count] = e->at;
        e->states[e->count++] = protocol_pack(after, e->is_symmetric);
    }
}

/* Breadth first, so that the first violation has the shortest way. */
static void explore(struct explorer *e, const struct protocol *protocol, bool is_symmetric)
{
    struct state first = {0};
    *e = (struct explorer){.protocol = *protocol, .is_symmetric = is_symmetric};
    grow(e);
    add(e, &first);
    for (e->at = 0; e->at < e->count && e->wrong == NULL; e->at++) {
        e->before = protocol_unpack(e->states[e->at]);
        protocol_each_step(protocol, &e->before, visit, e);
        if (protocol->defect == DEFECT_none && e->wrong == NULL) {
            e->wrong = protocol_judge_healed(protocol, &e->before);
        }
    }
}

static void forget(struct explorer *e)
{
    free(e->states);
    free(e->parents);
    free(e->table);
}

/* --- telling --- */

struct teller {
    uint64_t wanted;
    bool is_told;
};

static void tell(void *context, const struct step *step, const struct state *after)
{
    struct teller *t = context;
    if (t->is_told || protocol_pack(after, false) != t->wanted) {
        return;
    }
    t->is_told = true;
    (void)printf("#   ");
    protocol_print_step(step);
}

static void print_way(const struct explorer *e)
{
    uint32_t way[256];
    size_t length = 0;
    for (uint32_t at = e->count - 1; at != 0 && length < ARRAY_COUNT(way); at = e->parents[at]) {
        way[length++] = at;
    }
    uint64_t before = e->states[0];
    while (length > 0) {
        struct teller teller = {.wanted = e->states[way[--length]]};
        struct state state = protocol_unpack(before);
        protocol_each_step(&e->protocol, &state, tell, &teller);
        before = teller.wanted;
    }
}

static void name_log(const struct protocol *protocol, char name[RECORDS + 1])
{
    for (int record = 0; record < RECORDS; record++) {
        name[record] = (char)('A' + protocol->key_of[record + 1]);
    }
    name[RECORDS] = '\0';
}

/* Bit i of `keys`: record i + 1 changes key B; the first one changes A. */
static struct protocol protocol_of(unsigned keys, enum defect defect)
{
    struct protocol protocol = {.defect = defect};
    for (int record = 0; record < RECORDS; record++) {
        protocol.key_of[record + 1] = keys >> record & 1;
    }
    return protocol;
}

static bool prove(unsigned keys)
{
    struct explorer e;
    char name[RECORDS + 1];
    struct protocol protocol = protocol_of(keys, DEFECT_none);
    name_log(&protocol, name);
    explore(&e, &protocol, true);
    (void)printf("%s model: log %s, %" PRIu32 " states, %" PRIu64 " steps%s%s\n",
                 e.wrong == NULL ? "ok" : "not ok", name, e.count, e.steps,
                 e.wrong == NULL ? "" : " - ", e.wrong == NULL ? "" : e.wrong);
    forget(&e);
    return e.wrong == NULL;
}

static bool find(unsigned keys, enum defect defect, bool only_lasting)
{
    struct explorer e;
    struct protocol protocol = protocol_of(keys, defect);
    protocol.is_ordered = true;
    protocol.only_lasting = only_lasting;
    explore(&e, &protocol, false);
    bool is_found = e.wrong != NULL;
    (void)printf("%s model: found when %s%s%s\n", is_found ? "ok" : "not ok", defect_texts[defect],
                 is_found ? ": " : " - it was not", is_found ? e.wrong : "");
    if (is_found) {
        print_way(&e);
    }
    forget(&e);
    return is_found;
}

int main(int argc, char **argv)
{
    enum { AAA = 0, ABA = 2, AAB = 4, ABB = 6 };
    static const unsigned logs[] = {ABA, AAA, AAB, ABB};
    size_t count = argc > 1 && strcmp(argv[1], "--all") == 0 ? ARRAY_COUNT(logs) : 1;
    bool is_right = true;
    for (size_t i = 0; i < count; i++) {
        is_right = prove(logs[i]) && is_right;
        (void)fflush(stdout);
    }
    for (enum defect defect = DEFECT_none + 1; defect < DEFECT_COUNT; defect++) {
        is_right = find(ABA, defect, false) && is_right;
    }
    is_right = find(ABA, DEFECT_no_guard, true) && is_right;
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
