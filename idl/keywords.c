#include "idl/keywords.h"

#include "idl/text.h"

#include <string.h>

static const char *const words[IDL_N_KEYWORDS] = { "",
#define X(name, word) word,
                                                   IDL_KEYWORDS(X)
#undef X
};

/* As strcmp(), letter case aside. */
static int compare(const char *name, size_t length, const char *word)
{
    for (size_t i = 0; i < length; i++) {
        const int difference = (int)idl_lower(name[i]) - (int)idl_lower(word[i]);
        if (difference != 0 || word[i] == '\0') {
            return word[i] == '\0' ? 1 : difference;
        }
    }
    return word[length] == '\0' ? 0 : -1;
}

idl_keyword idl_keyword_find(const char *name, size_t length)
{
    size_t low = 1;
    size_t high = IDL_N_KEYWORDS;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const int order = compare(name, length, words[middle]);
        if (order == 0) {
            return (idl_keyword)middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return IDL_KEYWORD_NONE;
}

const char *idl_keyword_word(idl_keyword keyword)
{
    return words[keyword];
}

bool idl_keyword_is_young(idl_keyword keyword)
{
    switch (keyword) {
    case IDL_KEYWORD_ALIAS:
    case IDL_KEYWORD_BITFIELD:
    case IDL_KEYWORD_BITMASK:
    case IDL_KEYWORD_BITSET:
    case IDL_KEYWORD_COMPONENT:
    case IDL_KEYWORD_CONNECTOR:
    case IDL_KEYWORD_CONSUMES:
    case IDL_KEYWORD_EMITS:
    case IDL_KEYWORD_EVENTTYPE:
    case IDL_KEYWORD_FACTORY:
    case IDL_KEYWORD_FINDER:
    case IDL_KEYWORD_GETRAISES:
    case IDL_KEYWORD_HOME:
    case IDL_KEYWORD_IMPORT:
    case IDL_KEYWORD_MANAGES:
    case IDL_KEYWORD_MAP:
    case IDL_KEYWORD_MIRRORPORT:
    case IDL_KEYWORD_MULTIPLE:
    case IDL_KEYWORD_PORT:
    case IDL_KEYWORD_PORTTYPE:
    case IDL_KEYWORD_PRIMARYKEY:
    case IDL_KEYWORD_PRIVATE:
    case IDL_KEYWORD_PROVIDES:
    case IDL_KEYWORD_PUBLIC:
    case IDL_KEYWORD_PUBLISHES:
    case IDL_KEYWORD_SETRAISES:
    case IDL_KEYWORD_SUPPORTS:
    case IDL_KEYWORD_TRUNCATABLE:
    case IDL_KEYWORD_TYPEID:
    case IDL_KEYWORD_TYPENAME:
    case IDL_KEYWORD_TYPEPREFIX:
    case IDL_KEYWORD_USES:
        return true;
    default:
        return false;
    }
}

bool idl_keyword_is_new_type(idl_keyword keyword)
{
    return keyword == IDL_KEYWORD_SEQUENCE || idl_keyword_is_new_integer(keyword);
}

bool idl_keyword_is_new_integer(idl_keyword keyword)
{
    switch (keyword) {
    case IDL_KEYWORD_INT8:
    case IDL_KEYWORD_INT16:
    case IDL_KEYWORD_INT32:
    case IDL_KEYWORD_INT64:
    case IDL_KEYWORD_UINT8:
    case IDL_KEYWORD_UINT16:
    case IDL_KEYWORD_UINT32:
    case IDL_KEYWORD_UINT64:
        return true;
    default:
        return false;
    }
}
