/* Doc comments: what is left without the comment's dress. What is not UTF-8 or would not print becomes '?'. */
#include "idl/lexer.h"
#include "idl/text.h"

#include <string.h>

typedef struct doc_line {
    const char *start;
    const char *end;
} doc_line;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static size_t indentation(const doc_line *line)
{
    size_t columns = 0;
    for (const char *at = line->start; at < line->end && is_blank(*at); at++) {
        columns++;
    }
    return columns;
}

/* Without the marker at its start and the blanks at its end. */
static doc_line strip(doc_line line, bool is_block, bool is_first)
{
    const char *at = line.start;
    while (at < line.end && is_blank(*at)) {
        at++;
    }
    const size_t left = (size_t)(line.end - at);
    if (!is_block || is_first) {
        const size_t marker = left < 3 ? left : 3; /* slashes, or slash and stars */
        line.start = at + marker;
        if (line.start < line.end && *line.start == '<') {
            line.start++;
        }
    } else if (left > 0 && *at == '*') {
        line.start = at + 1;
    }
    while (line.end > line.start && is_blank(line.end[-1])) {
        line.end--;
    }
    return line;
}

static bool next_line(const char **at, const char *end, doc_line *ret)
{
    if (*at >= end) {
        return false;
    }
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    ret->start = *at;
    ret->end = newline == NULL ? end : newline;
    *at = ret->end + 1;
    return true;
}

static char *append(char *out, const doc_line *line)
{
    const char *at = line->start;
    while (at < line->end) {
        const size_t length = idl_utf8_length(at, line->end);
        const unsigned char byte = (unsigned char)*at;
        if (length == 0 || (byte < 0x20 && byte != '\t') || byte == 0x7F) {
            *out++ = '?';
            at++;
            continue;
        }
        memcpy(out, at, length);
        out += length;
        at += length;
    }
    return out;
}

const char *idl_doc_clean(idl_arena *arena, const idl_comment *comment)
{
    const char *end = comment->end - (comment->is_block ? 2 : 0);
    char *text = idl_arena_alloc(arena, (size_t)(end - comment->start) + 1);
    char *out = text;

    /* The text on the first line of a block stands right of its marker: it has no say in the common indentation. */
    size_t common = SIZE_MAX;
    doc_line line;
    bool first = true;
    for (const char *at = comment->start; next_line(&at, end, &line); first = false) {
        line = strip(line, comment->is_block, first);
        const size_t columns = indentation(&line);
        if (line.start < line.end && !(comment->is_block && first) && columns < common) {
            common = columns;
        }
    }
    size_t blank_lines = 0;
    first = true;
    for (const char *at = comment->start; next_line(&at, end, &line); first = false) {
        line = strip(line, comment->is_block, first);
        if (line.start == line.end) {
            blank_lines++;
            continue;
        }
        const size_t columns = indentation(&line);
        line.start += (comment->is_block && first) || columns < common ? columns : common;
        for (; out > text && blank_lines > 0; blank_lines--) {
            *out++ = '\n';
        }
        blank_lines = 1;
        out = append(out, &line);
    }
    *out = '\0';
    return out == text ? NULL : text;
}
