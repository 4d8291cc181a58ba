/* Removes a folder and all that is in it; one that is not there is fine. Follows no link, and stays
 * on its filesystem. */
#ifndef CANDLED_OPS_REMOVE_TREE_H
#define CANDLED_OPS_REMOVE_TREE_H

#include "runtime/base.h"
#include "runtime/status.h"

MUST_CHECK enum status remove_tree(const char *path);

#endif
