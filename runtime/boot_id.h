/* Which boot of the kernel this is: the page cache outlives processes, not a boot. */
#ifndef CANDLED_RUNTIME_BOOT_ID_H
#define CANDLED_RUNTIME_BOOT_ID_H

enum { BOOT_ID_MAX = 64 };

/* CANDLED_BOOT_ID in the environment replaces it, for tests. Where the kernel does not
 * say it is made up anew at each call: then every start counts as another boot. */
void boot_id_read(char boot_id[BOOT_ID_MAX]);

#endif
