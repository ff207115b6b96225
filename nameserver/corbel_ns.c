/* corbel-ns: the name server. An ordinary daemon with one object. */
#include "nameserver/registry.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: corbel-ns [--host HOST] [--port PORT] [--unix PATH]\n"
    "The name server. Prints \"ready corbel:corbel.NameServer@HOST:PORT\" when it serves; ends by SIGTERM or SIGINT.\n"
    "  --host HOST   listens at this host or address (default localhost)\n"
    "  --port PORT   listens at this port (default 9676); 0: the kernel chooses one\n"
    "  --unix PATH   listens at this Unix socket; alone, without --host and --port, at nothing else\n"
    "  --help, --version\n";

typedef struct options {
    const char *host, *unix_path;
    int port; /* -1: not given */
} options;

/* Exit code to end with at once, or -1. */
static int options_read(options *self, int argc, char **argv)
{
    static const struct option known[] = { { "host", required_argument, NULL, 'h' }, { "port", required_argument, NULL, 'p' },
                                           { "unix", required_argument, NULL, 'u' }, { "help", no_argument, NULL, 'H' },
                                           { "version", no_argument, NULL, 'V' },    { NULL, 0, NULL, 0 } };
    for (int found = 0; (found = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (found) {
        case 'h':
            self->host = optarg;
            break;
        case 'p': {
            char *end = NULL;
            const unsigned long port = strtoul(optarg, &end, 10);
            if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || port > UINT16_MAX) {
                fprintf(stderr, "corbel-ns: --port takes a number from 0 to 65535, not '%s'\n", optarg);
                return 2;
            }
            self->port = (int)port;
            break;
        }
        case 'u':
            self->unix_path = optarg;
            break;
        case 'H':
            fputs(usage, stdout);
            return 0;
        case 'V':
            printf("corbel-ns %d.%d.%d\n", CORBEL_VERSION / 10000, CORBEL_VERSION / 100 % 100, CORBEL_VERSION % 100);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "corbel-ns: '%s' is too much\n%s", argv[optind], usage);
        return 2;
    }
    return -1;
}

/* What the daemon shall listen at, as corbel_daemon_new() takes it. Yours, free(); NULL: out of memory. */
static char *options_listen(const options *self)
{
    static const char digits[] = "0123456789ABCDEF";
    const bool tcp = self->host != NULL || self->port >= 0 || self->unix_path == NULL;
    const char *host = self->host == NULL ? "localhost" : self->host;
    const char *path = self->unix_path == NULL ? "" : self->unix_path;
    const bool bare_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    if (tcp) {
        fprintf(out, bare_ipv6 ? "[%s]:%d" : "%s:%d", host, self->port < 0 ? NS_PORT : self->port);
    }
    if (self->unix_path != NULL) {
        fputs(tcp ? ",unix:" : "unix:", out);
        for (const unsigned char *c = (const unsigned char *)path; *c != '\0'; c++) {
            if (*c <= ' ' || *c >= 0x7f || strchr(",@%", *c) != NULL) {
                fprintf(out, "%%%c%c", digits[*c >> 4], digits[*c & 15]);
            } else {
                fputc(*c, out);
            }
        }
    }
    const bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    corbel_NameServer *object = NULL;
    char *uri = NULL;
    int result = 1;

    options given = { .port = -1 };
    const int end = options_read(&given, argc, argv);
    if (end >= 0) {
        return end;
    }
    char *listen = options_listen(&given);
    ns_store *store = ns_memory_store_new(0);
    if (listen == NULL || store == NULL) {
        goto no_memory;
    }
    if (corbel_runtime_new(&(corbel_runtime_options) { .size = sizeof(corbel_runtime_options), .name = "corbel-ns" }, &runtime,
                           &error) ||
        corbel_daemon_new(runtime, listen, &daemon, &error) || corbel_daemon_uri(daemon, NS_OBJECT_ID, &uri, &error)) {
        goto done;
    }
    if (ns_registry_enter_itself(store, uri) != NS_DONE) {
        goto no_memory;
    }
    object = ns_registry_new(runtime, store);
    store = NULL;
    if (object == NULL) {
        goto no_memory;
    }
    if (corbel_daemon_register(daemon, NS_OBJECT_ID, corbel_NameServer_as_object(object), &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) ||
        corbel_daemon_ready(daemon, corbel_NameServer_as_object(object), stdout, &error) || corbel_daemon_run(daemon, &error)) {
        goto done;
    }
    result = 0;
    goto done;

no_memory:
    fputs("corbel-ns: out of memory\n", stderr);
done:
    if (error.status != CORBEL_OK) {
        corbel_error_print(&error, stderr);
    }
    corbel_NameServer_unref(object);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_string_free(uri);
    corbel_error_clear(&error);
    if (store != NULL) {
        store->free(store);
    }
    free(listen);
    return result;
}
