#include "proto/kline_json.h"

#include "proto/kline_error.h"

#include <stdio.h>

/* clang-format off */
#define ENVELOPE_TABLE(X)                                   \
    /* name   what                                       */ \
    X(e,      "the event's type")                           \
    X(E,      "the event's time")                           \
    X(s,      "the symbol, again")                          \
    X(k,      "the kline inside an event")                  \
    X(data,   "the event inside a combined-stream wrapper")
/* clang-format on */

/* What surrounds a kline's own fields. */
struct envelope {
#define X(name, what) struct value name;
    ENVELOPE_TABLE(X)
#undef X
    const char *twice; /* NULL: no name is given twice */
    bool is_bare;      /* if it is no event and no wrapper */
};

static void set_once(struct envelope *envelope, struct value *member, const char *name,
                     const struct value *value)
{
    if (member->kind != VALUE_absent && envelope->twice == NULL) {
        envelope->twice = name;
    }
    *member = *value;
}

static void read_envelope(const struct value *object, struct envelope *envelope)
{
    struct json_walk walk = json_reader_walk(object);
    struct slice key;
    struct value value;

    *envelope = (struct envelope){.twice = NULL};
    while (json_reader_next_member(&walk, &key, &value)) {
#define X(name, what)                                                                              \
    if (slice_equals(key, (struct slice){#name, sizeof(#name) - 1})) {                             \
        set_once(envelope, &envelope->name, #name, &value);                                        \
        continue;                                                                                  \
    }
        ENVELOPE_TABLE(X)
#undef X
        envelope->is_bare |= kline_fields_is_telling(key);
    }
}

static bool is_event(const struct envelope *envelope)
{
    return envelope->e.kind != VALUE_absent || envelope->k.kind != VALUE_absent;
}

static void read_fields(const struct value *object, struct kline_fields *fields)
{
    struct json_walk walk = json_reader_walk(object);
    struct slice key;
    struct value value;
    while (json_reader_next_member(&walk, &key, &value)) {
        kline_fields_add(fields, key, &value);
    }
}

static enum reason not_a_kline(char *error, const char *why)
{
    snprintf(error, KLINE_ERROR_MAX, "%s", why);
    return REASON_not_a_kline;
}

static enum reason expect(char *error, const struct value *value, enum value_kind kind,
                          const char *name, const char *otherwise)
{
    if (value->kind == VALUE_absent) {
        return kline_error_set(error, REASON_missing_field, "", name, NULL, "is missing");
    }
    if (value->kind != kind) {
        return kline_error_set(error, REASON_wrong_type, "", name, value, otherwise);
    }
    return REASON_none;
}

static enum reason check_event(const struct envelope *event, char *error)
{
    enum reason reason = expect(error, &event->e, VALUE_string, "e", "is not of type string");
    if (reason != REASON_none) {
        return reason;
    }
    if (!value_is_text(&event->e, "kline")) {
        return kline_error_set(error, REASON_not_a_kline, "", "e", &event->e, "is not kline");
    }
    if (event->twice != NULL) {
        return kline_error_set(error, REASON_wrong_type, "", event->twice, NULL, "is given twice");
    }
    return expect(error, &event->k, VALUE_object, "k", "is not of type object");
}

/* The symbol is in the event and in the kline: one is enough, two must be the same. */
static enum reason merge_symbols(const struct value *outer, struct value *inner, char *error)
{
    if (outer->kind == VALUE_absent) {
        return REASON_none;
    }
    enum reason reason = expect(error, outer, VALUE_string, "s", "is not of type string");
    if (reason != REASON_none) {
        return reason;
    }
    if (inner->kind == VALUE_absent) {
        *inner = *outer;
    } else if (inner->kind == VALUE_string && !slice_equals(inner->string, outer->string)) {
        return kline_error_set(error, REASON_wrong_type, "", "s", outer, "is not the k.s");
    }
    return REASON_none;
}

static enum reason read_event(const struct envelope *event, struct kline_fields *fields,
                              char *error)
{
    enum reason reason = check_event(event, error);
    if (reason != REASON_none) {
        return reason;
    }
    kline_fields_init(fields, "k.", false); /* an E inside k would not be the event's */
    read_fields(&event->k, fields);
    fields->has_event_time = true;
    fields->values[KLINE_FIELD_E] = event->E;
    return merge_symbols(&event->s, &fields->values[KLINE_FIELD_s], error);
}

static enum reason read_wrapper(const struct envelope *wrapper, struct kline_fields *fields,
                                char *error)
{
    struct envelope event;
    if (wrapper->twice != NULL) {
        return kline_error_set(error, REASON_wrong_type, "", wrapper->twice, NULL,
                               "is given twice");
    }
    enum reason reason =
        expect(error, &wrapper->data, VALUE_object, "data", "is not of type object");
    if (reason != REASON_none) {
        return reason;
    }
    read_envelope(&wrapper->data, &event);
    if (!is_event(&event)) {
        return not_a_kline(error, "data is no event: it has neither e nor k");
    }
    return read_event(&event, fields, error);
}

enum reason kline_json_read(struct json_reader *reader, struct slice value,
                            struct kline_fields *out_fields, char error[KLINE_ERROR_MAX])
{
    struct value root;
    struct envelope envelope;

    if (json_reader_read(reader, value, &root, error, KLINE_ERROR_MAX) != STATUS_OK) {
        return REASON_not_json;
    }
    if (root.kind != VALUE_object) {
        return kline_error_set(error, REASON_not_a_kline, "", "the value", &root,
                               "is not of type object");
    }
    read_envelope(&root, &envelope);
    if (is_event(&envelope)) {
        return read_event(&envelope, out_fields, error);
    }
    if (envelope.data.kind != VALUE_absent) {
        return read_wrapper(&envelope, out_fields, error);
    }
    if (!envelope.is_bare) {
        return not_a_kline(error, "the object has none of e, k, data, t, i, x");
    }
    kline_fields_init(out_fields, "", false);
    read_fields(&root, out_fields);
    return REASON_none;
}
