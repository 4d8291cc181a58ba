#include "actors/messages.h"

const char *messages_name(enum msg_type type)
{
    static const char *const names[] = {
#define X(name, ...) [MSG_##name] = #name,
        MESSAGES_TABLE(X)
#undef X
    };
    return names[type];
}
