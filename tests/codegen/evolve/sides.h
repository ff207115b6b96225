/** What the sides of all rules have in common (sides.c, sides_values.c). */
#ifndef TESTS_CODEGEN_EVOLVE_SIDES_H
#define TESTS_CODEGEN_EVOLVE_SIDES_H

#include "proofs.corbel.h"
#include "tests/codegen/evolve/proofs.h"
#include "tests/codegen/evolve/side.h"

#ifdef NEW
#define OLD_OR_NEW(old, new) new
#else
#define OLD_OR_NEW(old, new) old
#endif

/** Where to say what was seen. Each side has its own. */
extern __attribute__((visibility("hidden"))) const side_host *say;

#define SIDE_ROW(rule, ...) extern __attribute__((visibility("hidden"))) const side_row rule##_row;
EVOLVE_PROOFS(SIDE_ROW)
#undef SIDE_ROW

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
    const side_row rule##_row = { #rule, rule##_make, rule##_call };

/* T operation(in T value), T a value in C. */
#define SWAP_AS(operation, rule, T, sample, ...)                                                                                 \
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
    static const rule##_I_servant rule##_servant = { .operation = rule##_swap };                                                 \
    static corbel_status rule##_use(rule##_I *server, corbel_error *reterr)                                                      \
    {                                                                                                                            \
        T ret = sample;                                                                                                          \
        const corbel_status status = rule##_I_##operation(server, sample, &ret, reterr);                                         \
        if (status == CORBEL_OK) {                                                                                               \
            rule##_tell(say->client, ret);                                                                                       \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)

/* T swap(in T value), T a value in C. */
#define SWAP_PLAIN(rule, T, sample, ...) SWAP_AS(swap, rule, T, sample, __VA_ARGS__)

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

/* T swap(in T value), T a struct with pointers, one that may grow, or a union; sample is rule_sample. */
#define SWAP_BLOCK(rule, T, ...)                                                                                                 \
    static void rule##_tell(void (*tell)(const char *, ...), const T *value)                                                     \
    {                                                                                                                            \
        tell(__VA_ARGS__);                                                                                                       \
    }                                                                                                                            \
    static corbel_status rule##_swap(void *self, corbel_request *request, const T *value, T *ret)                                \
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
        T *ret = NULL;                                                                                                           \
        const corbel_status status = rule##_I_swap(server, &rule##_sample, &ret, reterr);                                        \
        if (status == CORBEL_OK) {                                                                                               \
            rule##_tell(say->client, ret);                                                                                       \
            T##_free(ret);                                                                                                       \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)

#define SWAP_STRUCT(rule, ...) SWAP_BLOCK(rule, rule##_S, __VA_ARGS__)
#define SWAP_UNION(rule, ...) SWAP_BLOCK(rule, rule##_U, __VA_ARGS__)

/* The same of a final struct of numbers, which is handed out by value. */
#define SWAP_BY_VALUE(rule, T, ...)                                                                                              \
    static void rule##_tell(void (*tell)(const char *, ...), const T *value)                                                     \
    {                                                                                                                            \
        tell(__VA_ARGS__);                                                                                                       \
    }                                                                                                                            \
    static corbel_status rule##_swap(void *self, corbel_request *request, const T *value, T *ret)                                \
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
        T ret = { 0 };                                                                                                           \
        const corbel_status status = rule##_I_swap(server, &rule##_sample, &ret, reterr);                                        \
        if (status == CORBEL_OK) {                                                                                               \
            rule##_tell(say->client, &ret);                                                                                      \
        }                                                                                                                        \
        return status;                                                                                                           \
    }                                                                                                                            \
    ROW_FUNCTIONS(rule, rule##_I)

#endif /* TESTS_CODEGEN_EVOLVE_SIDES_H */
