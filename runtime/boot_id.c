#include "runtime/boot_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Source: proc_sys_kernel(5), random/boot_id. */
static const char path[] = "/proc/sys/kernel/random/boot_id";

void boot_id_read(char boot_id[BOOT_ID_MAX])
{
    const char *given = getenv("CANDLED_BOOT_ID");
    FILE *file = given == NULL ? fopen(path, "re") : NULL;

    snprintf(boot_id, BOOT_ID_MAX, "%s", given == NULL ? "unknown" : given);
    if (file == NULL) {
        return;
    }
    if (fgets(boot_id, BOOT_ID_MAX, file) == NULL) {
        snprintf(boot_id, BOOT_ID_MAX, "unknown");
    }
    boot_id[strcspn(boot_id, "\n")] = '\0';
    (void)fclose(file);
}
