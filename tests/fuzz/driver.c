/* Runs a fuzz target over the files of its corpus: the arguments are files and folders (not searched deeper). Fails when there is
 * nothing to run, so that a lost corpus is not a passed test. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly as many bytes as the file has, on the heap, so that a sanitizer sees a read behind the end. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    uint8_t *data = NULL;
    long size = -1;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        data = malloc(size == 0 ? 1 : (size_t)size);
    }
    if (data != NULL && fread(data, 1, (size_t)size, file) != (size_t)size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    *ret_size = data == NULL ? 0 : (size_t)size;
    return data;
}

static int run_file(const char *path)
{
    size_t size = 0;
    uint8_t *data = read_file(path, &size);
    if (data == NULL) {
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    printf("%s\n", path);
    fflush(stdout); /* a crash then names its file */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

/* The number of files that were run; -1: one could not be read. */
static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    int count = 0;
    const struct dirent *entry;
    while (count >= 0 && (entry = readdir(folder)) != NULL) {
        char file[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        const int length = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof file) {
            fprintf(stderr, "%s/%s: the path is too long\n", path, entry->d_name);
            count = -1;
        } else {
            count = run_file(file) < 0 ? -1 : count + 1;
        }
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        const int folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        const int count = folder ? run_folder(argv[i]) : run_file(argv[i]);
        if (count < 0) {
            return 1;
        }
        total += count;
    }
    printf("%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
