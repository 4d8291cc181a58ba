#include "proto/kline_fields.h"

static const char *const names[] = {
#define X(name, key, type, presence, meaning) [KLINE_FIELD_##name] = #name,
    KLINE_FIELDS_TABLE(X)
#undef X
};

/* By key, one more than the field; 0: no such field. */
static const unsigned char fields_by_key[UINT8_MAX + 1] = {
#define X(name, key, type, presence, meaning) [key] = KLINE_FIELD_##name + 1,
    KLINE_FIELDS_TABLE(X)
#undef X
};

static unsigned char letter_of(struct slice key)
{
    return key.size == 1 ? *(const unsigned char *)key.bytes : 0;
}

void kline_fields_init(struct kline_fields *fields, const char *prefix, bool has_event_time)
{
    *fields = (struct kline_fields){.prefix = prefix, .has_event_time = has_event_time};
}

void kline_fields_add(struct kline_fields *fields, struct slice key, const struct value *value)
{
    unsigned char found = fields_by_key[letter_of(key)];
    if (found == 0) {
        return;
    }
    enum kline_field field = (enum kline_field)(found - 1);
    if (field == KLINE_FIELD_E && !fields->has_event_time) {
        return;
    }
    if (fields->values[field].kind != VALUE_absent && !fields->has_twice) {
        fields->has_twice = true;
        fields->twice = field;
    }
    fields->values[field] = *value;
}

bool kline_fields_is_telling(struct slice key)
{
    unsigned char letter = letter_of(key);
    return letter == 't' || letter == 'i' || letter == 'x';
}

const char *kline_fields_name(enum kline_field field)
{
    return names[field];
}
