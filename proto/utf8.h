/* Is it text at all: UTF-8 as RFC 3629 has it, without surrogates and overlong forms. */
#ifndef CANDLED_PROTO_UTF8_H
#define CANDLED_PROTO_UTF8_H

#include "runtime/slice.h"

bool utf8_is_valid(struct slice text);

#endif
