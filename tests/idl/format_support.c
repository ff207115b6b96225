#include "tests/idl/format_support.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef enum unit_kind { UNIT_TOKEN, UNIT_LINE_COMMENT, UNIT_BLOCK_COMMENT, UNIT_DIRECTIVE, UNIT_DEAD } unit_kind;

typedef struct unit {
    unit_kind kind;
    const char *start;
    size_t length;
    size_t line;
    size_t last_line;
    size_t column;
} unit;

typedef struct units {
    unit *items;
    size_t length;
    size_t room;
} units;

typedef struct text {
    char *bytes;
    size_t length;
    size_t room;
} text;

static void *need(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void put(text *to, const char *bytes, size_t length)
{
    if (to->room - to->length <= length) {
        to->room = 2 * to->room + length + 256;
        to->bytes = need(realloc(to->bytes, to->room));
    }
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    to->bytes[to->length] = '\0';
}

static void put_text(text *to, const char *bytes)
{
    put(to, bytes, strlen(bytes));
}

/* ---- reading ---- */

typedef struct reader {
    const char *at;
    const char *end;
    const char *line_start;
    size_t line;
    units *units;
} reader;

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A backslash and the line end that it takes away. */
static bool is_splice(const char *at, const char *end)
{
    return *at == '\\' && end - at > 1 && (at[1] == '\n' || (at[1] == '\r' && end - at > 2 && at[2] == '\n'));
}

static char peek(const reader *r, size_t n)
{
    return (size_t)(r->end - r->at) > n ? r->at[n] : '\0';
}

static void step(reader *r)
{
    if (*r->at == '\n') {
        r->line++;
        r->line_start = r->at + 1;
    }
    r->at++;
}

static size_t column(const reader *r)
{
    size_t columns = 0;
    for (const char *c = r->line_start; c < r->at; c++) {
        columns += *c == '\t' ? 8 - columns % 8 : ((unsigned char)*c & 0xC0) != 0x80;
    }
    return columns;
}

static void add(reader *r, unit one)
{
    units *all = r->units;
    if (all->length == all->room) {
        all->room = 2 * all->room + 64;
        all->items = need(realloc(all->items, all->room * sizeof *all->items));
    }
    one.length = (size_t)(r->at - one.start);
    one.last_line = r->line;
    all->items[all->length++] = one;
}

static void skip_block_comment(reader *r)
{
    for (step(r), step(r); r->at < r->end && !(peek(r, 0) == '*' && peek(r, 1) == '/'); step(r)) {
    }
    for (int i = 0; i < 2 && r->at < r->end; i++) {
        step(r);
    }
}

static bool has_name(const char *at, const char *end, const char *name)
{
    const size_t length = strlen(name);
    return (size_t)(end - at) >= length && memcmp(at, name, length) == 0 &&
           ((size_t)(end - at) == length || !is_word(at[length]));
}

/* The word of a directive that begins at its '#', behind blanks, splices and comments. */
static const char *directive_word(const char *at, const char *end)
{
    for (at++; at < end;) {
        const bool comment = end - at > 3 && at[0] == '/' && at[1] == '*';
        const char *close = comment ? memmem(at + 2, (size_t)(end - at) - 2, "*/", 2) : NULL;
        if (is_splice(at, end)) {
            at += at[1] == '\r' ? 3 : 2;
        } else if (close != NULL) {
            at = close + 2;
        } else if (is_white(*at)) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static bool is_of_words(const char *word, const char *end)
{
    static const char *const all[] = { "include", "define", "undef", "if", "ifdef", "ifndef", "elif", "else", "endif" };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (has_name(word, end, all[i])) {
            return true;
        }
    }
    return false;
}

static void skip_splice(reader *r)
{
    while (*r->at != '\n') {
        step(r);
    }
    step(r);
}

static void skip_quoted(reader *r)
{
    const char quote = *r->at;
    for (step(r); r->at < r->end && *r->at != quote && *r->at != '\n'; step(r)) {
        if (*r->at == '\\' && r->at + 1 < r->end && r->at[1] != '\n') {
            step(r);
        }
    }
    if (r->at < r->end && *r->at == quote) {
        step(r);
    }
}

static void read_dead(reader *r)
{
    unit one = { .kind = UNIT_DEAD, .start = r->at, .line = r->line };
    size_t inner = 0;
    bool line_begins = true;
    while (r->at < r->end) {
        if (peek(r, 0) == '/' && peek(r, 1) == '*') {
            skip_block_comment(r);
        } else if (peek(r, 0) == '/' && peek(r, 1) == '/') {
            while (r->at < r->end && *r->at != '\n') {
                step(r);
            }
        } else if (*r->at == '#' && line_begins) {
            const char *word = directive_word(r->at, r->end);
            const bool ends = has_name(word, r->end, "endif");
            if (inner == 0 && (ends || has_name(word, r->end, "else") || has_name(word, r->end, "elif"))) {
                break;
            }
            inner += has_name(word, r->end, "if") || has_name(word, r->end, "ifdef") || has_name(word, r->end, "ifndef");
            inner -= ends;
            while (r->at < r->end && *r->at != '\n') {
                if (is_splice(r->at, r->end)) {
                    skip_splice(r);
                } else {
                    step(r);
                }
            }
        } else if (*r->at == '"' || *r->at == '\'') {
            const reader before = *r;
            skip_quoted(r);
            if (r->at[-1] != *before.at || r->at - before.at < 2) {
                *r = before;
                step(r);
            }
            line_begins = false;
        } else {
            line_begins = *r->at == '\n' || (line_begins && is_white(*r->at));
            step(r);
        }
    }
    /* The blanks before the '#' are the directive's. */
    while (r->at > one.start && is_white(r->at[-1])) {
        r->at--;
    }
    add(r, one);
}

static void read_directive(reader *r)
{
    unit one = { .kind = UNIT_DIRECTIVE, .start = r->at, .line = r->line };
    const char *word = directive_word(r->at, r->end);
    const bool of_words = is_of_words(word, r->end);
    const bool is_include = has_name(word, r->end, "include");
    const bool is_if = has_name(word, r->end, "if");
    bool after_blanks = has_name(word, r->end, "pragma"); /* comments count up to the first word of a pragma */
    while (r->at < word) {
        step(r);
    }
    while (r->at < r->end && is_word(*r->at)) {
        step(r);
    }
    const char *rest = r->at;
    while (r->at < r->end && *r->at != '\n') {
        if (is_splice(r->at, r->end)) {
            skip_splice(r);
        } else if (!of_words && !after_blanks) {
            step(r);
        } else if (peek(r, 0) == '/' && peek(r, 1) == '*') {
            skip_block_comment(r);
        } else if (peek(r, 0) == '/' && peek(r, 1) == '/') {
            while (r->at < r->end && *r->at != '\n') {
                step(r);
            }
        } else if (is_include && *r->at == '<') {
            const char *close = memchr(r->at, '>', (size_t)(r->end - r->at));
            const char *line_end = memchr(r->at, '\n', (size_t)(r->end - r->at));
            step(r);
            while (close != NULL && (line_end == NULL || close < line_end) && r->at < close) {
                step(r);
            }
        } else if (of_words && (*r->at == '"' || *r->at == '\'')) {
            skip_quoted(r);
        } else {
            after_blanks = after_blanks && is_white(*r->at);
            step(r);
        }
    }
    const char *end = r->at;
    while (r->at > one.start && is_white(r->at[-1])) {
        r->at--;
    }
    add(r, one);
    r->at = end;
    rest = directive_word(rest - 1, end);
    if (is_if && rest < end && *rest == '0') {
        const char *behind = directive_word(rest, end);
        const bool alone = behind == end || (end - behind > 1 && behind[0] == '/' && behind[1] == '/');
        if (alone && r->at < r->end) {
            step(r);
            read_dead(r);
        }
    }
}

static void read_token(reader *r)
{
    unit one = { .kind = UNIT_TOKEN, .start = r->at, .line = r->line };
    const char c = *r->at;
    if (c == 'L' && (peek(r, 1) == '"' || peek(r, 1) == '\'')) {
        step(r);
        skip_quoted(r);
    } else if (c == '"' || c == '\'') {
        skip_quoted(r);
    } else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)peek(r, 1)))) {
        const bool is_hex = c == '0' && (peek(r, 1) == 'x' || peek(r, 1) == 'X');
        while (r->at < r->end && (is_word(*r->at) || *r->at == '.')) {
            const bool exponent = !is_hex && (*r->at == 'e' || *r->at == 'E');
            step(r);
            if (exponent && (peek(r, 0) == '+' || peek(r, 0) == '-')) {
                step(r);
            }
        }
    } else if (is_word(c)) {
        while (r->at < r->end && is_word(*r->at)) {
            step(r);
        }
    } else {
        step(r);
        if ((c == ':' && peek(r, 0) == ':') || (c == '<' && peek(r, 0) == '<')) {
            step(r);
        }
    }
    add(r, one);
}

