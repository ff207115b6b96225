/** What nsc prints: results to a terminal as a table, into a pipe separated by tabs, or as JSON. Text that came from a name
 *  server never reaches the output with control characters in it. */
#ifndef NS_NSC_H
#define NS_NSC_H

#include <corbel/naming.corbel.h>

typedef enum nsc_form { NSC_TABLE, NSC_TABS, NSC_JSON } nsc_form;

typedef struct nsc_output {
    FILE *out;
    nsc_form form;
    bool failed; /* something could not be printed, for want of memory; what out itself refused, ferror() tells */
} nsc_output;

/** A table when out is a terminal, else tabs; or JSON. */
nsc_output nsc_output_to(FILE *out, bool json);

void nsc_output_ping(nsc_output *self, const char *uri);
/** Columns: name, URI, "leased" or "permanent", tags separated by commas. Only the table has a heading. */
void nsc_output_list(nsc_output *self, corbel_NameEntries entries);
/** The URI alone, so that a script can use it as it is; in JSON all that is known. */
void nsc_output_entry(nsc_output *self, const corbel_NameEntry *entry);
/** "removed example.hello". */
void nsc_output_done(nsc_output *self, const char *what, const char *name);

/** Prints text with control characters (C0, DEL, C1) as \xNN for each byte. */
void nsc_print_escaped(const char *text, FILE *out);

#endif /* NS_NSC_H */
