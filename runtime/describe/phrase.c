/** Types in words of IDL, for messages and for printing an interface again. */
#include "runtime/describe/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PHRASE_DEPTH = 32 };

typedef struct phrase {
    char *out;
    size_t max, len;
} phrase;

CORBEL_PRINTF(2, 3) static void phrase_add(phrase *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(p->out + p->len, p->max - p->len, format, arguments);
    va_end(arguments);
    if (n > 0) {
        p->len = p->len + (size_t)n < p->max ? p->len + (size_t)n : p->max - 1;
    }
}

static const char *phrase_word(const corbel_type *type)
{
    switch (type->kind) {
    case CORBEL_KIND_BOOL:
        return "boolean";
    case CORBEL_KIND_UINT8:
        return (type->flags & CORBEL_OCTET) != 0 ? "octet" : "uint8";
    case CORBEL_KIND_INT8:
        return "int8";
    case CORBEL_KIND_CHAR:
        return "char";
    case CORBEL_KIND_WCHAR:
        return "wchar";
    case CORBEL_KIND_INT16:
        return "short";
    case CORBEL_KIND_UINT16:
        return "unsigned short";
    case CORBEL_KIND_INT32:
        return "long";
    case CORBEL_KIND_UINT32:
        return "unsigned long";
    case CORBEL_KIND_INT64:
        return "long long";
    case CORBEL_KIND_UINT64:
        return "unsigned long long";
    case CORBEL_KIND_FLOAT:
        return "float";
    case CORBEL_KIND_DOUBLE:
        return "double";
    case CORBEL_KIND_LONG_DOUBLE:
        return "long double";
    case CORBEL_KIND_STRING:
        return (type->flags & CORBEL_WIDE) != 0 ? "wstring" : "string";
    case CORBEL_KIND_ENUM:
        return "enum";
    case CORBEL_KIND_BITMASK:
        return "bitmask";
    case CORBEL_KIND_STRUCT:
        return (type->flags & CORBEL_BITSET) != 0 ? "bitset" : "struct";
    case CORBEL_KIND_UNION:
        return "union";
    case CORBEL_KIND_ANY:
        return "any";
    case CORBEL_KIND_REFERENCE:
        return "Object";
    default:
        return "";
    }
}

static void phrase_type(phrase *p, const corbel_type *type, unsigned depth);

static void phrase_bound(phrase *p, uint32_t bound)
{
    if (bound > 0) {
        phrase_add(p, ", %u", (unsigned)bound);
    }
    phrase_add(p, ">");
}

/** Dimensions stand behind the declarator in IDL; in a phrase behind the type. */
static void phrase_array(phrase *p, const corbel_type *type, unsigned depth)
{
    phrase_type(p, type->element, depth);
    if (type->dimensions == NULL) {
        phrase_add(p, "[%u]", (unsigned)type->bound);
    }
    for (const uint32_t *at = type->dimensions; at != NULL && *at != 0; at++) {
        phrase_add(p, "[%u]", (unsigned)*at);
    }
}

static void phrase_type(phrase *p, const corbel_type *type, unsigned depth)
{
    if (depth == 0) {
        phrase_add(p, "…");
    } else if (type->name != NULL && type->name[0] != '\0') {
        phrase_add(p, "%s", type->name);
    } else if (type->kind == CORBEL_KIND_SEQUENCE) {
        phrase_add(p, "sequence<");
        phrase_type(p, type->element, depth - 1);
        phrase_bound(p, type->bound);
    } else if (type->kind == CORBEL_KIND_MAP) {
        phrase_add(p, "map<");
        phrase_type(p, type->element->members[0].type, depth - 1);
        phrase_add(p, ", ");
        phrase_type(p, type->element->members[1].type, depth - 1);
        phrase_bound(p, type->bound);
    } else if (type->kind == CORBEL_KIND_ARRAY) {
        phrase_array(p, type, depth - 1);
    } else if (type->kind == CORBEL_KIND_FIXED) {
        phrase_add(p, "fixed<%u, %u>", (unsigned)type->bound, (unsigned)type->count);
    } else if (type->kind == CORBEL_KIND_STRING && type->bound > 0) {
        phrase_add(p, "%s<%u>", phrase_word(type), (unsigned)type->bound);
    } else {
        phrase_add(p, "%s", phrase_word(type));
    }
}

const char *crb_type_phrase(const corbel_type *type, char *out, size_t max)
{
    phrase p = { .out = out, .max = max };
    out[0] = '\0';
    phrase_type(&p, type, PHRASE_DEPTH);
    return out;
}

bool crb_is_annotated(const char *annotations, const char *name)
{
    const size_t length = strlen(name);
    bool in_text = false;
    unsigned depth = 0;
    for (const char *at = annotations == NULL ? "" : annotations; *at != '\0'; at++) {
        if (*at == '"') {
            in_text = !in_text;
        } else if (in_text) {
            at += *at == '\\' && at[1] != '\0';
        } else if (*at == '(') {
            depth++;
        } else if (*at == ')') {
            depth -= depth > 0;
        } else if (*at == '@' && depth == 0 && strncmp(at + 1, name, length) == 0) {
            const char behind = at[1 + length];
            if (behind == '\0' || behind == ' ' || behind == '(') {
                return strncmp(at + 1 + length, "(FALSE)", 7) != 0;
            }
        }
    }
    return false;
}
