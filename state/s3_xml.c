#include "state/s3_xml.h"

#include "state/object_store.h"
#include "state/percent.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define S3_ELEMENTS(X)                                                             \
    X(ListBucketResult) X(IsTruncated) X(NextContinuationToken) X(EncodingType)    \
    X(Contents) X(Key) X(Size)                                                     \
    X(Error) X(Code) X(Message) X(Region)
/* clang-format on */

enum element {
    ELEMENT_other,
#define X(name) ELEMENT_##name,
    S3_ELEMENTS(X)
#undef X
};

/* Elements lie at most three deep in what we read; a text is that of the innermost one. */
enum { DEPTH_MAX = 3, TEXT_MAX = 4096 };

struct walk;
typedef void leaf_fn(struct walk *walk, enum element parent, enum element leaf);

struct walk {
    XML_Parser parser;
    leaf_fn *leaf;
    int depth;
    enum element path[DEPTH_MAX + 1]; /* the root at 1 */
    char text[TEXT_MAX + 1];
    size_t size;
    bool is_cut;
    /* Of the object that is being read. */
    char key[3 * OBJECT_STORE_NAME_MAX + 1];
    int64_t size_bytes;
    /* Results. */
    struct s3_error *error;
    s3_key_fn *visit;
    void *context;
    bool is_encoded;
    bool is_truncated;
    char *token;
};

static enum element element_of(const char *name)
{
#define X(word)                                                                                    \
    if (strcmp(name, #word) == 0) {                                                                \
        return ELEMENT_##word;                                                                     \
    }
    S3_ELEMENTS(X)
#undef X
    return ELEMENT_other;
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct walk *w = context;
    (void)attributes;
    w->depth++;
    if (w->depth <= DEPTH_MAX) {
        w->path[w->depth] = element_of(name);
    }
    w->size = 0;
    w->is_cut = false;
}

static void on_text(void *context, const XML_Char *text, int size)
{
    struct walk *w = context;
    size_t room = TEXT_MAX - w->size;
    size_t taken = (size_t)size < room ? (size_t)size : room;
    memcpy(w->text + w->size, text, taken);
    w->size += taken;
    w->is_cut = w->is_cut || taken < (size_t)size;
}

static void on_end(void *context, const XML_Char *name)
{
    struct walk *w = context;
    (void)name;
    w->text[w->size] = '\0';
    if (w->depth <= DEPTH_MAX) {
        w->leaf(w, w->path[w->depth - 1], w->path[w->depth]);
    }
    w->size = 0;
    w->depth--;
}

/* No answer of S3 declares a type; entities that grow are all that one could be for. */
static void on_doctype(void *context, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int has_subset)
{
    struct walk *w = context;
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    (void)XML_StopParser(w->parser, XML_FALSE);
}

/* False: this is not XML. */
static bool parse(struct walk *w, struct slice text, leaf_fn *leaf)
{
    if (text.size > INT_MAX) {
        return false;
    }
    w->parser = XML_ParserCreate(NULL);
    if (w->parser == NULL) {
        return false;
    }
    w->leaf = leaf;
    w->depth = 0;
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, on_start, on_end);
    XML_SetCharacterDataHandler(w->parser, on_text);
    XML_SetStartDoctypeDeclHandler(w->parser, on_doctype);
    enum XML_Status code = XML_Parse(w->parser, text.bytes, (int)text.size, 1);
    XML_ParserFree(w->parser);
    return code == XML_STATUS_OK;
}

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

static void take_error(struct walk *w, enum element parent, enum element leaf)
{
    if (parent != ELEMENT_Error) {
        return;
    }
    if (leaf == ELEMENT_Code) {
        copy_cut(w->error->code, sizeof(w->error->code), w->text);
    } else if (leaf == ELEMENT_Message) {
        copy_cut(w->error->message, sizeof(w->error->message), w->text);
    } else if (leaf == ELEMENT_Region) {
        copy_cut(w->error->region, sizeof(w->error->region), w->text);
    }
}

enum status s3_xml_read_error(struct slice text, struct s3_error *out_error)
{
    struct s3_error error = {.code = ""};
    struct walk w = {.error = &error};
    if (!parse(&w, text, take_error) || error.code[0] == '\0') {
        return STATUS_MALFORMED;
    }
    *out_error = error;
    return STATUS_OK;
}

/* What the page says of itself, which may stand behind its keys. */
static void take_page(struct walk *w, enum element parent, enum element leaf)
{
    if (parent != ELEMENT_ListBucketResult) {
        return;
    }
    if (leaf == ELEMENT_IsTruncated) {
        w->is_truncated = strcmp(w->text, "true") == 0;
    } else if (leaf == ELEMENT_EncodingType) {
        w->is_encoded = strcmp(w->text, "url") == 0;
    } else if (leaf == ELEMENT_NextContinuationToken && !w->is_cut) {
        copy_cut(w->token, S3_TOKEN_MAX + 1, w->size <= S3_TOKEN_MAX ? w->text : "");
    }
}

static void take_key(struct walk *w)
{
    size_t size = strlen(w->text);
    if (w->is_cut) {
        w->key[0] = '\0';
    } else if (w->is_encoded) {
        if (!percent_decode(w->text, size, true, w->key, sizeof(w->key))) {
            w->key[0] = '\0';
        }
    } else {
        copy_cut(w->key, sizeof(w->key), size < sizeof(w->key) ? w->text : "");
    }
}

static void take_object(struct walk *w, enum element parent, enum element leaf)
{
    if (parent == ELEMENT_Contents && leaf == ELEMENT_Key) {
        take_key(w);
    } else if (parent == ELEMENT_Contents && leaf == ELEMENT_Size) {
        w->size_bytes = strtoll(w->text, NULL, 10);
    } else if (parent == ELEMENT_ListBucketResult && leaf == ELEMENT_Contents) {
        if (w->key[0] != '\0') {
            w->visit(w->context, w->key, w->size_bytes);
        }
        w->key[0] = '\0';
        w->size_bytes = 0;
    }
}

enum status s3_xml_read_page(struct slice text, s3_key_fn *visit, void *context,
                             char token[S3_TOKEN_MAX + 1])
{
    char next[S3_TOKEN_MAX + 1] = "";
    struct walk w = {.visit = visit, .context = context, .token = next};
    bool is_page = parse(&w, text, take_page) && w.path[1] == ELEMENT_ListBucketResult;

    /* A page that goes on, and does not say where, would be taken for the last one. */
    if (!is_page || w.is_truncated != (next[0] != '\0')) {
        return STATUS_MALFORMED;
    }
    if (!parse(&w, text, take_object)) {
        return STATUS_MALFORMED;
    }
    memcpy(token, next, sizeof(next));
    return STATUS_OK;
}