static units read_units(const char *bytes, size_t length)
{
    units all = { 0 };
    reader r = { .at = bytes, .end = bytes + length, .line_start = bytes, .line = 1, .units = &all };
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        r.at += 3;
    }
    bool line_begins = true;
    while (r.at < r.end) {
        unit one = { .start = r.at, .line = r.line, .column = column(&r) };
        if (*r.at == '\n') {
            line_begins = true;
            step(&r);
        } else if (is_white(*r.at) || is_splice(r.at, r.end)) {
            const bool splice = *r.at == '\\';
            step(&r);
            while (splice && r.at < r.end && r.at[-1] != '\n') {
                step(&r);
            }
        } else if (peek(&r, 0) == '/' && peek(&r, 1) == '/') {
            one.kind = UNIT_LINE_COMMENT;
            while (r.at < r.end && *r.at != '\n') {
                step(&r);
            }
            const char *end = r.at;
            while (r.at > one.start && is_white(r.at[-1])) {
                r.at--;
            }
            add(&r, one);
            r.at = end;
        } else if (peek(&r, 0) == '/' && peek(&r, 1) == '*') {
            one.kind = UNIT_BLOCK_COMMENT;
            skip_block_comment(&r);
            add(&r, one);
        } else if (*r.at == '#' && line_begins) {
            read_directive(&r);
        } else {
            read_token(&r);
            line_begins = false;
        }
    }
    return all;
}

