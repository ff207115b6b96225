/* Names that a C or C++ program cannot give to its own things. Sorted, for bsearch(); a test checks that. */
#include "codegen/emit.h"

#include <stdlib.h>
#include <string.h>

/* Keywords of C11, C23 and C++20; names and macros of the standard headers that ours include, and of those that a user's file
 * commonly includes before ours; macros of gnu11. */
static const char *const reserved[] = {
    "BUFSIZ",
    "CHAR_BIT",
    "EDOM",
    "EILSEQ",
    "EOF",
    "ERANGE",
    "EXIT_FAILURE",
    "EXIT_SUCCESS",
    "FILE",
    "FILENAME_MAX",
    "HUGE_VAL",
    "I",
    "INFINITY",
    "NAN",
    "NDEBUG",
    "NULL",
    "RAND_MAX",
    "SEEK_CUR",
    "SEEK_END",
    "SEEK_SET",
    "SIZE_MAX",
    "_Alignas",
    "_Alignof",
    "_Atomic",
    "_BitInt",
    "_Bool",
    "_Complex",
    "_Generic",
    "_Imaginary",
    "_Noreturn",
    "_Static_assert",
    "_Thread_local",
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "complex",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "fpclassify",
    "friend",
    "goto",
    "i386",
    "if",
    "imaginary",
    "inline",
    "int",
    "int16_t",
    "int32_t",
    "int64_t",
    "int8_t",
    "intmax_t",
    "intptr_t",
    "isfinite",
    "isgreater",
    "isgreaterequal",
    "isinf",
    "isless",
    "islessequal",
    "islessgreater",
    "isnan",
    "isnormal",
    "isunordered",
    "kill_dependency",
    "linux",
    "long",
    "math_errhandling",
    "max_align_t",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "noreturn",
    "not",
    "not_eq",
    "nullptr",
    "offsetof",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "ptrdiff_t",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "setjmp",
    "short",
    "signbit",
    "signed",
    "size_t",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "uint8_t",
    "uintmax_t",
    "uintptr_t",
    "union",
    "unix",
    "unsigned",
    "using",
    "va_arg",
    "va_copy",
    "va_end",
    "va_list",
    "va_start",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

/* Identifiers of the generated code and of the headers that it includes. */
static const char *const macros[] = {
    "bases",       "bound",     "call",       "capacity", "completion",  "count",   "deadline_ms", "detail",  "element",
    "enumerators", "error",     "exception",  "finalize", "fingerprint", "flags",   "format",      "id",      "in",
    "index",       "interface", "items",      "kind",     "len",         "members", "memcpy",      "message", "methods",
    "n_in",        "n_methods", "n_out",      "name",     "object",      "offset",  "operation",   "options", "out",
    "pointer",     "printf",    "raises",     "request",  "ret",         "reterr",  "runtime",     "s",       "self",
    "servant",     "size",      "skeleton",   "status",   "strcmp",      "text",    "thunk",       "type",    "uri",
    "user",        "value",     "visibility", "weak",
};

static int compare(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

bool emit_is_reserved(const char *name)
{
    return bsearch(name, reserved, sizeof reserved / sizeof *reserved, sizeof *reserved, compare) != NULL;
}

bool emit_is_reserved_macro(const char *name)
{
    return bsearch(name, macros, sizeof macros / sizeof *macros, sizeof *macros, compare) != NULL;
}

bool emit_is_reserved_parameter(const char *name)
{
    return strcmp(name, "self") == 0 || strcmp(name, "request") == 0 || strcmp(name, "call") == 0 || strcmp(name, "ret") == 0 ||
           strcmp(name, "reterr") == 0 || strncmp(name, "ret_", 4) == 0 || strncmp(name, "inout_", 6) == 0;
}

static bool is_sorted(const char *const *names, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if (strcmp(names[i - 1], names[i]) >= 0) {
            return false;
        }
    }
    return true;
}

bool emit_reserved_are_sorted(void)
{
    return is_sorted(reserved, sizeof reserved / sizeof *reserved) && is_sorted(macros, sizeof macros / sizeof *macros);
}
