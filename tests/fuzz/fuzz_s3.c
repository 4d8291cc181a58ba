/* s3_xml_read_page(), s3_xml_read_error(): whatever a server answers; what is no whole page visits
 * nothing, and the same page visits the same keys. */
#include "state/object_store.h"
#include "state/s3_error.h"
#include "state/s3_xml.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void see(void *context, const char *key, int64_t size_bytes)
{
    size_t *sum = context;
    (void)size_bytes;
    assert(key[0] != '\0');
    (void)object_store_is_key(key);
    *sum += strlen(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct slice text = {bytes, size};
    char token[S3_TOKEN_MAX + 1] = "untouched";
    char words[S3_ERROR_MAX];
    const char *advice;
    size_t once = 0;
    size_t again = 0;

    if (s3_xml_read_page(text, see, &once, token) == STATUS_OK) {
        assert(strlen(token) <= S3_TOKEN_MAX);
        enum status status = s3_xml_read_page(text, see, &again, token);
        assert(status == STATUS_OK && once == again);
    } else {
        assert(once == 0 && strcmp(token, "untouched") == 0);
    }
    enum status status = s3_error_judge(403, text, words, &advice);
    assert(status != STATUS_OK && strlen(words) < S3_ERROR_MAX);
    return 0;
}
