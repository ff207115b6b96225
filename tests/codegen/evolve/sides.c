/* The client and the server of every rule, as one writes them: once for the old header, and with NEW for the new one. What NEW
 * does not change compiles against both. With PROVE_x instead of PROVE_ALL only the part of rule x is compiled: so a test sees
 * whether old source compiles against the new header.
 *
 * Each client sends what its version would, each servant says what it got and answers what its version would. Here are those of
 * declarations, interfaces and operations; sides_values.c has those of types. */
#include "tests/codegen/evolve/sides.h"

#ifdef PROVE_ALL
const side_host *say;
#endif

/* ---- declarations ---- */

#if PROVE_ALL || PROVE_type_added
SWAP_LONG(type_added)
#endif

#if PROVE_ALL || PROVE_type_removed
#ifndef NEW
static const type_removed_Extra type_removed_extra = { .a = 1 };
SWAP_PLAIN(type_removed, int32_t, type_removed_extra.a, "%d", (int)value)
#else
SWAP_LONG(type_removed)
#endif
#endif

#if PROVE_ALL || PROVE_constant_added
SWAP_LONG(constant_added)
#endif

#if PROVE_ALL || PROVE_constant_removed
SWAP_PLAIN(constant_removed, int32_t, OLD_OR_NEW(constant_removed_EXTRA, 2), "%d", (int)value)
#endif

#if PROVE_ALL || PROVE_constant_changed
_Static_assert(constant_changed_EXTRA == OLD_OR_NEW(1, 2), "what it was when this was written");
SWAP_LONG(constant_changed)
#endif

#if PROVE_ALL || PROVE_interface_added
SWAP_LONG(interface_added)
#endif

#if PROVE_ALL || PROVE_interface_removed
#ifndef NEW
#define interface_removed_I interface_removed_Extra
#define interface_removed_I_swap interface_removed_Extra_swap
#define interface_removed_I_servant interface_removed_Extra_servant
#define interface_removed_I_new interface_removed_Extra_new
#define interface_removed_I_from_uri interface_removed_Extra_from_uri
#define interface_removed_I_unref interface_removed_Extra_unref
#define interface_removed_I_as_object interface_removed_Extra_as_object
SWAP_PLAIN(interface_removed, int32_t, 1, "%d", (int)value)
#else
SWAP_LONG(interface_removed)
#endif
#endif

/* ---- operations ---- */

