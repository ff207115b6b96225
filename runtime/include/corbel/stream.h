/** Streams: the items of a @stream result or parameter, which flow one by one between an operation's _begin() and its _finish(),
 *  and on the other side while its servant runs.
 *
 *  Who reads calls _next() until it returns false, who writes calls _put() and then _end(). All of them are the same on both
 *  sides, wait where they have to, and may be called from any thread, for one stream by one thread at a time. A stream belongs to
 *  its call or request and ends with it: do not use it after _finish(), corbel_call_drop() or the servant's return. Each item
 *  type has typed ones: bank_Entry_stream and its functions are generated; those of basic types stand below. */
#ifndef CORBEL_STREAM_H
#define CORBEL_STREAM_H

#include <corbel/any.h>
#include <corbel/object.h>
#include <corbel/value.h>

CORBEL_BEGIN_DECLS

/** One direction of a call's stream. */
typedef struct corbel_stream corbel_stream;

/** Waits for the next item and lends it until the following _next(); what of it should stay is copied. ret: where it goes, in the
 *  form of an in parameter: the value of a number, string, sequence, map, reference or any, else a pointer to it. type: what the
 *  caller takes it for, or NULL: items travel and are checked as the operation says. Returns false when there is no more: the
 * writer has ended, or failed, or is gone; _finish() tells which. A servant learns of a caller who is gone by that, too, and
 * returns. */
CORBEL_API bool corbel_stream_next(corbel_stream *self, const corbel_type *type, void *ret);
/** Sends a copy of an item; waits while the reader has more than enough. value: the address of the C value (of a string: of the
 *  const char *); type: as above. Returns false when it was not sent: the reader has had enough, or is gone, or the value does
 *  not fit the operation's item type; _finish() tells which. A servant may just return then. */
CORBEL_API bool corbel_stream_put(corbel_stream *self, const corbel_type *type, const void *value);
/** Of a writer: no more items come; of a reader: it wants no more. _finish(), and a servant's return, say it too. */
CORBEL_API void corbel_stream_end(corbel_stream *self);

/** How a _try_ went. */
typedef enum corbel_stream_result {
    CORBEL_STREAM_OK,          /**< there was an item, or it was sent */
    CORBEL_STREAM_WOULD_BLOCK, /**< not now */
    CORBEL_STREAM_OVER         /**< what makes _next() and _put() return false */
} corbel_stream_result;

/** As corbel_stream_next(), but never waiting: for a thread that serves many streams. No deadline bounds it: whoever does not
 *  wait says itself when it has been long enough (corbel_call_drop()). */
CORBEL_API CORBEL_MUST_CHECK corbel_stream_result corbel_stream_try_next(corbel_stream *self, const corbel_type *type, void *ret);
/** The same for corbel_stream_put(). */
CORBEL_API CORBEL_MUST_CHECK corbel_stream_result corbel_stream_try_put(corbel_stream *self, const corbel_type *type,
                                                                        const void *value);
/** self is ready: the next _try_ is worth while. Called where completions are: on a worker, or in corbel_runtime_dispatch(); no
 *  lock is held. */
typedef void (*corbel_stream_ready)(corbel_stream *self, void *user);
/** Has callback called once, as soon as a _try_ would not say CORBEL_STREAM_WOULD_BLOCK; on a worker perhaps before this function
 * has returned. It may ask again, and may finish the call. What waits when the call or request ends is forgotten; so when it may
 * run on a worker, do not end those on another thread before it was called. CORBEL_EXISTS: one waits already. CORBEL_GONE: the
 * call failed before it began. CORBEL_NO_MEMORY. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_stream_on_ready(corbel_stream *self, corbel_stream_ready callback, void *user);

/* The streams of basic types: for sequence<long> corbel_int32_stream, with
 *   bool corbel_int32_stream_next(corbel_int32_stream *self, int32_t *item);
 *   bool corbel_int32_stream_put(corbel_int32_stream *self, int32_t item);
 *   void corbel_int32_stream_end(corbel_int32_stream *self);
 * Strings, wide ones, fixed numbers and TypeCodes share corbel_string_stream, octets and uint8 corbel_uint8_stream. A stream of
 * sequence<octet> is a corbel_bytes_stream: what a file is sent in. */
#define CORBEL_STREAM_OF(name, c_type)                                                                                           \
    typedef struct name##_stream name##_stream;                                                                                  \
    static inline bool name##_stream_next(name##_stream *self, c_type *item)                                                     \
    {                                                                                                                            \
        return corbel_stream_next(CORBEL_CAST(corbel_stream *, self), &name##_type, item);                                       \
    }                                                                                                                            \
    static inline bool name##_stream_put(name##_stream *self, c_type item)                                                       \
    {                                                                                                                            \
        return corbel_stream_put(CORBEL_CAST(corbel_stream *, self), &name##_type, &item);                                       \
    }                                                                                                                            \
    static inline void name##_stream_end(name##_stream *self)                                                                    \
    {                                                                                                                            \
        corbel_stream_end(CORBEL_CAST(corbel_stream *, self));                                                                   \
    }

/* clang-format off */
CORBEL_STREAM_OF(corbel_bool, bool)
CORBEL_STREAM_OF(corbel_char, char)
CORBEL_STREAM_OF(corbel_wchar, uint32_t)
CORBEL_STREAM_OF(corbel_int8, int8_t)
CORBEL_STREAM_OF(corbel_uint8, uint8_t)
CORBEL_STREAM_OF(corbel_int16, int16_t)
CORBEL_STREAM_OF(corbel_uint16, uint16_t)
CORBEL_STREAM_OF(corbel_int32, int32_t)
CORBEL_STREAM_OF(corbel_uint32, uint32_t)
CORBEL_STREAM_OF(corbel_int64, int64_t)
CORBEL_STREAM_OF(corbel_uint64, uint64_t)
CORBEL_STREAM_OF(corbel_float, float)
CORBEL_STREAM_OF(corbel_double, double)
CORBEL_STREAM_OF(corbel_long_double, long double)
CORBEL_STREAM_OF(corbel_string, const char *)
CORBEL_STREAM_OF(corbel_any, corbel_any *)
CORBEL_STREAM_OF(corbel_object, corbel_object *)
CORBEL_STREAM_OF(corbel_bytes, corbel_bytes)
/* clang-format on */
#undef CORBEL_STREAM_OF

CORBEL_END_DECLS

#endif /* CORBEL_STREAM_H */
