/* nsc: asks and changes a name server from the command line. nsc_output.c prints what it answers.
 *
 * Exit codes, for scripts: 0 done (an empty list too); 1 no such name, nothing done; 2 usage, malformed URI; 3 name server not
 * reached, or not answering in time; 4 refused; 5 the result could not be written. */
#include "nameserver/nsc.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char usage[] =
    "usage: nsc [--ns URI|HOST:PORT] [--timeout SECONDS] [--json] COMMAND\n"
    "  ping                                          is the name server there?\n"
    "  list [PREFIX]                                 the names that begin with PREFIX\n"
    "  lookup NAME                                   the URI of a name\n"
    "  register [--replace] [--tag T]... NAME URI    enters a name, which stays until it is removed\n"
    "  remove NAME\n"
    "  setmeta NAME [TAG...]                         replaces the tags of a name\n"
    "The name server is --ns, else the environment's CORBEL_NS, else localhost:9676. --timeout: 5 seconds unless given.\n"
    "Exit code: 0 done; 1 no such name; 2 usage; 3 name server not reached, or not answering in time; 4 refused;\n"
    "5 the result could not be written.\n"
    "  --help, --version\n";

enum { NSC_DONE, NSC_NO_SUCH_NAME, NSC_USAGE, NSC_UNREACHED, NSC_REFUSED, NSC_NOT_WRITTEN };

typedef struct nsc {
    corbel_runtime *runtime;
    corbel_NameServer *server;
    corbel_error error;
    char *uri; /* of the name server */
    nsc_output output;
    bool replace;
    corbel_Tags tags;
    char **arguments; /* behind the command */
    int n_arguments;
} nsc;

/* ---- commands: each returns the status of its call ---- */

static corbel_status nsc_ping(nsc *self)
{
    const corbel_status status = corbel_NameServer_ping(self->server, &self->error);
    if (status == CORBEL_OK) {
        nsc_output_ping(&self->output, self->uri);
    }
    return status;
}

static corbel_status nsc_list(nsc *self)
{
    corbel_NameEntries entries = { 0, NULL };
    const char *prefix = self->n_arguments > 0 ? self->arguments[0] : "";
    const corbel_status status = corbel_NameServer_list(self->server, prefix, &entries, &self->error);
    if (status == CORBEL_OK) {
        nsc_output_list(&self->output, entries);
    }
    corbel_NameEntry_seq_clear(&entries);
    return status;
}

static corbel_status nsc_lookup(nsc *self)
{
    corbel_NameEntry *entry = NULL;
    const corbel_status status = corbel_NameServer_lookup(self->server, self->arguments[0], &entry, &self->error);
    if (status == CORBEL_OK) {
        nsc_output_entry(&self->output, entry);
    }
    corbel_NameEntry_free(entry);
    return status;
}

static corbel_status nsc_register(nsc *self)
{
    const char *name = self->arguments[0], *uri = self->arguments[1];
    corbel_NameServer *reference = NULL;
    corbel_status status = corbel_NameServer_from_uri(self->runtime, uri, &reference, &self->error); /* only reads the text */
    corbel_NameServer_unref(reference);
    if (status == CORBEL_OK) {
        status = corbel_NameServer_register(self->server, name, uri, self->tags, self->replace, NULL, &self->error);
    }
    if (status == CORBEL_OK) {
        nsc_output_done(&self->output, "registered", name);
    }
    return status;
}

static corbel_status nsc_remove(nsc *self)
{
    const corbel_status status = corbel_NameServer_remove(self->server, self->arguments[0], &self->error);
    if (status == CORBEL_OK) {
        nsc_output_done(&self->output, "removed", self->arguments[0]);
    }
    return status;
}

static corbel_status nsc_setmeta(nsc *self)
{
    const corbel_Tags tags = { (size_t)self->n_arguments - 1, (const char *const *)self->arguments + 1 };
    const corbel_status status = corbel_NameServer_set_tags(self->server, self->arguments[0], tags, &self->error);
    if (status == CORBEL_OK) {
        nsc_output_done(&self->output, "changed", self->arguments[0]);
    }
    return status;
}

