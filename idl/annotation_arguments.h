/** What the two files about applied annotations share. */
#ifndef IDL_ANNOTATION_ARGUMENTS_H
#define IDL_ANNOTATION_ARGUMENTS_H

#include "idl/parser.h"

/** An annotation while its arguments are read. */
typedef struct idl_open_annotation {
    idl_annotation *annotation;
    const idl_standard_annotation *standard; /* NULL: not a standard one */
    idl_argument *arguments;
    size_t length;
    size_t room;
} idl_open_annotation;

/** "(" and the arguments, if they are next, and whether what has to be there is there; then the annotation has them. False: it
 * was reported, and all up to the ')' was read. */
bool idl_parse_annotation_arguments(idl_parser *parser, idl_open_annotation *open);

/** The word at the next token, a name or a keyword, which is read. */
const char *idl_parser_take_word(idl_parser *parser);

/** To behind the ')' that closes what is open. */
void idl_parser_skip_arguments(idl_parser *parser);

#endif /* IDL_ANNOTATION_ARGUMENTS_H */
