/** All of Corbel's public API. */
#ifndef CORBEL_CORBEL_H
#define CORBEL_CORBEL_H

#include <corbel/any.h>
#include <corbel/batch.h>
#include <corbel/call.h>
#include <corbel/context.h>
#include <corbel/daemon.h>
#include <corbel/error.h>
#include <corbel/interceptor.h>
#include <corbel/json.h>
#include <corbel/limits.h>
#include <corbel/log.h>
#include <corbel/object.h>
#include <corbel/request.h>
#include <corbel/runtime.h>
#include <corbel/status.h>
#include <corbel/stream.h>
#include <corbel/value.h>

/** major * 10000 + minor * 100 + patch. */
#define CORBEL_VERSION 100

#endif /* CORBEL_CORBEL_H */
