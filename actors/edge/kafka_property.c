#include "actors/edge/kafka_property.h"

#include "runtime/mem.h"

#include <stddef.h>
#include <string.h>

static const char *copy_of(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_new(size, 1), text, size);
}

static size_t count_of(const struct kafka_property *list)
{
    size_t count = 0;
    while (list != NULL && list[count].name != NULL) {
        count++;
    }
    return count;
}

struct kafka_property *kafka_property_copy(const struct kafka_property *list)
{
    size_t count = count_of(list);
    struct kafka_property *copy = mem_new(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct kafka_property){copy_of(list[i].name), copy_of(list[i].value)};
    }
    return copy;
}

static void free_text(const char **text)
{
    void *owned;
    memcpy(&owned, text, sizeof(owned));
    mem_free(owned);
}

void kafka_property_destroy(struct kafka_property **list_p)
{
    struct kafka_property *list = *list_p;
    *list_p = NULL;
    for (size_t i = 0; list != NULL && list[i].name != NULL; i++) {
        free_text(&list[i].name);
        free_text(&list[i].value);
    }
    mem_free(list);
}
