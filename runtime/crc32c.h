/* CRC-32C (Castagnoli, as in RFC 3720): the checksum of everything that candled writes to disk.
 *
 * Thread: any. It uses the CPU's own instructions where there are some: about 8 bytes in 3 cycles.
 */
#ifndef CANDLED_RUNTIME_CRC32C_H
#define CANDLED_RUNTIME_CRC32C_H

#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>

uint32_t crc32c(struct slice bytes);

/* Goes on from the checksum of what came before, which is 0 when nothing did:
 * crc32c_update(crc32c(a), b) is the checksum of a and b in a row. */
uint32_t crc32c_update(uint32_t crc, struct slice bytes);

/* The same without those instructions: what other CPUs get, and what tests compare with. */
uint32_t crc32c_update_portable(uint32_t crc, struct slice bytes);

/* Whether this CPU has them. */
bool crc32c_is_accelerated(void);

#endif