/* ---- the essence ---- */

/* Lines without the blanks around them. */
static void put_lines(text *to, const unit *one, bool keep_start)
{
    const char *end = one->start + one->length;
    for (const char *at = one->start; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        const char *start = at;
        while (!keep_start && start < stop && is_white(*start)) {
            start++;
        }
        at = newline == NULL ? end : newline + 1;
        while (stop > start && is_white(stop[-1])) {
            stop--;
        }
        put(to, start, (size_t)(stop - start));
        if (keep_start && stop > start && stop[-1] == '\\' && is_white(*stop) && !(stop[0] == '\r' && stop[1] == '\n')) {
            put_text(to, " "); /* no splice, and it may not become one */
        }
        put_text(to, "\n");
    }
}

/* Where the comment that begins at at ends; at: none does. */
static const char *comment_end(const char *at, const char *end)
{
    if (end - at < 2 || at[0] != '/' || (at[1] != '/' && at[1] != '*')) {
        return at;
    }
    const char *close = at[1] == '/' ? end : memmem(at + 2, (size_t)(end - at) - 2, "*/", 2);
    return close == NULL || close == end ? end : close + 2;
}

/* Blanks and splices are nothing but the end of a word, and so is a comment on either side. */
static void put_directive(text *to, const unit *one)
{
    const char *end = one->start + one->length;
    const char *word = directive_word(one->start, end);
    const char *header = has_name(word, end, "include") ? word + sizeof "include" - 1 : NULL;
    put_text(to, "#");
    bool owes = false;
    for (const char *at = one->start + 1; at < end;) {
        const bool splice = is_splice(at, end);
        const char *behind = comment_end(at, end);
        if (is_white(*at) || *at == '\n' || splice) {
            owes = true;
            at++;
            continue;
        }
        owes = owes || behind > at || at == header;
        if (owes && at > word) {
            put_text(to, " ");
        }
        owes = behind > at;
        const char *quote = *at == '"' ? memchr(at + 1, '"', (size_t)(end - at) - 1) : NULL;
        if (quote != NULL) { /* no comment begins in a text */
            put(to, at, (size_t)(quote - at) + 1);
            at = quote + 1;
            continue;
        }
        const unit comment = { .start = at, .length = (size_t)(behind - at) };
        if (behind > at) {
            put_lines(to, &comment, false);
            at = behind;
        } else {
            put(to, at++, 1);
        }
    }
    put_text(to, "\n");
}

