#include "proto/utf8.h"

#include "runtime/base.h"

#include <stdint.h>

/* The well-formed sequences by their first byte, and what the second byte may be (RFC 3629,
 * section 4); the later ones are 80 to BF. */
static const struct form {
    unsigned char first_min;
    unsigned char first_max;
    unsigned char second_min;
    unsigned char second_max;
    size_t size;
} forms[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool is_sequence(const struct form *form, const unsigned char *bytes, size_t left)
{
    if (bytes[0] < form->first_min || bytes[0] > form->first_max || left < form->size ||
        bytes[1] < form->second_min || bytes[1] > form->second_max) {
        return false;
    }
    for (size_t i = 2; i < form->size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return false;
        }
    }
    return true;
}

/* 0: none begins here. */
static size_t sequence_size(const unsigned char *bytes, size_t left)
{
    if (bytes[0] < 0x80) {
        return 1;
    }
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        if (is_sequence(&forms[i], bytes, left)) {
            return forms[i].size;
        }
    }
    return 0;
}

bool utf8_is_valid(struct slice text)
{
    const unsigned char *bytes = text.bytes;
    for (size_t i = 0; i < text.size;) {
        size_t size = sequence_size(bytes + i, text.size - i);
        if (size == 0) {
            return false;
        }
        i += size;
    }
    return true;
}
