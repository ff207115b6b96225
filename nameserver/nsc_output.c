/* nsc's output: see nsc.h. */
#include "nameserver/nsc.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

nsc_output nsc_output_to(FILE *out, bool json)
{
    return (nsc_output) { out, json ? NSC_JSON : isatty(fileno(out)) ? NSC_TABLE : NSC_TABS, false };
}

/* ---- text ---- */

/* How many bytes at text are a control character; 0: none. In valid UTF-8, which is all that arrives, C1 is C2 80 to C2 9F. */
static size_t nsc_control(const unsigned char *text)
{
    if (text[0] < 0x20 || text[0] == 0x7f) {
        return 1;
    }
    return text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f ? 2 : 0;
}

/* Prints it to out, unless that is NULL, and tells how many columns it takes, a character each. */
static size_t nsc_text(const char *text, FILE *out)
{
    size_t columns = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
        size_t control = nsc_control(c);
        if (control == 0) {
            columns += (*c & 0xc0) != 0x80;
            if (out != NULL) {
                fputc(*c, out);
            }
            c++;
        }
        for (; control > 0; control--, c++) {
            columns += strlen("\\xNN");
            if (out != NULL) {
                fprintf(out, "\\x%02X", *c);
            }
        }
    }
    return columns;
}

void nsc_print_escaped(const char *text, FILE *out)
{
    nsc_text(text, out);
}

static void nsc_pad(size_t columns, size_t width, FILE *out)
{
    for (; columns < width; columns++) {
        fputc(' ', out);
    }
}

static void nsc_tags(const corbel_NameEntry *entry, FILE *out)
{
    for (size_t i = 0; i < entry->tags.len; i++) {
        if (i > 0) {
            fputc(',', out);
        }
        nsc_text(entry->tags.items[i], out);
    }
}

static const char *nsc_kind(const corbel_NameEntry *entry)
{
    return entry->leased ? "leased" : "permanent";
}

static void nsc_table(corbel_NameEntries entries, FILE *out)
{
    size_t name_width = strlen("NAME"), uri_width = strlen("URI");
    for (size_t i = 0; i < entries.len; i++) {
        const size_t name = nsc_text(entries.items[i].name, NULL), uri = nsc_text(entries.items[i].uri, NULL);
        name_width = name > name_width ? name : name_width;
        uri_width = uri > uri_width ? uri : uri_width;
    }
    if (entries.len > 0) {
        fprintf(out, "%-*s  %-*s  %-9s  TAGS\n", (int)name_width, "NAME", (int)uri_width, "URI", "KIND");
    }
    for (size_t i = 0; i < entries.len; i++) {
        const corbel_NameEntry *entry = &entries.items[i];
        nsc_pad(nsc_text(entry->name, out), name_width + 2, out);
        nsc_pad(nsc_text(entry->uri, out), uri_width + 2, out);
        fprintf(out, entry->tags.len == 0 ? "%s" : "%-9s  ", nsc_kind(entry));
        nsc_tags(entry, out);
        fputc('\n', out);
    }
}

/* ---- JSON ---- */

/* Takes the value over; NULL: there was no memory for it. ASCII alone, so that no control character is left. */
static void nsc_json(nsc_output *self, json_t *value)
{
    self->failed = self->failed || value == NULL || json_dumpf(value, self->out, JSON_INDENT(2) | JSON_ENSURE_ASCII) != 0;
    fputc('\n', self->out);
    json_decref(value);
}

static json_t *nsc_json_entry(const corbel_NameEntry *entry)
{
    json_t *tags = json_array();
    for (size_t i = 0; i < entry->tags.len; i++) {
        if (json_array_append_new(tags, json_string(entry->tags.items[i])) != 0) {
            json_decref(tags);
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:o, s:b, s:I}", "name", entry->name, "uri", entry->uri, "tags", tags, "leased", entry->leased,
                     "revision", (json_int_t)entry->revision);
}

/* ---- results ---- */

void nsc_output_ping(nsc_output *self, const char *uri)
{
    if (self->form == NSC_JSON) {
        nsc_json(self, json_pack("{s:s, s:s}", "answer", "ok", "uri", uri));
        return;
    }
    fputs("ok\n", self->out);
}

void nsc_output_list(nsc_output *self, corbel_NameEntries entries)
{
    if (self->form == NSC_TABLE) {
        nsc_table(entries, self->out);
    } else if (self->form == NSC_TABS) {
        for (size_t i = 0; i < entries.len; i++) {
            nsc_text(entries.items[i].name, self->out);
            fputc('\t', self->out);
            nsc_text(entries.items[i].uri, self->out);
            fprintf(self->out, "\t%s\t", nsc_kind(&entries.items[i]));
            nsc_tags(&entries.items[i], self->out);
            fputc('\n', self->out);
        }
    } else {
        json_t *array = json_array();
        for (size_t i = 0; i < entries.len; i++) {
            self->failed = json_array_append_new(array, nsc_json_entry(&entries.items[i])) != 0 || self->failed;
        }
        nsc_json(self, array);
    }
}

void nsc_output_entry(nsc_output *self, const corbel_NameEntry *entry)
{
    if (self->form == NSC_JSON) {
        nsc_json(self, nsc_json_entry(entry));
        return;
    }
    nsc_text(entry->uri, self->out);
    fputc('\n', self->out);
}

void nsc_output_done(nsc_output *self, const char *what, const char *name)
{
    if (self->form == NSC_JSON) {
        nsc_json(self, json_pack("{s:s, s:s}", "done", what, "name", name));
        return;
    }
    fprintf(self->out, "%s ", what);
    nsc_text(name, self->out);
    fputc('\n', self->out);
}
