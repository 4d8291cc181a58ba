#include "runtime/loop_status.h"

#include "runtime/log.h"

#include <uv.h>

enum status loop_status(int uv_code, const char *call)
{
    if (uv_code >= 0) {
        return STATUS_OK;
    }
    log_event(LOG_loop_call_failed, log_text("call", call),
              log_text("error", uv_strerror(uv_code)));
    return uv_code == UV_ETIMEDOUT ? STATUS_TIMED_OUT : STATUS_IO;
}
