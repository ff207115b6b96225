/** corbelc --format: files, standard input and output around idl_format(). */
#ifndef CORBELC_FORMAT_FILES_H
#define CORBELC_FORMAT_FILES_H

/** What the program exits with. */
typedef enum format_exit {
    FORMAT_EXIT_DONE = 0,
    FORMAT_EXIT_INPUT = 1, /* a file is no IDL; it was left alone */
    FORMAT_EXIT_USAGE = 2,
    FORMAT_EXIT_FILES = 3,  /* a file cannot be read or written */
    FORMAT_EXIT_LAYOUT = 4, /* --check: a file is not in the canonical layout */
} format_exit;

/** Runs "corbelc --format" with what stands behind it on the command line. Messages go to standard error. Files that already are
 *  as they should be are not touched; others are replaced by renaming, so that nobody ever sees half of one. */
format_exit format_files(int n_arguments, char *const *arguments);

#endif /* CORBELC_FORMAT_FILES_H */
