/* A type's name as an any carries it: the scoped name, or the words of IDL without bounds. */
#include "runtime/value/any.h"

typedef struct text_out {
    char *at;
    size_t max, len;
} text_out;

static void text_put(text_out *out, const char *text)
{
    for (; *text != '\0'; text++, out->len++) {
        if (out->len + 1 < out->max) {
            out->at[out->len] = *text;
        }
    }
}

static const char *text_word(const corbel_type *type)
{
    switch (type->kind) {
    case CORBEL_KIND_BOOL:
        return "boolean";
    case CORBEL_KIND_UINT8:
        return "octet";
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
    case CORBEL_KIND_FIXED:
        return "fixed";
    case CORBEL_KIND_ANY:
        return "any";
    case CORBEL_KIND_REFERENCE:
        return type->interface != NULL ? type->interface->name : "Object";
    default:
        return "?"; /* has a name of its own */
    }
}

/** Tables nest as deep as the IDL does, which the compiler bounds. */
static void text_type(text_out *out, const corbel_type *type)
{
    if (type->name != NULL) {
        text_put(out, type->name);
    } else if (type->kind == CORBEL_KIND_SEQUENCE || type->kind == CORBEL_KIND_ARRAY) {
        const corbel_type *const element = type->element;
        text_put(out, type->kind == CORBEL_KIND_SEQUENCE ? "sequence<" : "array<");
        if (element->kind == CORBEL_KIND_UINT8 && element->name == NULL && (type->flags & CORBEL_BYTES) == 0) {
            text_put(out, "uint8"); /* its bytes are others than those of octets */
        } else {
            text_type(out, element);
        }
        text_put(out, ">");
    } else if (type->kind == CORBEL_KIND_MAP) {
        text_put(out, "map<");
        text_type(out, type->element->members[0].type);
        text_put(out, ",");
        text_type(out, type->element->members[1].type);
        text_put(out, ">");
    } else {
        text_put(out, text_word(type));
    }
}

size_t crb_type_text(const corbel_type *type, char *out, size_t max)
{
    text_out text = { out, max, 0 };
    text_type(&text, type);
    if (max > 0) {
        out[text.len < max ? text.len : max - 1] = '\0';
    }
    return text.len;
}

/** Takes the beginning of *text if it is word. */
static bool text_take(const char **text, const char *word)
{
    const size_t len = strlen(word);
    if (strncmp(*text, word, len) != 0) {
        return false;
    }
    *text += len;
    return true;
}

/** Takes the beginning of *text if it is the type's name. */
static bool text_take_type(const char **text, const corbel_type *type)
{
    if (type->name != NULL) {
        return text_take(text, type->name);
    }
    if (type->kind == CORBEL_KIND_SEQUENCE || type->kind == CORBEL_KIND_ARRAY) {
        const corbel_type *const element = type->element;
        if (!text_take(text, type->kind == CORBEL_KIND_SEQUENCE ? "sequence<" : "array<")) {
            return false;
        }
        const bool numbers = element->kind == CORBEL_KIND_UINT8 && element->name == NULL && (type->flags & CORBEL_BYTES) == 0;
        return (numbers ? text_take(text, "uint8") : text_take_type(text, element)) && text_take(text, ">");
    }
    if (type->kind == CORBEL_KIND_MAP) {
        return text_take(text, "map<") && text_take_type(text, type->element->members[0].type) && text_take(text, ",") &&
               text_take_type(text, type->element->members[1].type) && text_take(text, ">");
    }
    return text_take(text, text_word(type));
}

bool crb_type_is(const corbel_type *type, const char *text)
{
    return text_take_type(&text, type) && *text == '\0';
}
