#include "state/percent.h"

#include <string.h>

static bool is_unreserved(unsigned char letter)
{
    bool is_letter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
    bool is_digit = letter >= '0' && letter <= '9';
    return is_letter || is_digit || (letter != '\0' && strchr("-._~", letter) != NULL);
}

/* Upper case, as signatures want them. */
static size_t encode_one(unsigned char letter, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    out[0] = '%';
    out[1] = digits[letter >> 4];
    out[2] = digits[letter & 15];
    return 3;
}

bool percent_encode(const char *text, bool keeps_slashes, char *out, size_t out_size)
{
    size_t begin = strlen(out);
    size_t at = begin;

    for (; *text != '\0'; text++) {
        if (at + 4 > out_size) {
            out[begin] = '\0';
            return false;
        }
        if (is_unreserved((unsigned char)*text) || (keeps_slashes && *text == '/')) {
            out[at++] = *text;
        } else {
            at += encode_one((unsigned char)*text, out + at);
        }
    }
    out[at] = '\0';
    return true;
}

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    letter |= 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* -1: these are no two digits. */
static int decode_one(const char *digits, size_t left)
{
    int high = left >= 2 ? digit_of(digits[0]) : -1;
    int low = high >= 0 ? digit_of(digits[1]) : -1;
    return low < 0 ? -1 : high << 4 | low;
}

bool percent_decode(const char *text, size_t size, bool has_plus, char *out, size_t out_size)
{
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        int letter = has_plus && text[i] == '+' ? ' ' : (unsigned char)text[i];
        if (text[i] == '%') {
            letter = decode_one(text + i + 1, size - i - 1);
            i += 2;
        }
        if (letter <= 0 || at + 2 > out_size) {
            return false;
        }
        out[at++] = (char)letter;
    }
    if (out_size == 0) {
        return false;
    }
    out[at] = '\0';
    return true;
}
