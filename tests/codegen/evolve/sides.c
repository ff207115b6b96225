/* The client and the server of every rule, as one writes them: once for the old header, and with NEW for the new one. What NEW
 * does not change compiles against both. With PROVE_x instead of PROVE_ALL only the part of rule x is compiled: so a test sees
 * whether old source compiles against the new header.
 *
 * Each client sends what its version would, each servant says what it got and answers what its version would. */
#include "proofs.corbel.h"
#include "tests/codegen/evolve/proofs.h"
#include "tests/codegen/evolve/side.h"

#include <string.h>

#ifdef NEW
#define OLD_OR_NEW(old, new) new
#else
#define OLD_OR_NEW(old, new) old
#endif

#ifdef PROVE_ALL
static const side_host *say;
#else
extern const side_host *say;
#endif

/* ---- what the parts have in common ---- */

/* The object, and the client's way to it: rule_use(reference, &error). */
#define ROW_FUNCTIONS(rule, I)                                                                                                   \
    static corbel_object *rule##_make(corbel_runtime *runtime)                                                                   \
    {                                                                                                                            \
        return I##_as_object(I##_new(runtime, &rule##_servant, NULL, NULL));                                                     \
    }                                                                                                                            \
    static corbel_status rule##_call(corbel_runtime *runtime, const char *uri, corbel_error *reterr)                             \
    {                                                                                                                            \
        I *server = NULL;                                                                                                        \
        corbel_status status = I##_from_uri(runtime, uri, &server, reterr);                                                      \
        if (status == CORBEL_OK) {                                                                                               \
            status = rule##_use(server, reterr);                                                                                 \
            I##_unref(server);                                                                                                   \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    extern const side_row rule##_row;                                                                                            \
    const side_row rule##_row = { #rule, rule##_make, rule##_call };

/* T swap(in T value), T a value in C. */
#define SWAP_PLAIN(rule, T, sample, ...)                                                                                         \
    static void rule##_tell(void (*tell)(const char *, ...), T value)                                                            \
    {                                                                                                                            \
        tell(__VA_ARGS__);                                                                                                       \
    }                                                                                                                            \
    static corbel_status rule##_swap(void *self, corbel_request *request, T value, T *ret)                                       \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        rule##_tell(say->servant, value);                                                                                        \
        *ret = sample;                                                                                                           \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        T ret = sample;                                                                                                          \
        const corbel_status status = rule##_I_swap(server, sample, &ret, reterr);                                                \
        if (status == CORBEL_OK) {                                                                                               \
            rule##_tell(say->client, ret);                                                                                       \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)

/* The same of a long, for rules that are not about it. */
#define SWAP_LONG(rule) SWAP_PLAIN(rule, int32_t, OLD_OR_NEW(1, 2), "%d", (int)value)

/* T swap(in T value), T a string. */
#define SWAP_STRING(rule, sample)                                                                                                \
    static corbel_status rule##_swap(void *self, corbel_request *request, const char *value, const char **ret)                   \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        say->servant("%s", value);                                                                                               \
        *ret = sample;                                                                                                           \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        char *ret = NULL;                                                                                                        \
        const corbel_status status = rule##_I_swap(server, sample, &ret, reterr);                                                \
        if (status == CORBEL_OK) {                                                                                               \
            say->client("%s", ret);                                                                                              \
            corbel_string_free(ret);                                                                                             \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)

/* S swap(in S value), S a struct with pointers or one that may grow; sample is rule_sample. */
#define SWAP_STRUCT(rule, ...)                                                                                                   \
    static void rule##_tell(void (*tell)(const char *, ...), const rule##_S *value)                                              \
    {                                                                                                                            \
        tell(__VA_ARGS__);                                                                                                       \
    }                                                                                                                            \
    static corbel_status rule##_swap(void *self, corbel_request *request, const rule##_S *value, rule##_S *ret)                  \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        rule##_tell(say->servant, value);                                                                                        \
        *ret = rule##_sample;                                                                                                    \
        return CORBEL_OK;                                                                                                        \
    }                                                                                                                            \
    static const rule##_I_servant rule##_servant = { .swap = rule##_swap };                                                      \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        rule##_S *ret = NULL;                                                                                                    \
        const corbel_status status = rule##_I_swap(server, &rule##_sample, &ret, reterr);                                        \
        if (status == CORBEL_OK) {                                                                                               \
            rule##_tell(say->client, ret);                                                                                       \
            rule##_S_free(ret);                                                                                                  \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)

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

#if PROVE_ALL || PROVE_type_changed
static const type_changed_S type_changed_sample = { .before = 9, .x = OLD_OR_NEW(1, "one") };
SWAP_STRUCT(type_changed, OLD_OR_NEW("%d", "%s"), value->x)
#endif

#if PROVE_ALL || PROVE_type_renamed
static const OLD_OR_NEW(type_renamed_One, type_renamed_Other) type_renamed_part = { .a = OLD_OR_NEW(1, 2), .b = "b" };
static type_renamed_S type_renamed_make_sample(OLD_OR_NEW(type_renamed_One, type_renamed_Other) x)
{
    return (type_renamed_S) { .x = x };
}
#define type_renamed_sample (*&(type_renamed_S) { .x = type_renamed_make_sample(type_renamed_part).x })
SWAP_STRUCT(type_renamed, "%d%s", (int)value->x.a, value->x.b)
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

/* ---- types ---- */

#if PROVE_ALL || PROVE_bound_raised
SWAP_STRING(bound_raised, OLD_OR_NEW("abc", "abcd"))
#endif

#if PROVE_ALL || PROVE_bound_lowered
SWAP_STRING(bound_lowered, OLD_OR_NEW("abcd", "abc"))
#endif

/* ---- members ---- */

#if PROVE_ALL || PROVE_member_added
#ifdef NEW
static const member_added_S member_added_sample = { .x = 2, .y = 3 };
SWAP_STRUCT(member_added, "x %d y %d", (int)value->x, (int)value->y)
#else
static const member_added_S member_added_sample = { .x = 1 };
SWAP_STRUCT(member_added, "x %d", (int)value->x)
#endif
#endif

#if PROVE_ALL || PROVE_member_inserted
#ifdef NEW
static const member_inserted_S member_inserted_sample = { .x = 2, .y = 3 };
SWAP_STRUCT(member_inserted, "x %d y %d", (int)value->x, (int)value->y)
#else
static const member_inserted_S member_inserted_sample = { .x = 1 };
SWAP_STRUCT(member_inserted, "x %d", (int)value->x)
#endif
#endif

#if PROVE_ALL || PROVE_member_removed
#ifdef NEW
static const member_removed_S member_removed_sample = { .x = 2 };
SWAP_STRUCT(member_removed, "x %d", (int)value->x)
#else
static const member_removed_S member_removed_sample = { .x = 1, .y = 3 };
SWAP_STRUCT(member_removed, "x %d y %d", (int)value->x, (int)value->y)
#endif
#endif

#if PROVE_ALL || PROVE_member_removed_before_others
#ifdef NEW
static const member_removed_before_others_S member_removed_before_others_sample = { .x = 2 };
SWAP_STRUCT(member_removed_before_others, "x %d", (int)value->x)
#else
static const member_removed_before_others_S member_removed_before_others_sample = { .x = 1, .y = 3 };
SWAP_STRUCT(member_removed_before_others, "x %d y %d", (int)value->x, (int)value->y)
#endif
#endif

#if PROVE_ALL || PROVE_member_renumbered
static const member_renumbered_S member_renumbered_sample = { .x = 1, .y = 3 };
SWAP_STRUCT(member_renumbered, "x %d y %d", (int)value->x, (int)value->y)
#endif

#if PROVE_ALL || PROVE_member_renamed
static const member_renamed_S member_renamed_sample = { .OLD_OR_NEW(x, y) = OLD_OR_NEW(1, 2) };
SWAP_STRUCT(member_renamed, "%d", (int)value->OLD_OR_NEW(x, y))
#endif

#if PROVE_ALL || PROVE_member_replaced
static const member_replaced_S member_replaced_sample = { .before = 9, .OLD_OR_NEW(x, y) = OLD_OR_NEW(1, "two") };
SWAP_STRUCT(member_replaced, OLD_OR_NEW("%d", "%s"), value->OLD_OR_NEW(x, y))
#endif

/* ---- enums ---- */

#if PROVE_ALL || PROVE_enumerator_added
static const char *enumerator_added_name(enumerator_added_T value)
{
    const char *name = enumerator_added_T_to_string(value);
    return name == NULL ? "no name" : name;
}
SWAP_PLAIN(enumerator_added, enumerator_added_T, OLD_OR_NEW(enumerator_added_B, enumerator_added_C), "%d %s", (int)value,
           enumerator_added_name(value))
#endif

#if PROVE_ALL || PROVE_enumerator_removed
static const char *enumerator_removed_name(enumerator_removed_T value)
{
    const char *name = enumerator_removed_T_to_string(value);
    return name == NULL ? "no name" : name;
}
SWAP_PLAIN(enumerator_removed, enumerator_removed_T, OLD_OR_NEW(enumerator_removed_C, enumerator_removed_B), "%d %s", (int)value,
           enumerator_removed_name(value))
#endif

#if PROVE_ALL || PROVE_enumerator_renamed
SWAP_PLAIN(enumerator_renamed, enumerator_renamed_T, OLD_OR_NEW(enumerator_renamed_B, enumerator_renamed_C), "%s",
           enumerator_renamed_T_to_string(value))
#endif

#if PROVE_ALL || PROVE_enumerator_renumbered
SWAP_PLAIN(enumerator_renumbered, enumerator_renumbered_T, enumerator_renumbered_B, "%s",
           enumerator_renumbered_T_to_string(value))
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

#if PROVE_ALL || PROVE_idempotent_added
SWAP_LONG(idempotent_added)
#endif

#if PROVE_ALL || PROVE_idempotent_removed
SWAP_LONG(idempotent_removed)
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

/* ---- what only documents ---- */

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
