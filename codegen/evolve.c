/* One run of --check: collects what both versions declare, pairs it by name, and lists what changed, in the order of the old
 * version, then what is new. Each change is reported once, where its cause is: a member whose type has changed inside is none. */
#include "codegen/evolve_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const evolve_rule evolve_rules[EVOLVE_N_RULES] = {
#define EVOLVE_ROW(id, name, class, test, explanation) { name, EVOLVE_##class, explanation, #test },
    EVOLVE_RULES(EVOLVE_ROW)
#undef EVOLVE_ROW
};

typedef struct evolve_memory {
    idl_arena arena;
    evolve_run run;
    jmp_buf stop;
} evolve_memory;

const char *evolve_class_name(evolve_class class)
{
    return class == EVOLVE_WIRE ? "wire-breaking" : class == EVOLVE_SOURCE ? "source-breaking" : "compatible";
}

static void *grow(idl_arena *arena, void *items, size_t length, size_t *capacity, size_t size)
{
    if (length < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 64 : 2 * *capacity;
    void *more = idl_arena_alloc(arena, *capacity * size);
    if (length > 0) {
        memcpy(more, items, length * size);
    }
    return more;
}

void evolve_report(evolve_run *run, evolve_rule_id rule, const idl_range *range, const char *format, ...)
{
    for (size_t i = run->n_changes; i > 0 && i + 16 > run->n_changes; i--) { /* an inout stands in two lists */
        const evolve_change *change = &run->changes[i - 1];
        if (change->rule == rule && change->range.file == range->file && change->range.line == range->line &&
            change->range.column == range->column) {
            return;
        }
    }
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    run->changes = grow(run->arena, run->changes, run->n_changes, &run->capacity, sizeof *run->changes);
    run->changes[run->n_changes++] =
        (evolve_change) { .rule = rule, .range = *range, .text = idl_arena_text(run->arena, text, strlen(text)) };
}

/* ---- what a version declares ---- */

static void collect(evolve_run *run, evolve_side *side, const idl_decl *first)
{
    for (const idl_decl *decl = first; decl != NULL; decl = decl->next) {
        switch (decl->kind) {
        case IDL_MODULE:
            collect(run, side, decl->children);
            break;
        case IDL_CONST:
        case IDL_TYPEDEF:
        case IDL_ENUM:
        case IDL_STRUCT:
        case IDL_EXCEPTION:
        case IDL_INTERFACE:
        case IDL_UNION:
        case IDL_BITSET:
        case IDL_BITMASK:
        case IDL_NATIVE:
            side->items = grow(run->arena, side->items, side->length, &side->capacity, sizeof *side->items);
            side->items[side->length++] = decl;
            idl_names_put(&side->by_name, run->arena, decl->scoped_name, strlen(decl->scoped_name), (void *)(uintptr_t)decl);
            if (decl->kind == IDL_INTERFACE) {
                collect(run, side, decl->children);
            }
            break;
        default:
            break;
        }
    }
}

const idl_decl *evolve_find(const evolve_side *side, const char *scoped_name)
{
    return idl_names_get(&side->by_name, scoped_name, strlen(scoped_name));
}

/* ---- pairs ---- */

static const char *kind_name(const idl_decl *decl)
{
    switch (decl->kind) {
    case IDL_CONST:
        return "constant";
    case IDL_TYPEDEF:
        return "typedef";
    case IDL_ENUM:
        return "enum";
    case IDL_STRUCT:
        return "struct";
    case IDL_EXCEPTION:
        return "exception";
    case IDL_INTERFACE:
        return "interface";
    case IDL_UNION:
        return "union";
    case IDL_BITSET:
        return "bitset";
    case IDL_BITMASK:
        return "bitmask";
    default:
        return "native type";
    }
}

static void report_removed(evolve_run *run, const idl_decl *decl)
{
    const evolve_rule_id rule = decl->kind == IDL_CONST       ? EVOLVE_RULE_CONSTANT_REMOVED
                                : decl->kind == IDL_INTERFACE ? EVOLVE_RULE_INTERFACE_REMOVED
                                                              : EVOLVE_RULE_TYPE_REMOVED;
    evolve_report(run, rule, &decl->range, "%s '%s' is gone", kind_name(decl), decl->scoped_name);
}

static void report_added(evolve_run *run, const idl_decl *decl)
{
    const evolve_rule_id rule = decl->kind == IDL_CONST       ? EVOLVE_RULE_CONSTANT_ADDED
                                : decl->kind == IDL_INTERFACE ? EVOLVE_RULE_INTERFACE_ADDED
                                                              : EVOLVE_RULE_TYPE_ADDED;
    evolve_report(run, rule, &decl->range, "%s '%s' is new", kind_name(decl), decl->scoped_name);
}

static void compare_constant(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    if (evolve_type_rule(run, old->type, new->type) != EVOLVE_NO_RULE) {
        evolve_report(run, EVOLVE_RULE_CONSTANT_CHANGED, &new->range, "constant '%s' has another type", new->scoped_name);
    } else if (!evolve_same_value(&old->value, &new->value)) {
        evolve_report(run, EVOLVE_RULE_CONSTANT_CHANGED, &new->range, "constant '%s' has another value", new->scoped_name);
    }
}

static void compare_typedef(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    const evolve_rule_id rule = evolve_value_rule(run, old, new);
    if (rule != EVOLVE_NO_RULE) {
        evolve_report(run, rule, &new->range, "typedef '%s' stands for another type", new->scoped_name);
    }
}

typedef struct named_rules {
    const char *what;
    evolve_rule_id added, removed, renamed, renumbered;
} named_rules;

static const named_rules enumerator_rules = { "enumerator", EVOLVE_RULE_ENUMERATOR_ADDED, EVOLVE_RULE_ENUMERATOR_REMOVED,
                                              EVOLVE_RULE_ENUMERATOR_RENAMED, EVOLVE_RULE_ENUMERATOR_RENUMBERED };
static const named_rules bit_rules = { "bit", EVOLVE_RULE_BIT_ADDED, EVOLVE_RULE_BIT_REMOVED, EVOLVE_RULE_BIT_RENAMED,
                                       EVOLVE_RULE_BIT_RENUMBERED };

static const char *number_key(idl_arena *arena, const idl_decl *decl)
{
    return emit_format(arena, "=%d %llu", decl->value.negative, (unsigned long long)decl->value.magnitude);
}

static idl_names names_and_numbers(evolve_run *run, const idl_decl *first)
{
    idl_names table = { 0 };
    for (const idl_decl *at = first; at != NULL; at = at->next) {
        const char *key = number_key(run->arena, at);
        idl_names_put(&table, run->arena, at->name, strlen(at->name), (void *)(uintptr_t)at);
        if (idl_names_get(&table, key, strlen(key)) == NULL) {
            idl_names_put(&table, run->arena, key, strlen(key), (void *)(uintptr_t)at);
        }
    }
    return table;
}

/* Enumerators and bits: names with numbers, of which the numbers travel. Numbers that were counted shift together: one report. */
static void compare_named(evolve_run *run, const idl_decl *old, const idl_decl *new, const named_rules *rules)
{
    const idl_names before = names_and_numbers(run, old->children), now = names_and_numbers(run, new->children);
    idl_names renamed = { 0 };
    bool is_shifted = false;
    for (const idl_decl *at = old->children; at != NULL; at = at->next) {
        const char *key = number_key(run->arena, at);
        const idl_decl *same = idl_names_get(&now, at->name, strlen(at->name));
        const idl_decl *successor = idl_names_get(&now, key, strlen(key));
        if (same != NULL) {
            evolve_annotations(run, at, same);
            if (strcmp(key, number_key(run->arena, same)) != 0 && !is_shifted) {
                is_shifted = true;
                evolve_report(run, rules->renumbered, &same->range, "%s '%s' of '%s' was %s%llu and is %s%llu", rules->what,
                              same->name, new->scoped_name, at->value.negative ? "-" : "",
                              (unsigned long long)at->value.magnitude, same->value.negative ? "-" : "",
                              (unsigned long long)same->value.magnitude);
            }
        } else if (successor != NULL && idl_names_get(&before, successor->name, strlen(successor->name)) == NULL) {
            idl_names_put(&renamed, run->arena, successor->name, strlen(successor->name), (void *)(uintptr_t)at);
            evolve_report(run, rules->renamed, &successor->range, "%s '%s' of '%s' is called '%s' now", rules->what, at->name,
                          new->scoped_name, successor->name);
        } else {
            evolve_report(run, rules->removed, &at->range, "%s '%s' of '%s' is gone", rules->what, at->name, old->scoped_name);
        }
    }
    for (const idl_decl *at = new->children; at != NULL; at = at->next) {
        const size_t length = strlen(at->name);
        if (idl_names_get(&before, at->name, length) == NULL && idl_names_get(&renamed, at->name, length) == NULL) {
            evolve_report(run, rules->added, &at->range, "%s '%s' of '%s' is new", rules->what, at->name, new->scoped_name);
        }
    }
}

static void compare_bitmask(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    compare_named(run, old, new, &bit_rules);
    if (old->bits != new->bits) {
        evolve_report(run, new->bits > old->bits ? EVOLVE_RULE_BOUND_RAISED : EVOLVE_RULE_BOUND_LOWERED, &new->range,
                      "bitmask '%s' had %u bits and has %u", new->scoped_name, old->bits, new->bits);
    }
}

static void compare_pair(evolve_run *run, const idl_decl *old, const idl_decl *new)
{
    evolve_annotations(run, old, new);
    switch (new->kind) {
    case IDL_CONST:
        compare_constant(run, old, new);
        break;
    case IDL_TYPEDEF:
        compare_typedef(run, old, new);
        break;
    case IDL_ENUM:
        compare_named(run, old, new, &enumerator_rules);
        break;
    case IDL_BITMASK:
        compare_bitmask(run, old, new);
        break;
    case IDL_STRUCT:
    case IDL_EXCEPTION:
        evolve_struct(run, old, new);
        break;
    case IDL_BITSET:
        evolve_bitset(run, old, new);
        break;
    case IDL_UNION:
        evolve_union(run, old, new);
        break;
    case IDL_INTERFACE:
        evolve_interface(run, old, new);
        break;
    default:
        break;
    }
}

static void compare_all(evolve_run *run)
{
    for (size_t i = 0; i < run->old.length; i++) {
        const idl_decl *old = run->old.items[i];
        const idl_decl *new = evolve_find(&run->new, old->scoped_name);
        if (new == NULL || new->kind != old->kind) {
            report_removed(run, old);
        } else {
            compare_pair(run, old, new);
        }
    }
    for (size_t i = 0; i < run->new.length; i++) {
        const idl_decl *new = run->new.items[i];
        const idl_decl *old = evolve_find(&run->old, new->scoped_name);
        if (old == NULL || old->kind != new->kind) {
            report_added(run, new);
        }
    }
}

/* ---- the run ---- */

/* false: idl_stop() came back. */
static bool run_guarded(evolve_memory *held, const idl_unit *old, const idl_unit *new)
{
    if (setjmp(held->stop) != 0) {
        return false;
    }
    collect(&held->run, &held->run.old, old->definitions);
    collect(&held->run, &held->run.new, new->definitions);
    compare_all(&held->run);
    return true;
}

evolve_result evolve_compare(const idl_unit *old, const idl_unit *new)
{
    evolve_result result = { .worst = EVOLVE_COMPATIBLE };
    evolve_memory *held = calloc(1, sizeof *held);
    if (held == NULL) {
        return result;
    }
    held->arena.stop = &held->stop;
    held->run.arena = &held->arena;
    result.memory = held;
    result.is_complete = run_guarded(held, old, new);
    result.changes = held->run.changes;
    result.length = held->run.n_changes;
    for (size_t i = 0; i < result.length; i++) {
        const evolve_class class = evolve_rules[result.changes[i].rule].class;
        result.worst = class > result.worst ? class : result.worst;
    }
    return result;
}

void evolve_result_free(evolve_result *result)
{
    evolve_memory *held = result->memory;
    if (held != NULL) {
        idl_arena_free(&held->arena);
        free(held);
    }
    *result = (evolve_result) { 0 };
}

/* A path may hold anything. */
static void print_path(const char *path, FILE *out)
{
    for (; *path != '\0'; path++) {
        const unsigned char byte = (unsigned char)*path;
        if (byte < 0x20 || byte == 0x7F) {
            fprintf(out, "\\x%02x", byte);
        } else {
            fputc(byte, out);
        }
    }
}

void evolve_print(const evolve_result *result, FILE *out)
{
    size_t count[EVOLVE_WIRE + 1] = { 0 };
    for (size_t i = 0; i < result->length; i++) {
        const evolve_change *change = &result->changes[i];
        const evolve_rule *rule = &evolve_rules[change->rule];
        count[rule->class]++;
        print_path(change->range.file->path, out);
        fprintf(out, ":%u:%u: %s: %s: %s [%s]\n", change->range.line, change->range.column, evolve_class_name(rule->class),
                change->text, rule->explanation, rule->name);
    }
    if (result->length == 0) {
        fputs("no changes\n", out);
    } else {
        fprintf(out, "%zu compatible, %zu source-breaking, %zu wire-breaking\n", count[EVOLVE_COMPATIBLE], count[EVOLVE_SOURCE],
                count[EVOLVE_WIRE]);
    }
}
