/* The walk through an environment that may be damaged: every page, and every record of every table.
 *
 * LMDB trusts its pages, and a single wrong bit can make it read outside its map. So a process of
 * its own walks, and its death says as much of the file as what it finds. LMDB's pages are checked
 * first, by reading alone, because some faults show only to who writes later: a page that is free
 * and in use at the same time, a branch that leads past a leaf.
 *
 * The process is this program itself, started with WALK_ARGUMENT: main() begins with
 *     if (walk_is_asked(argc, argv)) { return walk_main(argv); }
 * A GB takes some 4 s on a busy machine; what it costs to start is a few ms.
 * Thread: any; blocks. */
#ifndef CANDLED_STATE_WALK_H
#define CANDLED_STATE_WALK_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>

#define WALK_ARGUMENT "--walk-environment"

bool walk_is_asked(int argc, char *const *argv);

/* The exit code. The first line on standard output says what is wrong. */
int walk_main(char *const *argv);

/* Nobody may write meanwhile. `program` is one whose main() knows WALK_ARGUMENT; NULL: this one.
 * STATUS_CORRUPT, logged: the file is damaged. STATUS_UNAVAILABLE: the walk was interrupted.
 * STATUS_IO: it could not be done. */
MUST_CHECK enum status walk_in_child(const char *program, const char *path);

#endif