/* Without the empty lines that end it. */
static void put_dead(text *to, const unit *one)
{
    unit dead = *one;
    while (dead.length > 0 && (is_white(dead.start[dead.length - 1]) || dead.start[dead.length - 1] == '\n')) {
        dead.length--;
    }
    put_lines(to, &dead, true);
}

/* Carriage returns before line ends are none of the text. */
static text without_returns(const char *bytes, size_t length)
{
    text out = { 0 };
    put_text(&out, "");
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\r' || i + 1 == length || bytes[i + 1] != '\n') {
            put(&out, &bytes[i], 1);
        }
    }
    return out;
}

char *format_essence(const char *bytes, size_t length)
{
    text plain = without_returns(bytes, length);
    units all = read_units(plain.bytes, plain.length);
    text out = { 0 };
    put_text(&out, "");
    for (size_t i = 0; i < all.length; i++) {
        const unit *one = &all.items[i];
        if (one->kind == UNIT_DIRECTIVE) {
            put_directive(&out, one);
        } else if (one->kind == UNIT_DEAD) {
            put_dead(&out, one);
        } else {
            put_lines(&out, one, false);
        }
    }
    free(all.items);
    free(plain.bytes);
    return out.bytes;
}

/* ---- shuffling ---- */

typedef struct shuffler {
    uint64_t state;
    text out;
} shuffler;

