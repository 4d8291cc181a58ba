#include "runtime/boot_id.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Source: proc_sys_kernel(5), random/boot_id. */
static const char path[] = "/proc/sys/kernel/random/boot_id";

/* Like no other. */
static void make_one_up(char boot_id[BOOT_ID_MAX])
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    snprintf(boot_id, BOOT_ID_MAX, "unknown-%" PRId64 ".%09ld-%d", (int64_t)now.tv_sec, now.tv_nsec,
             (int)getpid());
}

void boot_id_read(char boot_id[BOOT_ID_MAX])
{
    const char *given = getenv("CANDLED_BOOT_ID");
    FILE *file = given == NULL ? fopen(path, "re") : NULL;

    if (given != NULL) {
        snprintf(boot_id, BOOT_ID_MAX, "%s", given);
    } else {
        make_one_up(boot_id);
    }
    if (file == NULL) {
        return;
    }
    if (fgets(boot_id, BOOT_ID_MAX, file) == NULL) {
        make_one_up(boot_id);
    }
    boot_id[strcspn(boot_id, "\n")] = '\0';
    (void)fclose(file);
}
