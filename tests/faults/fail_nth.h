/* The nth call fails: an LD_PRELOAD library between a program and the C library.
 *
 * FAIL_NTH=KIND:N:MODE:HOW in the environment: KIND memory or io; MODE once or on (from the nth
 * call on); HOW an error (ENOMEM, EIO, ENOSPC, EINTR) or short (half of what was to be written).
 * FAIL_NTH_STACK=1 prints where it struck. Calls are counted from fail_nth_begin() on; what goes to
 * standard output and error never fails, so that a program can say what happened to it.
 *
 * A program declares the functions weak, and runs without the library as well. */
#ifndef CANDLED_TESTS_FAULTS_FAIL_NTH_H
#define CANDLED_TESTS_FAULTS_FAIL_NTH_H

#include <stdbool.h>
#include <stdint.h>

enum fail_nth_kind { FAIL_NTH_memory, FAIL_NTH_io, FAIL_NTH_KIND_COUNT };

__attribute__((weak)) void fail_nth_begin(void);

/* No call fails any more: the disk has room again, the memory is back. */
__attribute__((weak)) void fail_nth_heal(void);

/* Calls so far. */
__attribute__((weak)) uint64_t fail_nth_count(enum fail_nth_kind kind);

__attribute__((weak)) bool fail_nth_has_struck(void);

#endif