#if PROVE_ALL || PROVE_operation_added || PROVE_operation_removed || PROVE_base_added || PROVE_base_removed
/* long extra(), which one side has, besides swap. */
#define EXTRA(rule, extra_function)                                                                                              \
    static corbel_status rule##_extra(void *self, corbel_request *request, int32_t *ret)                                         \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("extra");                                                                                                   \
        *ret = 7;                                                                                                                \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static corbel_status rule##_swap(void *self, corbel_request *request, int32_t value, int32_t *ret)                           \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("%d", (int)value);                                                                                          \
        *ret = OLD_OR_NEW(1, 2);                                                                                                 \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .extra = rule##_extra, .swap = rule##_swap };                               \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        int32_t ret = 0;                                                                                                         \
        corbel_status status = rule##_I_swap(server, OLD_OR_NEW(1, 2), &ret, reterr);                                            \
        if (status == CORBEL_OK) {                                                                                               \
            say->client("%d", (int)ret);                                                                                         \
            status = extra_function(server, &ret, reterr);                                                                       \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_operation_added
#ifdef NEW
EXTRA(operation_added, operation_added_I_extra)
#else
SWAP_LONG(operation_added)
#endif
#endif

#if PROVE_ALL || PROVE_operation_removed
#ifdef NEW
SWAP_LONG(operation_removed)
#else
EXTRA(operation_removed, operation_removed_I_extra)
#endif
#endif

#if PROVE_ALL || PROVE_operation_moved
SWAP_LONG(operation_moved)
#endif

#if PROVE_ALL || PROVE_base_added
#ifdef NEW
EXTRA(base_added, base_added_I_extra)
#else
SWAP_LONG(base_added)
#endif
#endif

#if PROVE_ALL || PROVE_base_removed
#ifdef NEW
SWAP_LONG(base_removed)
#else
EXTRA(base_removed, base_removed_I_extra)
#endif
#endif

#if PROVE_ALL || PROVE_attribute_added || PROVE_attribute_removed
/* The same of an attribute. */
#define EXTRA_ATTRIBUTE(rule)                                                                                                    \
    static corbel_status rule##_extra(void *self, corbel_request *request, int32_t *ret)                                         \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("extra");                                                                                                   \
        *ret = 7;                                                                                                                \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static corbel_status rule##_swap(void *self, corbel_request *request, int32_t value, int32_t *ret)                           \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("%d", (int)value);                                                                                          \
        *ret = OLD_OR_NEW(1, 2);                                                                                                 \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .get_extra = rule##_extra, .swap = rule##_swap };                           \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        int32_t ret = 0;                                                                                                         \
        corbel_status status = rule##_I_swap(server, OLD_OR_NEW(1, 2), &ret, reterr);                                            \
        if (status == CORBEL_OK) {                                                                                               \
            say->client("%d", (int)ret);                                                                                         \
            status = rule##_I_get_extra(server, &ret, reterr);                                                                   \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_attribute_added
#ifdef NEW
EXTRA_ATTRIBUTE(attribute_added)
#else
SWAP_LONG(attribute_added)
#endif
#endif

#if PROVE_ALL || PROVE_attribute_removed
#ifdef NEW
SWAP_LONG(attribute_removed)
#else
EXTRA_ATTRIBUTE(attribute_removed)
#endif
#endif

#if PROVE_ALL || PROVE_readonly_added || PROVE_readonly_removed
/* Reads an attribute; write: and writes it. */
#define GETTER(rule)                                                                                                             \
    static corbel_status rule##_get(void *self, corbel_request *request, int32_t *ret)                                           \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        *ret = OLD_OR_NEW(1, 2);                                                                                                 \
        return CORBEL_OK;                                                                                                        \
    }
#define READS(rule)                                                                                                              \
    GETTER(rule)                                                                                                                 \
    static const rule##_I_servant rule##_servant = { .get_value = rule##_get };                                                  \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        int32_t ret = 0;                                                                                                         \
        const corbel_status status = rule##_I_get_value(server, &ret, reterr);                                                   \
        say->client("%d", (int)ret);                                                                                             \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#define READS_AND_WRITES(rule)                                                                                                   \
    GETTER(rule)                                                                                                                 \
    static corbel_status rule##_set(void *self, corbel_request *request, int32_t value)                                          \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("%d", (int)value);                                                                                          \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .get_value = rule##_get, .set_value = rule##_set };                         \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        int32_t ret = 0;                                                                                                         \
        const corbel_status status = rule##_I_get_value(server, &ret, reterr);                                                   \
        say->client("%d", (int)ret);                                                                                             \
        return status != CORBEL_OK ? status : rule##_I_set_value(server, 5, reterr);                                             \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_readonly_added
#ifdef NEW
READS(readonly_added)
#else
READS_AND_WRITES(readonly_added)
#endif
#endif

#if PROVE_ALL || PROVE_readonly_removed
#ifdef NEW
READS_AND_WRITES(readonly_removed)
#else
READS(readonly_removed)
#endif
#endif

#if PROVE_ALL || PROVE_oneway_added || PROVE_oneway_removed
/* A servant that fails: only who waits learns of it. */
#define TELL(rule)                                                                                                               \
    static corbel_status rule##_tell(void *self, corbel_request *request, int32_t value)                                         \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        const corbel_status status = corbel_request_fail(request, CORBEL_LIMIT, "it does not like %d", (int)value);              \
        say->servant("%d", (int)value);                                                                                          \
        return status;                                                                                                           \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .tell = rule##_tell };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        return rule##_I_tell(server, OLD_OR_NEW(1, 2), reterr);                                                                  \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_oneway_added
TELL(oneway_added)
#endif

#if PROVE_ALL || PROVE_oneway_removed
TELL(oneway_removed)
#endif

#if PROVE_ALL || PROVE_stream_added || PROVE_stream_removed
/* Two numbers in one piece, and the same as a stream. */
#define IN_ONE_PIECE(rule)                                                                                                       \
    static corbel_status rule##_swap(void *self, corbel_request *request, int32_t value, corbel_int32_seq *ret)                  \
    {                                                                                                                            \
        static const int32_t numbers[] = { 8, 9 };                                                                               \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("%d", (int)value);                                                                                          \
        *ret = (corbel_int32_seq)CORBEL_SEQ(numbers);                                                                            \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        corbel_int32_seq ret = { 0, NULL };                                                                                      \
        const corbel_status status = rule##_I_swap(server, OLD_OR_NEW(1, 2), &ret, reterr);                                      \
        if (status == CORBEL_OK) {                                                                                               \
            say->client("%zu numbers", ret.len);                                                                                 \
        }                                                                                                                        \
        corbel_int32_seq_clear(&ret);                                                                                            \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#define AS_A_STREAM(rule)                                                                                                        \
    static corbel_status rule##_swap(void *self, corbel_request *request, int32_t value, corbel_int32_stream *ret)               \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        const bool sent = corbel_int32_stream_put(ret, 8) && corbel_int32_stream_put(ret, 9);                                    \
        say->servant("%d, %s", (int)value, sent ? "sent" : "not sent");                                                          \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        corbel_int32_stream *stream = NULL;                                                                                      \
        int32_t item = 0;                                                                                                        \
        int n = 0;                                                                                                               \
        corbel_call *call = rule##_I_swap_begin(server, OLD_OR_NEW(1, 2), &stream);                                              \
        while (corbel_int32_stream_next(stream, &item)) {                                                                        \
            n++;                                                                                                                 \
        }                                                                                                                        \
        const corbel_status status = rule##_I_swap_finish(call, reterr);                                                         \
        if (status == CORBEL_OK) {                                                                                               \
            say->client("%d numbers", n);                                                                                        \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_stream_added
#ifdef NEW
AS_A_STREAM(stream_added)
#else
IN_ONE_PIECE(stream_added)
#endif
#endif

#if PROVE_ALL || PROVE_stream_removed
#ifdef NEW
IN_ONE_PIECE(stream_removed)
#else
AS_A_STREAM(stream_removed)
#endif
#endif

#if PROVE_ALL || PROVE_idempotent_added
SWAP_LONG(idempotent_added)
#endif

#if PROVE_ALL || PROVE_idempotent_removed
SWAP_LONG(idempotent_removed)
#endif

#if PROVE_ALL || PROVE_once_added
SWAP_LONG(once_added)
#endif

#if PROVE_ALL || PROVE_once_removed
SWAP_LONG(once_removed)
#endif

#if PROVE_ALL || PROVE_overlap_added
SWAP_LONG(overlap_added)
#endif

#if PROVE_ALL || PROVE_overlap_removed
SWAP_LONG(overlap_removed)
#endif

#if PROVE_ALL || PROVE_deadline_changed
SWAP_LONG(deadline_changed)
#endif

#if PROVE_ALL || PROVE_serial_added
SWAP_LONG(serial_added)
#endif

#if PROVE_ALL || PROVE_serial_removed
SWAP_LONG(serial_removed)
#endif

#if PROVE_ALL || PROVE_strict_added
SWAP_LONG(strict_added)
#endif

#if PROVE_ALL || PROVE_strict_removed
SWAP_LONG(strict_removed)
#endif

#if PROVE_ALL || PROVE_raises_added || PROVE_raises_removed
/* The server raises what only its version declares. */
#define RAISES(rule, Raised)                                                                                                     \
    static corbel_status rule##_swap(void *self, corbel_request *request, int32_t value, int32_t *ret)                           \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)ret;                                                                                                               \
        say->servant("%d", (int)value);                                                                                          \
        return rule##_##Raised##_raise(request, &(rule##_##Raised) { .a = 4 });                                                  \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        int32_t ret = 0;                                                                                                         \
        const corbel_status status = rule##_I_swap(server, OLD_OR_NEW(1, 2), &ret, reterr);                                      \
        const rule##_One *one = rule##_One_of(reterr);                                                                           \
        const rule##_Other *other = rule##_Other_of(reterr);                                                                     \
        say->client("one %d other %d", one == NULL ? 0 : (int)one->a, other == NULL ? 0 : (int)other->a);                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_raises_added
#ifdef NEW
RAISES(raises_added, Other)
#else
RAISES(raises_added, One)
#endif
#endif

#if PROVE_ALL || PROVE_raises_removed
#ifdef NEW
RAISES(raises_removed, Other)
#else
RAISES(raises_removed, One)
#endif
#endif

#if PROVE_ALL || PROVE_local_changed
static corbel_status local_changed_swap(void *self, corbel_request *request, local_changed_Far *value)
{
    (void)self;
    (void)request;
    say->servant(value == NULL ? "nil" : "an object");
    return CORBEL_OK;
}
static const local_changed_I_servant local_changed_servant = { .swap = local_changed_swap };
static corbel_status local_changed_f(void *self, corbel_request *request)
{
    (void)self;
    (void)request;
    return CORBEL_OK;
}
/* The client passes an object of its own. */
static corbel_object *local_changed_make(corbel_runtime *runtime)
{
    return local_changed_I_as_object(local_changed_I_new(runtime, &local_changed_servant, NULL, NULL));
}
static corbel_status local_changed_call(corbel_runtime *runtime, const char *uri, corbel_error *reterr)
{
    static const local_changed_Far_servant servant = { .f = local_changed_f };
    local_changed_I *server = NULL;
    corbel_status status = local_changed_I_from_uri(runtime, uri, &server, reterr);
    if (status == CORBEL_OK) {
        local_changed_Far *const mine = local_changed_Far_new(runtime, &servant, NULL, NULL);
        status = local_changed_I_swap(server, mine, reterr);
        if (status == CORBEL_OK) {
            say->client("done");
        }
        local_changed_Far_unref(mine);
        local_changed_I_unref(server);
    }
    return status;
}
const side_row local_changed_row = { "local_changed", local_changed_make, local_changed_call };
#endif

/* ---- parameters ---- */

#if PROVE_ALL || PROVE_parameter_added || PROVE_parameter_removed || PROVE_parameter_inserted || PROVE_parameter_renumbered
/* The longs of a call: LIST(first, second) in the order of the version, one of them told. */
#define TWO_LONGS(rule, first, second)                                                                                           \
    static corbel_status rule##_swap(void *self, corbel_request *request, int32_t first, int32_t second, int32_t *ret)           \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("value %d more %d", (int)value, (int)more);                                                                 \
        *ret = OLD_OR_NEW(1, 2);                                                                                                 \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        const int32_t value = OLD_OR_NEW(1, 2), more = 3;                                                                        \
        int32_t ret = 0;                                                                                                         \
        const corbel_status status = rule##_I_swap(server, first, second, &ret, reterr);                                         \
        say->client("%d", (int)ret);                                                                                             \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)
#endif

#if PROVE_ALL || PROVE_parameter_added
#ifdef NEW
static corbel_status parameter_added_swap(void *self, corbel_request *request, int32_t value, int32_t more, int32_t *ret_added,
                                          int32_t *ret)
{
    (void)self;
    (void)request;
    say->servant("value %d more %d", (int)value, (int)more);
    *ret_added = 5;
    *ret = 2;
    return CORBEL_OK;
}
static const parameter_added_I_servant parameter_added_servant = { .swap = parameter_added_swap };
static corbel_status parameter_added_use(parameter_added_I *server, corbel_error *reterr)
{
    int32_t ret = 0, added = 0;
    const corbel_status status = parameter_added_I_swap(server, 2, 3, &added, &ret, reterr);
    say->client("%d added %d", (int)ret, (int)added);
    return status;
}
ROW_FUNCTIONS(parameter_added, parameter_added_I)
#else
SWAP_LONG(parameter_added)
#endif
#endif

#if PROVE_ALL || PROVE_parameter_inserted
#ifdef NEW
TWO_LONGS(parameter_inserted, more, value)
#else
SWAP_LONG(parameter_inserted)
#endif
#endif

#if PROVE_ALL || PROVE_parameter_removed
#ifdef NEW
SWAP_LONG(parameter_removed)
#else
TWO_LONGS(parameter_removed, value, more)
#endif
#endif

#if PROVE_ALL || PROVE_parameter_removed_before_others
#ifdef NEW
static corbel_status parameter_removed_before_others_swap(void *self, corbel_request *request, int32_t value, int32_t *ret_other)
{
    (void)self;
    (void)request;
    say->servant("%d", (int)value);
    *ret_other = 2;
    return CORBEL_OK;
}
#else
static corbel_status parameter_removed_before_others_swap(void *self, corbel_request *request, int32_t value, int32_t *ret_other,
                                                          int32_t *ret)
{
    (void)self;
    (void)request;
    say->servant("%d", (int)value);
    *ret_other = 1;
    *ret = 3;
    return CORBEL_OK;
}
#endif
static const parameter_removed_before_others_I_servant parameter_removed_before_others_servant = {
    .swap = parameter_removed_before_others_swap
};
static corbel_status parameter_removed_before_others_use(parameter_removed_before_others_I *server, corbel_error *reterr)
{
    int32_t other = 0;
#ifdef NEW
    const corbel_status status = parameter_removed_before_others_I_swap(server, 2, &other, reterr);
#else
    int32_t ret = 0;
    const corbel_status status = parameter_removed_before_others_I_swap(server, 1, &other, &ret, reterr);
#endif
    say->client("other %d", (int)other);
    return status;
}
ROW_FUNCTIONS(parameter_removed_before_others, parameter_removed_before_others_I)
#endif

#if PROVE_ALL || PROVE_parameter_renumbered
TWO_LONGS(parameter_renumbered, OLD_OR_NEW(value, more), OLD_OR_NEW(more, value))
#endif

#if PROVE_ALL || PROVE_parameter_renamed
SWAP_LONG(parameter_renamed)
#endif

#if PROVE_ALL || PROVE_parameter_replaced
static corbel_status parameter_replaced_swap(void *self, corbel_request *request, OLD_OR_NEW(int32_t, const char *) value,
                                             int32_t *ret)
{
    (void)self;
    (void)request;
    say->servant(OLD_OR_NEW("%d", "%s"), value);
    *ret = OLD_OR_NEW(1, 2);
    return CORBEL_OK;
}
static const parameter_replaced_I_servant parameter_replaced_servant = { .swap = parameter_replaced_swap };
static corbel_status parameter_replaced_use(parameter_replaced_I *server, corbel_error *reterr)
{
    int32_t ret = 0;
    return parameter_replaced_I_swap(server, OLD_OR_NEW(1, "two"), &ret, reterr);
}
ROW_FUNCTIONS(parameter_replaced, parameter_replaced_I)
#endif

#if PROVE_ALL || PROVE_parameters_reordered
#ifdef NEW
static corbel_status parameters_reordered_swap(void *self, corbel_request *request, const char *words, int32_t value)
#else
static corbel_status parameters_reordered_swap(void *self, corbel_request *request, int32_t value, const char *words)
#endif
{
    (void)self;
    (void)request;
    say->servant("%d%s", (int)value, words);
    return CORBEL_OK;
}
static const parameters_reordered_I_servant parameters_reordered_servant = { .swap = parameters_reordered_swap };
static corbel_status parameters_reordered_use(parameters_reordered_I *server, corbel_error *reterr)
{
#ifdef NEW
    return parameters_reordered_I_swap(server, "b", 2, reterr);
#else
    return parameters_reordered_I_swap(server, 1, "a", reterr);
#endif
}
ROW_FUNCTIONS(parameters_reordered, parameters_reordered_I)
#endif

#if PROVE_ALL || PROVE_direction_changed
static corbel_status direction_changed_swap(void *self, corbel_request *request, OLD_OR_NEW(int32_t, int32_t *) value)
{
    (void)self;
    (void)request;
#ifdef NEW
    say->servant("asked");
    *value = 2;
#else
    say->servant("%d", (int)value);
#endif
    return CORBEL_OK;
}
static const direction_changed_I_servant direction_changed_servant = { .swap = direction_changed_swap };
static corbel_status direction_changed_use(direction_changed_I *server, corbel_error *reterr)
{
#ifdef NEW
    int32_t value = 0;
    const corbel_status status = direction_changed_I_swap(server, &value, reterr);
    say->client("%d", (int)value);
    return status;
#else
    say->client("told");
    return direction_changed_I_swap(server, 1, reterr);
#endif
}
ROW_FUNCTIONS(direction_changed, direction_changed_I)
#endif

/* ---- names and what only documents ---- */

#if PROVE_ALL || PROVE_c_name_changed
#ifdef NEW
SWAP_AS(exchange, c_name_changed, int32_t, 2, "%d", (int)value)
#else
SWAP_LONG(c_name_changed)
#endif
#endif

#if PROVE_ALL || PROVE_annotation_changed
static const annotation_changed_S annotation_changed_sample = { .x = OLD_OR_NEW(1, 2) };
SWAP_STRUCT(annotation_changed, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_repository_id_changed
SWAP_LONG(repository_id_changed)
#endif

#ifdef PROVE_ALL
const side_row *evolve_side(const side_host *host)
{
#define COUNT(rule, ...) 0,
    static const side_row end = { 0 };
    static side_row rows[sizeof((const char[]) { EVOLVE_PROOFS(COUNT) }) + 1];
    size_t n = 0;
    say = host;
#define PUT(rule, ...) rows[n++] = rule##_row;
    EVOLVE_PROOFS(PUT)
    rows[n] = end;
    return rows;
}
#endif
