/* kline_scan(): what it takes, the reader takes with the same fields. */
#include "tests/unit/proto/kline_scan_twin.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct json_reader *reader;
    if (reader == NULL) {
        reader = json_reader_create();
    }
    assert(twin_judge(reader, (struct slice){bytes, size}) != TWIN_differs);
    return 0;
}
