/* kline_open_scan(): what it takes, the decoder takes as well made and open, with the same symbol
 * and times. */
#include "tests/unit/proto/kline_open_twin.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kline_decoder *decoder;
    if (decoder == NULL) {
        decoder = kline_decoder_create();
    }
    assert(open_judge(decoder, (struct slice){bytes, size}) != OPEN_differs);
    return 0;
}