typedef struct nsc_command {
    const char *name;
    int least, most; /* arguments; most -1: any number */
    corbel_status (*run)(nsc *self);
} nsc_command;

static const nsc_command commands[] = {
    { "ping", 0, 0, nsc_ping },         { "list", 0, 1, nsc_list },     { "lookup", 1, 1, nsc_lookup },
    { "register", 2, 2, nsc_register }, { "remove", 1, 1, nsc_remove }, { "setmeta", 1, -1, nsc_setmeta },
};

static const nsc_command *nsc_command_of(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

/* ---- failures ---- */

static int nsc_exit_code(const corbel_error *error)
{
    switch (error->status) {
    case CORBEL_RAISED:
        return corbel_NoSuchName_of(error) != NULL ? NSC_NO_SUCH_NAME : NSC_REFUSED;
    case CORBEL_INVALID_ARGUMENT:
        return NSC_USAGE;
    case CORBEL_REFUSED:
    case CORBEL_LIMIT:
    case CORBEL_EXISTS:
    case CORBEL_UNIMPLEMENTED:
        return NSC_REFUSED;
    default:
        return NSC_UNREACHED; /* not there, not in time, or no name server */
    }
}

/* Says on stderr what went wrong. All of it may have come from a peer. */
static int nsc_explain(const corbel_error *error)
{
    const corbel_NoSuchName *nobody = corbel_NoSuchName_of(error);
    const corbel_NameTaken *taken = corbel_NameTaken_of(error);
    const corbel_InvalidEntry *invalid = corbel_InvalidEntry_of(error);
    const int code = nsc_exit_code(error);
    fputs("nsc: ", stderr);
    if (nobody != NULL) {
        fputs("no such name: ", stderr);
        nsc_print_escaped(nobody->name, stderr);
    } else if (taken != NULL) {
        fputs("the name is taken (--replace takes it over): ", stderr);
        nsc_print_escaped(taken->name, stderr);
        fputs(" stands for ", stderr);
        nsc_print_escaped(taken->uri, stderr);
    } else if (invalid != NULL) {
        fputs("the name server refuses the entry: ", stderr);
        nsc_print_escaped(invalid->reason, stderr);
    } else {
        fputs(code == NSC_UNREACHED ? "no answer from a name server: " : "", stderr);
        nsc_print_escaped(error->message, stderr);
    }
    fputc('\n', stderr);
    const char *address = NULL;
    for (size_t i = 0; (address = corbel_error_address(error, i)) != NULL; i++) {
        fputs("  ", stderr);
        nsc_print_escaped(address, stderr);
        fputc('\n', stderr);
    }
    return code;
}

/* ---- the command line ---- */

typedef struct nsc_options {
    const char *ns;
    uint32_t timeout_ms;
    bool json, replace, has_tags;
    const char **tags; /* room for as many as there are arguments */
    size_t n_tags;
} nsc_options;

static bool nsc_read_timeout(const char *text, uint32_t *ret)
{
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(seconds) || seconds < 0.001 || seconds > 86400) {
        fprintf(stderr, "nsc: --timeout takes seconds, from 0.001 to 86400, not '%s'\n", text);
        return false;
    }
    *ret = (uint32_t)(seconds * 1000);
    return true;
}

