/* cmocka wants these headers before its own. */
#ifndef CANDLED_TESTS_UNIT_CMOCKA_H
#define CANDLED_TESTS_UNIT_CMOCKA_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#endif
