/* Around the main() of every test program (linked with --wrap=main): what the program opened is closed and what it started is
 * over when it returns. A descriptor or a child process that is left makes the program fail, whatever its tests said. Memory is
 * LeakSanitizer's business, in the asan preset. What closes on another thread is waited for.
 *
 * gRPC 1.51 keeps two descriptors from its first grpc_init() to the end of the process, whatever is shut down: the epoll of its
 * polling engine (epoll1), and the eventfd that wakes it. That one pair may stay, nothing else. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Weak: not every test program has gRPC. */
void grpc_init(void) __attribute__((weak));
void grpc_shutdown_blocking(void) __attribute__((weak));

int __real_main(int argc, char **argv, char **environment);
int __wrap_main(int argc, char **argv, char **environment);

enum { LEFT_DESCRIPTORS = 4096, LEFT_WAIT_MS = 30000, LEFT_STEP_MS = 2 };

static bool left_at_start[LEFT_DESCRIPTORS];
static int left_epoll, left_event; /* a pair as gRPC's */
static size_t left_pairs;

/** Calls fn for every open descriptor; returns how many of them it counted. */
static size_t left_each(bool (*fn)(int descriptor, const char *what))
{
    DIR *const folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        perror("/proc/self/fd");
        return 1; /* no check is not a passed check */
    }
    size_t counted = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char what[PATH_MAX];
        const long descriptor = strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] == '.' || descriptor == dirfd(folder) || descriptor >= LEFT_DESCRIPTORS) {
            continue;
        }
        const ssize_t len = readlinkat(dirfd(folder), entry->d_name, what, sizeof what - 1);
        if (len >= 0) {
            what[len] = '\0';
            counted += fn((int)descriptor, what);
        }
    }
    (void)closedir(folder);
    return counted;
}

static bool left_note(int descriptor, const char *what)
{
    (void)what;
    left_at_start[descriptor] = true;
    return false;
}

static bool left_is_new(int descriptor, const char *what)
{
    (void)what;
    return !left_at_start[descriptor] && (left_pairs != 1 || (descriptor != left_epoll && descriptor != left_event));
}

/** An epoll that watches one descriptor alone, an eventfd. */
static bool left_is_pair(int descriptor, const char *what)
{
    char path[64], line[256], target[64];
    int watched = -1, n_watched = 0;
    if (left_at_start[descriptor] || strcmp(what, "anon_inode:[eventpoll]") != 0) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", descriptor);
    FILE *const info = fopen(path, "r");
    while (info != NULL && fgets(line, sizeof line, info) != NULL) {
        n_watched += sscanf(line, "tfd: %d", &watched) == 1;
    }
    if (info != NULL) {
        (void)fclose(info);
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", watched);
    const ssize_t len = readlink(path, target, sizeof target - 1);
    target[len > 0 ? len : 0] = '\0';
    if (n_watched != 1 || strcmp(target, "anon_inode:[eventfd]") != 0) {
        return false;
    }
    left_epoll = descriptor;
    left_event = watched;
    return true;
}

/** Where there is a pair, gRPC comes up once more: if the pair is not gRPC's, there are two then. */
static void left_find_grpc(void)
{
    left_pairs = 0;
    if (grpc_init != NULL && grpc_shutdown_blocking != NULL && left_each(left_is_pair) > 0) {
        grpc_init();
        grpc_shutdown_blocking();
        left_pairs = left_each(left_is_pair);
    }
}

static bool left_tell(int descriptor, const char *what)
{
    if (!left_is_new(descriptor, what)) {
        return false;
    }
    (void)fprintf(stderr, "left open: descriptor %d, %s\n", descriptor, what);
    return true;
}

/** Is it a child of ours? Then *ret_name is its name. */
static bool left_is_child(const char *process, char *ret_name, size_t size)
{
    char path[64], line[512];
    (void)snprintf(path, sizeof path, "/proc/%.20s/stat", process);
    FILE *const stat = fopen(path, "r");
    const bool read = stat != NULL && fgets(line, sizeof line, stat) != NULL;
    if (stat != NULL) {
        (void)fclose(stat);
    }
    char *const end = read ? strrchr(line, ')') : NULL; /* "pid (name) state parent …" */
    if (end == NULL || strlen(end) < 4 || strtol(end + 4, NULL, 10) != getpid()) {
        return false;
    }
    *end = '\0';
    (void)snprintf(ret_name, size, "%s", strchr(line, '(') + 1);
    return true;
}

/** Tells of each child, and ends it, so that nothing stays behind. */
static size_t left_end_children(void)
{
    DIR *const folder = opendir("/proc");
    if (folder == NULL) {
        perror("/proc");
        return 1;
    }
    size_t counted = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[64];
        const long process = strtol(entry->d_name, NULL, 10);
        if (process > 0 && left_is_child(entry->d_name, name, sizeof name)) {
            (void)fprintf(stderr, "left running, or not waited for: process %ld, %s\n", process, name);
            (void)kill((pid_t)process, SIGKILL);
            (void)waitpid((pid_t)process, NULL, 0);
            counted++;
        }
    }
    (void)closedir(folder);
    return counted;
}

/** Children, and (as we are the subreaper) what children left. */
static size_t left_children(void)
{
    size_t counted = 0, more = 0;
    do {
        more = waitid(P_ALL, 0, &(siginfo_t) { 0 }, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD ? 0 : left_end_children();
        counted += more;
    } while (more > 0);
    return counted;
}

static int left_wait_ms(void)
{
    const char *const wanted = getenv("CORBEL_LEFT_WAIT_MS");
    return wanted != NULL ? (int)strtol(wanted, NULL, 10) : LEFT_WAIT_MS;
}

int __wrap_main(int argc, char **argv, char **environment)
{
    (void)left_each(left_note);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int status = __real_main(argc, argv, environment);
    const int most = left_wait_ms();
    left_find_grpc();
    for (int waited = 0; waited < most && left_each(left_is_new) > 0; waited += LEFT_STEP_MS) {
        left_find_grpc(); /* again: its epoll watches more than one as long as a connection is on its way out */
        (void)nanosleep(&(struct timespec) { .tv_nsec = LEFT_STEP_MS * 1000000L }, NULL);
    }
    const size_t left = left_each(left_tell) + left_children();
    return status != 0 ? status : left > 0 ? 1 : 0;
}
