#include "state/direct.h"

#include <fcntl.h>
#include <stdint.h>

bool direct_start(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_DIRECT) == 0;
}

bool direct_stop(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) != 0 && fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

void *direct_align(void *memory)
{
    uintptr_t over = (uintptr_t)memory % DIRECT_ALIGNMENT;
    return (unsigned char *)memory + (over == 0 ? 0 : DIRECT_ALIGNMENT - over);
}