/* Exit code to end with at once, or -1. */
static int nsc_read_options(nsc_options *self, int argc, char **argv)
{
    static const struct option known[] = {
        { "ns", required_argument, NULL, 'n' },  { "timeout", required_argument, NULL, 't' },
        { "json", no_argument, NULL, 'j' },      { "replace", no_argument, NULL, 'r' },
        { "tag", required_argument, NULL, 'T' }, { "help", no_argument, NULL, 'H' },
        { "version", no_argument, NULL, 'V' },   { NULL, 0, NULL, 0 },
    };
    for (int found = 0; (found = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (found) {
        case 'n':
            self->ns = optarg;
            break;
        case 't':
            if (!nsc_read_timeout(optarg, &self->timeout_ms)) {
                return NSC_USAGE;
            }
            break;
        case 'j':
            self->json = true;
            break;
        case 'r':
            self->replace = true;
            break;
        case 'T':
            self->tags[self->n_tags++] = optarg;
            break;
        case 'H':
            fputs(usage, stdout);
            return NSC_DONE;
        case 'V':
            printf("nsc %d.%d.%d\n", CORBEL_VERSION / 10000, CORBEL_VERSION / 100 % 100, CORBEL_VERSION % 100);
            return NSC_DONE;
        default:
            fputs(usage, stderr);
            return NSC_USAGE;
        }
    }
    return -1;
}

/* A URI as it is; anything else is addresses. Yours, free(); NULL: out of memory. */
static char *nsc_server_uri(const char *given)
{
    static const char own[] = "corbel:corbel.NameServer@";
    const char *text = given != NULL ? given : getenv("CORBEL_NS");
    text = text != NULL && text[0] != '\0' ? text : "localhost:9676";
    const bool is_uri = strncasecmp(text, "corbel:", strlen("corbel:")) == 0;
    const size_t size = sizeof own + strlen(text);
    char *uri = malloc(size);
    if (uri != NULL) {
        snprintf(uri, size, "%s%s", is_uri ? "" : own, text);
    }
    return uri;
}

static int nsc_run(nsc *self, const nsc_command *command, const nsc_options *options)
{
    const corbel_runtime_options runtime_options = { .size = sizeof runtime_options,
                                                     .name = "nsc",
                                                     .default_deadline_ms = options->timeout_ms };
    if (corbel_runtime_new(&runtime_options, &self->runtime, &self->error) ||
        corbel_NameServer_from_uri(self->runtime, self->uri, &self->server, &self->error) || command->run(self)) {
        return nsc_explain(&self->error);
    }
    if (fflush(stdout) != 0 || ferror(stdout) || self->output.failed) {
        fputs("nsc: the result could not be written\n", stderr);
        return NSC_NOT_WRITTEN;
    }
    return NSC_DONE;
}

int main(int argc, char **argv)
{
    nsc self = { .error = CORBEL_ERROR_INIT };
    nsc_options options = { .timeout_ms = 5000, .tags = calloc((size_t)argc + 1, sizeof(char *)) };
    int result = NSC_USAGE;
    if (options.tags == NULL) {
        goto no_memory;
    }
    const int end = nsc_read_options(&options, argc, argv);
    if (end >= 0) {
        result = end;
        goto done;
    }
    const nsc_command *command = optind < argc ? nsc_command_of(argv[optind]) : NULL;
    if (command == NULL) {
        fprintf(stderr, optind < argc ? "nsc: there is no command '%s'\n%s" : "%s%s", optind < argc ? argv[optind] : "", usage);
        goto done;
    }
    self.arguments = argv + optind + 1;
    self.n_arguments = argc - optind - 1;
    const bool registers = command->run == nsc_register;
    if (self.n_arguments < command->least || (command->most >= 0 && self.n_arguments > command->most) ||
        (!registers && (options.replace || options.n_tags > 0))) {
        fprintf(stderr, "nsc: not how '%s' is used\n%s", command->name, usage);
        goto done;
    }
    self.replace = options.replace;
    self.tags = (corbel_Tags) { options.n_tags, options.tags };
    self.output = nsc_output_to(stdout, options.json);
    self.uri = nsc_server_uri(options.ns);
    if (self.uri == NULL) {
        goto no_memory;
    }
    result = nsc_run(&self, command, &options);
    goto done;

no_memory:
    fputs("nsc: out of memory\n", stderr);
    result = NSC_UNREACHED;
done:
    corbel_NameServer_unref(self.server);
    corbel_runtime_unref(self.runtime);
    corbel_error_clear(&self.error);
    free(self.uri);
    free(options.tags);
    return result;
}
