/* filetransfer-client list
 * filetransfer-client fetch NAME FILE
 * filetransfer-client store FILE NAME */
#include "filetransfer.corbel.h"

#include <inttypes.h>
#include <string.h>

enum { PIECE = 64 * 1024 };

static corbel_status show_list(filetransfer_Folder *folder, corbel_error *reterr)
{
    filetransfer_Files files = { 0, NULL };
    const corbel_status status = filetransfer_Folder_list(folder, &files, reterr);
    for (size_t i = 0; i < files.len; i++) {
        printf("%10" PRIu64 " %s\n", files.items[i].size, files.items[i].name);
    }
    filetransfer_File_seq_clear(&files);
    return status;
}

static corbel_status fetch(filetransfer_Folder *folder, const char *name, FILE *file, corbel_error *reterr)
{
    corbel_bytes_stream *pieces = NULL;
    filetransfer_Bytes piece; /* lent until the next one */
    uint64_t size = 0;
    corbel_call *call = filetransfer_Folder_fetch_begin(folder, name, &pieces);
    while (corbel_bytes_stream_next(pieces, &piece) && fwrite(piece.items, 1, piece.len, file) == piece.len) {
        size += piece.len;
    }
    const corbel_status status = filetransfer_Folder_fetch_finish(call, reterr); /* did all of it come? */
    if (status == CORBEL_OK) {
        printf("%" PRIu64 " bytes fetched\n", size);
    }
    return status;
}

static corbel_status store(filetransfer_Folder *folder, FILE *file, const char *name, corbel_error *reterr)
{
    corbel_bytes_stream *pieces = NULL;
    static uint8_t piece[PIECE];
    size_t n = 0;
    fseek(file, 0, SEEK_END);
    const uint64_t size = (uint64_t)ftell(file);
    rewind(file);
    corbel_call *call = filetransfer_Folder_store_begin(folder, name, size, &pieces);
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        if (!corbel_bytes_stream_put(pieces, (filetransfer_Bytes) { n, piece })) { /* waits while the reader has enough */
            break;                                                                 /* _finish() says why */
        }
    }
    const corbel_status status = filetransfer_Folder_store_finish(call, reterr); /* there is no more */
    if (status == CORBEL_OK) {
        printf("%" PRIu64 " bytes stored\n", size);
    }
    return status;
}

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    filetransfer_Folder *folder = NULL;
    FILE *file = NULL;
    int result = 0;

    const char *verb = argc > 1 ? argv[1] : "";
    const bool fetches = argc == 4 && strcmp(verb, "fetch") == 0, stores = argc == 4 && strcmp(verb, "store") == 0;
    if (!fetches && !stores && (argc != 2 || strcmp(verb, "list") != 0)) {
        fprintf(stderr, "usage: filetransfer-client list | fetch NAME FILE | store FILE NAME\n");
        return 2;
    }
    if (fetches || stores) {
        file = fopen(fetches ? argv[3] : argv[2], fetches ? "wb" : "rb");
        if (file == NULL) {
            perror(fetches ? argv[3] : argv[2]);
            return 1;
        }
    }
    if (corbel_runtime_new(NULL, &runtime, &error) ||
        filetransfer_Folder_from_uri(runtime, "corbelname:example.filetransfer", &folder, &error) ||
        (fetches  ? fetch(folder, argv[2], file, &error)
         : stores ? store(folder, file, argv[3], &error)
                  : show_list(folder, &error))) {
        if (corbel_error_exception(&error) != NULL) {
            printf("%s\n", corbel_error_exception(&error));
        } else {
            result = corbel_error_print(&error, stderr);
        }
    }
    if (file != NULL && fclose(file) != 0) {
        perror("the file");
        result = 1;
    }
    filetransfer_Folder_unref(folder);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
