/** The memory of one compilation: everything that a unit consists of, freed at once.
 *
 *  Running out is not an error value that every caller would have to pass on: idl_arena_alloc() leaves through idl_stop(),
 *  a long jump to idl_compile(). So nothing in this folder may hold a resource outside the arena while it allocates. */
#ifndef IDL_ARENA_H
#define IDL_ARENA_H

#include <setjmp.h>
#include <stddef.h>

/** The most that one unit may take, in bytes: a small file can describe a very large model. */
#define IDL_MEMORY_LIMIT ((size_t)1 << 30)

typedef enum idl_stop_reason {
    IDL_STOP_MEMORY = 1, /* nothing is said: there may be no memory to say it with; idl_compile() does */
    IDL_STOP_ERRORS      /* a message has been written */
} idl_stop_reason;

typedef struct idl_arena {
    struct idl_chunk *chunks;
    char *next;
    char *end;
    size_t total;
    size_t limit;  /* 0: IDL_MEMORY_LIMIT */
    jmp_buf *stop; /* where idl_stop() goes; never NULL while the arena is allocated from */
} idl_arena;

/** Zeroed, aligned for anything, never NULL. */
void *idl_arena_alloc(idl_arena *arena, size_t size);

/** As idl_arena_alloc(), but NULL when there is no memory: for code that holds something open. */
void *idl_arena_try(idl_arena *arena, size_t size);

/** A block of its own, which can grow and end before the arena does: old NULL makes one, else old came from here. What it had
 * stays; what is new is not zeroed. Never NULL. For few and large things: finding one takes a walk over the chunks. */
void *idl_arena_resize(idl_arena *arena, void *old, size_t size);
/** Gives back what idl_arena_resize() made. Takes NULL. */
void idl_arena_release(idl_arena *arena, void *block);

/** A NUL-terminated copy. */
char *idl_arena_text(idl_arena *arena, const char *text, size_t length);

/** Ends the compilation. */
_Noreturn void idl_stop(idl_arena *arena, idl_stop_reason reason);

/** Frees all that came from it. */
void idl_arena_free(idl_arena *arena);

#endif /* IDL_ARENA_H */