static uint64_t draw(shuffler *s, uint64_t below)
{
    s->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = s->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

static void put_blanks(shuffler *s, uint64_t least)
{
    for (uint64_t n = least + (draw(s, 3) == 0 ? draw(s, 12) : draw(s, 2)); n > 0; n--) {
        put_text(&s->out, draw(s, 4) == 0 ? "\t" : " ");
    }
}

static void put_newlines(shuffler *s, uint64_t least, uint64_t most)
{
    for (uint64_t n = least + (most > least ? draw(s, most - least + 1) : 0); n > 0; n--) {
        put_text(&s->out, draw(s, 8) == 0 ? "\r\n" : "\n");
        put_blanks(s, 0);
    }
}

static bool is_comment(const unit *one)
{
    return one->kind == UNIT_LINE_COMMENT || one->kind == UNIT_BLOCK_COMMENT;
}

static bool on_same_line(const units *all, size_t i)
{
    return i > 0 && all->items[i - 1].last_line == all->items[i].line && all->items[i - 1].kind != UNIT_DIRECTIVE &&
           all->items[i - 1].kind != UNIT_DEAD;
}

/* Behind a token, on its line, or going on with such a comment in the line below. */
static bool is_behind(const units *all, size_t i)
{
    if (!is_comment(&all->items[i])) {
        return false;
    }
    if (on_same_line(all, i)) {
        return !is_comment(&all->items[i - 1]) || is_behind(all, i - 1);
    }
    return i > 0 && all->items[i].kind == UNIT_LINE_COMMENT && all->items[i - 1].kind == UNIT_LINE_COMMENT &&
           all->items[i - 1].line + 1 == all->items[i].line && is_behind(all, i - 1) &&
           all->items[i].column == all->items[i - 1].column;
}

static bool would_meet(const unit *a, const unit *b)
{
    const char last = a->start[a->length - 1];
    const char first = *b->start;
    if (is_word(last) && (is_word(first) || first == '.' || first == '"' || first == '\'' || first == '+' || first == '-')) {
        return true;
    }
    if (last == '.' && (is_word(first) || first == '.')) {
        return true;
    }
    return (last == ':' && first == ':') || (last == '<' && first == '<') || last == '/';
}

static size_t output_column(const shuffler *s, size_t from)
{
    size_t start = from;
    while (start > 0 && s->out.bytes[start - 1] != '\n') {
        start--;
    }
    size_t columns = 0;
    for (; start < from; start++) {
        const char c = s->out.bytes[start];
        columns += c == '\t' ? 8 - columns % 8 : ((unsigned char)c & 0xC0) != 0x80;
    }
    return columns;
}

/* A comment that goes on with, or does not go on with, the line comment above it, which stands behind a token. */
static void put_below(shuffler *s, const units *all, size_t i, size_t above)
{
    const bool continues = is_behind(all, i);
    const size_t wanted = output_column(s, above);
    put_text(&s->out, "\n");
    size_t columns = continues ? wanted : draw(s, wanted + 8);
    columns += !continues && columns == wanted;
    while (columns-- > 0) {
        put_text(&s->out, " ");
    }
}

/* What stands before unit i; previous is where the one before it begins in the output. */
static void put_gap(shuffler *s, const units *all, size_t i, size_t previous)
{
    const unit *now = &all->items[i];
    const unit *before = i == 0 ? NULL : now - 1;
    if (before == NULL) {
        if (now->kind == UNIT_DIRECTIVE || draw(s, 2) == 0) {
            put_newlines(s, 0, 3);
        }
    } else if (before->kind == UNIT_DEAD) {
        put_blanks(s, 0);
    } else if (now->kind == UNIT_DEAD) {
        put_text(&s->out, "\n");
    } else if (is_comment(now) && on_same_line(all, i)) {
        put_blanks(s, before->kind == UNIT_TOKEN && before->start[before->length - 1] == '/');
    } else if (is_comment(now) && is_comment(before)) {
        const size_t lines = now->line - before->last_line;
        if (lines == 1 && now->kind == UNIT_LINE_COMMENT && before->kind == UNIT_LINE_COMMENT && is_behind(all, i - 1)) {
            put_below(s, all, i, previous);
        } else if (lines == 1) {
            put_newlines(s, 1, 1);
        } else {
            put_newlines(s, 2, 4);
        }
    } else if (is_comment(now) || now->kind == UNIT_DIRECTIVE || before->kind == UNIT_DIRECTIVE ||
               before->kind == UNIT_LINE_COMMENT) {
        put_newlines(s, 1, 3);
    } else if (before->kind == UNIT_BLOCK_COMMENT && is_behind(all, i - 1)) {
        now->line > before->last_line ? put_newlines(s, 1, 3) : put_blanks(s, 0);
    } else if (before->kind == UNIT_TOKEN && *before->start == '@') {
        put_blanks(s, 0); /* "@annotation" is one word to the parser */
    } else if (before->kind == UNIT_TOKEN && before->start + 1 == now->start && *before->start == '>' && *now->start == '>') {
        return; /* maybe a shift */
    } else if (draw(s, 3) == 0) {
        put_newlines(s, 1, 3);
    } else {
        put_blanks(s, before->kind == UNIT_TOKEN && would_meet(before, now));
    }
}

/* Blanks between the words of a directive become others. */
static void put_shuffled_directive(shuffler *s, const unit *one)
{
    const char *end = one->start + one->length;
    const char *word = directive_word(one->start, end);
    if (!is_of_words(word, end)) {
        put(&s->out, one->start, one->length);
        return;
    }
    put_text(&s->out, "#");
    put_blanks(s, 0);
    char quote = '\0';
    const char *at = word;
    while (at < end) {
        if (quote == '\0' && at[0] == '/' && end - at > 1 && (at[1] == '/' || at[1] == '*')) {
            put(&s->out, at, (size_t)(end - at)); /* nothing but comments from here on, in what is tested */
            return;
        }
        if (quote == '\0' && (*at == ' ' || *at == '\t')) {
            while (at < end && (*at == ' ' || *at == '\t')) {
                at++;
            }
            put_blanks(s, 1);
            continue;
        }
        quote = quote == '\0' ? (*at == '"' || *at == '\'' ? *at : *at == '<' ? '>' : '\0') : *at == quote ? '\0' : quote;
        put(&s->out, at++, 1);
    }
}

char *format_shuffle(const char *bytes, size_t length, uint64_t seed, size_t *ret_length)
{
    units all = read_units(bytes, length);
    shuffler s = { .state = seed };
    size_t previous = 0;
    put_text(&s.out, "");
    for (size_t i = 0; i < all.length; i++) {
        put_gap(&s, &all, i, previous);
        previous = s.out.length;
        if (all.items[i].kind == UNIT_DIRECTIVE) {
            put_shuffled_directive(&s, &all.items[i]);
        } else {
            put(&s.out, all.items[i].start, all.items[i].length);
        }
    }
    put_newlines(&s, all.length > 0 ? 1 : 0, 2);
    free(all.items);
    *ret_length = s.out.length;
    return s.out.bytes;
}
