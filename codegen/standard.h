/** Where an installed corbelc keeps the standard IDL files. */
#ifndef CODEGEN_STANDARD_H
#define CODEGEN_STANDARD_H

/** The folder below which <corbel/naming.idl> and its like are, beside the program that runs, wherever that was moved; NULL:
 * there is none, or memory is short. Yours, free(). */
char *corbelc_standard_folder(void);

#endif /* CODEGEN_STANDARD_H */
