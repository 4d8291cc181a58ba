#include "runtime/crc32c.h"

/* Each entry of a table is the sum (xor) of what the bits of its index contribute, so that eight
 * constants make 256 entries. In table n they are the checksums of a single bit that n zero bytes
 * follow. */
#define BIT(i, n, value) (((i) >> (n)&1u) != 0 ? (value) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                           \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^     \
     BIT(i, 6, g) ^ BIT(i, 7, h))
#define ENTRIES_4(i, ...)                                                                          \
    ENTRY((i), __VA_ARGS__), ENTRY((i) + 1u, __VA_ARGS__), ENTRY((i) + 2u, __VA_ARGS__),           \
        ENTRY((i) + 3u, __VA_ARGS__)
#define ENTRIES_16(i, ...)                                                                         \
    ENTRIES_4((i), __VA_ARGS__), ENTRIES_4((i) + 4u, __VA_ARGS__),                                 \
        ENTRIES_4((i) + 8u, __VA_ARGS__), ENTRIES_4((i) + 12u, __VA_ARGS__)
#define ENTRIES_64(i, ...)                                                                         \
    ENTRIES_16((i), __VA_ARGS__), ENTRIES_16((i) + 16u, __VA_ARGS__),                              \
        ENTRIES_16((i) + 32u, __VA_ARGS__), ENTRIES_16((i) + 48u, __VA_ARGS__)
#define TABLE(...)                                                                                 \
    {                                                                                              \
        ENTRIES_64(0u, __VA_ARGS__), ENTRIES_64(64u, __VA_ARGS__), ENTRIES_64(128u, __VA_ARGS__),  \
            ENTRIES_64(192u, __VA_ARGS__)                                                          \
    }

static const uint32_t tables[8][256] = {
    TABLE(0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu,
          0x82f63b78u),
    TABLE(0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u,
          0xfbc3faf9u),
    TABLE(0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u,
          0x8b277743u),
    TABLE(0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u,
          0x52a0c93fu),
    TABLE(0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu,
          0x6ea2d55cu),
    TABLE(0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu,
          0x1c08b7d6u),
    TABLE(0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au,
          0xf56e0ef4u),
    TABLE(0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u,
          0x34019664u),
};

static uint32_t load_little_endian(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Eight bytes a step, each looked up in the table of how many of the eight come after it. */
uint32_t crc32c_update_portable(uint32_t crc, struct slice bytes)
{
    const unsigned char *p = bytes.bytes;
    size_t left = bytes.size;

    crc = ~crc;
    for (; left >= 8; left -= 8, p += 8) {
        uint32_t low = crc ^ load_little_endian(p);
        crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
              tables[4][low >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
              tables[0][p[7]];
    }
    for (; left > 0; left--, p++) {
        crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
    }
    return ~crc;
}

/* The compiler's words for the instructions, where it has some. */
#if defined(__x86_64__)
#include <nmmintrin.h>
#define WITH_CRC __attribute__((target("sse4.2")))
#define STEP_1(crc, value) _mm_crc32_u8(crc, value)
#define STEP_8(crc, value) (uint32_t) _mm_crc32_u64(crc, value)

bool crc32c_is_accelerated(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <sys/auxv.h>
#if defined(__clang__)
#define WITH_CRC __attribute__((target("crc")))
#define STEP_1(crc, value) __builtin_arm_crc32cb(crc, value)
#define STEP_8(crc, value) __builtin_arm_crc32cd(crc, value)
#else
#define WITH_CRC __attribute__((target("+crc")))
#define STEP_1(crc, value) __builtin_aarch64_crc32cb(crc, value)
#define STEP_8(crc, value) __builtin_aarch64_crc32cx(crc, value)
#endif

bool crc32c_is_accelerated(void)
{
    enum { HAS_CRC32 = 1 << 7 }; /* HWCAP_CRC32 of the kernel's ABI */
    return (getauxval(AT_HWCAP) & HAS_CRC32) != 0;
}
#else
bool crc32c_is_accelerated(void)
{
    return false;
}
#endif

#if defined(WITH_CRC)
WITH_CRC static uint32_t update_accelerated(uint32_t crc, struct slice bytes)
{
    const unsigned char *p = bytes.bytes;
    size_t left = bytes.size;

    crc = ~crc;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t eight;
        memcpy(&eight, p, sizeof(eight));
        crc = STEP_8(crc, eight);
    }
    for (; left > 0; left--, p++) {
        crc = STEP_1(crc, *p);
    }
    return ~crc;
}
#else
#define update_accelerated crc32c_update_portable
#endif

uint32_t crc32c_update(uint32_t crc, struct slice bytes)
{
    return crc32c_is_accelerated() ? update_accelerated(crc, bytes)
                                   : crc32c_update_portable(crc, bytes);
}

uint32_t crc32c(struct slice bytes)
{
    return crc32c_update(0, bytes);
}
