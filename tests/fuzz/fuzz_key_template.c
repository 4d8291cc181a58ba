/* key_template_parse(): what it takes renders within KEY_MAX for the longest of everything. */
#include "proto/key_template.h"

#include "proto/kline.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[1024];
    char symbol[SYMBOL_BYTES_MAX + 1];
    char error[160] = "";
    char key[KEY_MAX];
    struct key_template template;

    if (size >= sizeof(text)) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, bytes, size);
    }
    text[size] = '\0';
    if (key_template_parse(text, &template, error, sizeof(error)) != STATUS_OK) {
        assert(error[0] != '\0');
        return 0;
    }
    memset(symbol, 'S', SYMBOL_BYTES_MAX);
    symbol[SYMBOL_BYTES_MAX] = '\0';
    assert(key_template_render(&template, symbol, "15m", INT64_MIN, key) == strlen(key));
    assert(key_template_render(&template, "", "", 0, key) == strlen(key));
    return 0;
}
