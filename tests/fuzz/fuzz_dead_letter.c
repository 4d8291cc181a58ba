/* dead_letter_decode(): what it takes can be stored again, byte for byte. */
#include "proto/dead_letter.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dead_letter letter;
    struct dead_letter again;

    if (dead_letter_decode((struct slice){bytes, size}, &letter) != STATUS_OK) {
        return 0;
    }
    size_t size_max = dead_letter_encoded_max(&letter);
    unsigned char *encoded = malloc(size_max);
    unsigned char *encoded_again = malloc(size_max);
    size_t encoded_size = dead_letter_encode(&letter, encoded);
    assert(encoded_size <= size_max);
    assert(dead_letter_decode((struct slice){encoded, encoded_size}, &again) == STATUS_OK);
    assert(dead_letter_encode(&again, encoded_again) == encoded_size);
    assert(memcmp(encoded, encoded_again, encoded_size) == 0);
    free(encoded);
    free(encoded_again);
    return 0;
}
