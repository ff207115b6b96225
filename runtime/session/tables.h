/** Tables of the session core: by number, by time; and uthash, set up so that it reports missing memory. */
#ifndef CRB_TABLES_H
#define CRB_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An element that could not be added has hh.tbl == NULL afterwards. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((void)(element))
#include <uthash.h>

/** By question number. The numbers of one side follow one another, so number modulo size spreads them evenly; a table that runs
 *  empty keeps its memory, so that a call after a call needs none. */
typedef struct crb_id_node {
    uint64_t id; /* 0: in no table */
    struct crb_id_node *next;
} crb_id_node;

typedef struct crb_id_table {
    crb_id_node **buckets;
    size_t size, count;
} crb_id_table;

/** False: no memory. The id is not in the table yet, and not 0. */
bool crb_id_add(crb_id_table *table, crb_id_node *node, uint64_t id);
/** NULL: not there. */
crb_id_node *crb_id_find(const crb_id_table *table, uint64_t id);
/** Harmless for a node in no table. */
void crb_id_remove(crb_id_table *table, crb_id_node *node);
void crb_id_table_clear(crb_id_table *table);

/** By time: a binary heap. */
typedef struct crb_due {
    uint64_t when;
    size_t place; /* from 1; 0: in no heap */
    bool is_answer;
} crb_due;

typedef struct crb_due_heap {
    crb_due **items;
    size_t n, capacity;
} crb_due_heap;

/** False: no memory. */
bool crb_due_add(crb_due_heap *heap, crb_due *due, uint64_t when);
void crb_due_remove(crb_due_heap *heap, crb_due *due);
/** The earliest; NULL: none. */
crb_due *crb_due_first(const crb_due_heap *heap);
void crb_due_heap_clear(crb_due_heap *heap);

#endif /* CRB_TABLES_H */
