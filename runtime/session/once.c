/* Exactly-once effects: the table of who serves, the book of who calls.
 *
 * Invariants: a key is RUN at most once, unless its call was told to be crb_once_not_run() or crb_once_leave(); a key that was
 * answered is in the table, or below one of its caller's marks; a caller whose marks were forgotten leaves one in the table
 * itself (forgot). Entries that run are never given up. */
#include "runtime/session/once.h"

#include "runtime/session/tables.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct once_slot {
    crb_once_entry entry; /* first: see once_slot_of() */
    struct once_slot_key {
        const crb_once_caller *caller;
        uint64_t sequence;
    } key;
    UT_hash_handle hh;
} once_slot;

struct crb_once_caller {
    struct once_caller_key {
        uint8_t via[16], whose[16];
    } key;
    uint64_t acknowledged; /* every sequence below it is done with */
    uint64_t mark;         /* a sequence below it that is not in the table may have run */
    bool doubtful;         /* it came after somebody was forgotten: it may be the one */
    uint32_t keys;
    uint64_t bytes;
    crb_node entries; /* that do not run */
    uint64_t used;    /* when its last key went, while it has none: */
    crb_node idle;
    UT_hash_handle hh;
};

struct crb_once_table {
    crb_once_limits limits;
    once_slot *slots;
    crb_once_caller *callers;
    uint32_t n_keys, n_running, n_callers;
    uint64_t bytes;
    crb_node by_age;  /* entries that do not run */
    crb_node idle;    /* callers without keys, the oldest first */
    crb_node dropped; /* by_age of those that were given up, with a reply */
    bool forgot;      /* a caller, ever */
};

#define ONCE_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static once_slot *once_slot_of(crb_once_entry *entry)
{
    return (once_slot *)(void *)entry;
}

crb_once_table *crb_once_new(const crb_once_limits *limits)
{
    static const crb_once_limits standard = CRB_ONCE_LIMITS_DEFAULT;
    crb_once_table *const table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->limits = limits == NULL ? standard : *limits;
        crb_list_init(&table->by_age);
        crb_list_init(&table->idle);
        crb_list_init(&table->dropped);
    }
    return table;
}

void crb_once_free(crb_once_table *table)
{
    if (table == NULL) {
        return;
    }
    once_slot *slot, *next_slot;
    crb_once_caller *caller, *next_caller;
    while (crb_once_take_dropped(table) != NULL) {
    }
    HASH_ITER(hh, table->slots, slot, next_slot)
    {
        HASH_DEL(table->slots, slot);
        free(slot);
    }
    HASH_ITER(hh, table->callers, caller, next_caller)
    {
        HASH_DEL(table->callers, caller);
        free(caller);
    }
    free(table);
}

void *crb_once_take_dropped(crb_once_table *table)
{
    if (crb_list_empty(&table->dropped)) {
        return NULL;
    }
    crb_once_entry *const entry = ONCE_CONTAINER(table->dropped.next, crb_once_entry, by_age);
    void *const reply = entry->user;
    crb_list_remove(&entry->by_age);
    free(once_slot_of(entry));
    return reply;
}

/* ---- callers ---- */

static crb_once_caller *once_caller_find(crb_once_table *table, const uint8_t via[16], const uint8_t whose[16])
{
    struct once_caller_key key;
    crb_once_caller *caller = NULL;
    memcpy(key.via, via, sizeof key.via);
    memcpy(key.whose, whose, sizeof key.whose);
    HASH_FIND(hh, table->callers, &key, sizeof key, caller);
    return caller;
}

static void once_caller_free(crb_once_table *table, crb_once_caller *caller)
{
    crb_list_remove(&caller->idle);
    HASH_DEL(table->callers, caller);
    table->n_callers--;
    free(caller);
}

/** Room for one more. False: all are of use. */
static bool once_callers_room(crb_once_table *table, uint64_t now)
{
    if (table->n_callers < table->limits.callers) {
        return true;
    }
    if (crb_list_empty(&table->idle)) {
        return false;
    }
    crb_once_caller *const oldest = ONCE_CONTAINER(table->idle.next, crb_once_caller, idle);
    if (now - oldest->used < table->limits.idle) {
        return false;
    }
    table->forgot = true;
    once_caller_free(table, oldest);
    return true;
}

static crb_once_caller *once_caller_new(crb_once_table *table, const crb_once_key *key)
{
    crb_once_caller *const caller = calloc(1, sizeof *caller);
    if (caller == NULL) {
        return NULL;
    }
    memcpy(caller->key.via, key->via, sizeof caller->key.via);
    memcpy(caller->key.whose, key->whose, sizeof caller->key.whose);
    caller->doubtful = table->forgot;
    crb_list_init(&caller->entries);
    HASH_ADD(hh, table->callers, key, sizeof caller->key, caller);
    if (caller->hh.tbl == NULL) {
        free(caller);
        return NULL;
    }
    table->n_callers++;
    return caller;
}

/* ---- entries ---- */

/** Takes it out of the lists and sums, not out of memory. */
static void once_take_out(crb_once_table *table, crb_once_entry *entry, uint64_t now)
{
    crb_once_caller *const caller = entry->caller;
    table->n_running -= entry->state == CRB_ONCE_RUNNING ? 1 : 0;
    table->n_keys--;
    table->bytes -= entry->bytes;
    caller->bytes -= entry->bytes;
    crb_list_remove(&entry->by_age);
    crb_list_remove(&entry->of_caller);
    HASH_DEL(table->slots, once_slot_of(entry));
    if (--caller->keys == 0) {
        caller->used = now;
        crb_list_append(&table->idle, &caller->idle);
    }
}

/** One that does not run: with a mark, so that it is not entered again. */
static void once_give_up(crb_once_table *table, crb_once_entry *entry, uint64_t now)
{
    crb_once_caller *const caller = entry->caller;
    assert(entry->state != CRB_ONCE_RUNNING);
    if (entry->sequence >= caller->mark) {
        caller->mark = entry->sequence + 1;
    }
    once_take_out(table, entry, now);
    if (entry->state == CRB_ONCE_ANSWERED) {
        crb_list_append(&table->dropped, &entry->by_age);
    } else {
        free(once_slot_of(entry));
    }
}

static crb_once_entry *once_oldest(const crb_node *head)
{
    return crb_list_empty(head) ? NULL : ONCE_CONTAINER(head->next, crb_once_entry, by_age);
}

static crb_once_entry *once_oldest_of(const crb_once_caller *caller)
{
    return crb_list_empty(&caller->entries) ? NULL : ONCE_CONTAINER(caller->entries.next, crb_once_entry, of_caller);
}

/** Room for one key more of caller's. False: so many run. */
static bool once_keys_room(crb_once_table *table, crb_once_caller *caller, uint64_t now)
{
    if (caller->keys >= table->limits.keys_of_one) {
        crb_once_entry *const oldest = once_oldest_of(caller);
        if (oldest == NULL) {
            return false;
        }
        once_give_up(table, oldest, now);
    }
    if (table->n_keys >= table->limits.keys) {
        crb_once_entry *const oldest = once_oldest(&table->by_age);
        if (oldest == NULL) {
            return false;
        }
        once_give_up(table, oldest, now);
    }
    return true;
}

static crb_once_entry *once_entry_new(crb_once_table *table, crb_once_caller *caller, const crb_once_key *key)
{
    once_slot *const slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        return NULL;
    }
    slot->key.caller = caller;
    slot->key.sequence = key->sequence;
    HASH_ADD(hh, table->slots, key, sizeof slot->key, slot);
    if (slot->hh.tbl == NULL) {
        free(slot);
        return NULL;
    }
    slot->entry =
        (crb_once_entry) { .caller = caller, .sequence = key->sequence, .operation = key->operation, .state = CRB_ONCE_RUNNING };
    table->n_keys++;
    table->n_running++;
    if (caller->keys++ == 0) {
        crb_list_remove(&caller->idle);
    }
    return &slot->entry;
}

static crb_once_entry *once_entry_find(crb_once_table *table, const crb_once_caller *caller, uint64_t sequence)
{
    struct once_slot_key key;
    once_slot *slot = NULL;
    memset(&key, 0, sizeof key);
    key.caller = caller;
    key.sequence = sequence;
    HASH_FIND(hh, table->slots, &key, sizeof key, slot);
    return slot == NULL ? NULL : &slot->entry;
}

/** What becomes of one that is known. */
static crb_once_verdict once_again(crb_once_table *table, crb_once_entry *entry, const crb_once_key *key)
{
    if (entry->operation != key->operation) {
        return CRB_ONCE_OTHER;
    }
    if (entry->state == CRB_ONCE_RUNNING) {
        return CRB_ONCE_JOIN;
    }
    if (entry->state == CRB_ONCE_ANSWERED) {
        return CRB_ONCE_REPLAY;
    }
    crb_list_remove(&entry->by_age);
    crb_list_remove(&entry->of_caller);
    entry->state = CRB_ONCE_RUNNING;
    table->n_running++;
    return CRB_ONCE_RUN_AGAIN;
}

crb_once_verdict crb_once_admit(crb_once_table *table, const crb_once_key *key, bool durable, uint64_t now, crb_once_entry **ret)
{
    crb_once_caller *caller = once_caller_find(table, key->via, key->whose);
    crb_once_entry *const known = caller == NULL ? NULL : once_entry_find(table, caller, key->sequence);
    assert(key->sequence != 0);
    if (known != NULL) {
        *ret = known;
        return once_again(table, known, key);
    }
    const bool below = caller != NULL && (key->sequence < caller->mark || key->sequence < caller->acknowledged);
    const bool doubtful = key->again && (caller == NULL ? table->forgot : caller->doubtful);
    if ((below || doubtful) && !durable) {
        return CRB_ONCE_FORGET;
    }
    if (caller == NULL) {
        if (!once_callers_room(table, now)) {
            return CRB_ONCE_FULL;
        }
        caller = once_caller_new(table, key);
        if (caller == NULL) {
            return CRB_ONCE_NO_MEMORY;
        }
        caller->used = now;
        crb_list_append(&table->idle, &caller->idle); /* until it has a key */
    }
    if (!once_keys_room(table, caller, now)) {
        return CRB_ONCE_FULL;
    }
    *ret = once_entry_new(table, caller, key);
    return *ret == NULL ? CRB_ONCE_NO_MEMORY : CRB_ONCE_RUN;
}

bool crb_once_knows(crb_once_table *table, const crb_once_key *key)
{
    const crb_once_caller *const caller = once_caller_find(table, key->via, key->whose);
    return caller != NULL && once_entry_find(table, caller, key->sequence) != NULL;
}

/** It runs no more: the youngest of all that do not. */
static void once_rests(crb_once_table *table, crb_once_entry *entry, crb_once_state state, uint64_t now)
{
    assert(entry->state == CRB_ONCE_RUNNING);
    entry->state = state;
    entry->until = now + table->limits.keep;
    table->n_running--;
    crb_list_append(&table->by_age, &entry->by_age);
    crb_list_append(&entry->caller->entries, &entry->of_caller);
}

void crb_once_answered(crb_once_table *table, crb_once_entry *entry, void *reply, uint64_t bytes, uint64_t now)
{
    crb_once_caller *const caller = entry->caller;
    entry->user = reply;
    entry->waiting = NULL;
    entry->bytes = bytes;
    caller->bytes += bytes;
    table->bytes += bytes;
    once_rests(table, entry, CRB_ONCE_ANSWERED, now);
    if (entry->sequence < caller->acknowledged) {
        once_give_up(table, entry, now);
    }
    while (caller->bytes > table->limits.bytes_of_one) { /* what has bytes does not run */
        once_give_up(table, once_oldest_of(caller), now);
    }
    while (table->bytes > table->limits.bytes) {
        once_give_up(table, once_oldest(&table->by_age), now);
    }
}

void crb_once_unkept(crb_once_table *table, crb_once_entry *entry, uint64_t now)
{
    once_rests(table, entry, CRB_ONCE_UNSURE, now);
    once_give_up(table, entry, now);
}

void crb_once_leave(crb_once_table *table, crb_once_entry *entry, uint64_t now)
{
    assert(entry->state == CRB_ONCE_RUNNING);
    once_take_out(table, entry, now);
    free(once_slot_of(entry));
}

void crb_once_unsure(crb_once_table *table, crb_once_entry *entry, uint64_t now)
{
    entry->user = NULL;
    entry->waiting = NULL;
    once_rests(table, entry, CRB_ONCE_UNSURE, now);
    if (entry->sequence < entry->caller->acknowledged) {
        once_give_up(table, entry, now);
    }
}

void crb_once_not_run(crb_once_table *table, crb_once_entry *entry, bool before, uint64_t now)
{
    if (before) {
        crb_once_unsure(table, entry, now);
    } else {
        crb_once_leave(table, entry, now);
    }
}

void crb_once_acknowledge(crb_once_table *table, const uint8_t via[16], const uint8_t whose[16], uint64_t below, uint64_t now)
{
    crb_once_caller *const caller = once_caller_find(table, via, whose);
    if (caller == NULL || below <= caller->acknowledged) {
        return;
    }
    caller->acknowledged = below;
    crb_node *next = NULL;
    for (crb_node *node = caller->entries.next; node != &caller->entries; node = next) {
        crb_once_entry *const entry = ONCE_CONTAINER(node, crb_once_entry, of_caller);
        next = node->next;
        if (entry->sequence < below) {
            once_give_up(table, entry, now);
        }
    }
}

uint64_t crb_once_expire(crb_once_table *table, uint64_t now)
{
    crb_once_entry *oldest;
    while ((oldest = once_oldest(&table->by_age)) != NULL && oldest->until <= now) {
        once_give_up(table, oldest, now);
    }
    return oldest == NULL ? UINT64_MAX : oldest->until;
}

void crb_once_drop_all(crb_once_table *table)
{
    (void)crb_once_expire(table, UINT64_MAX);
}

crb_once_stats crb_once_get_stats(const crb_once_table *table)
{
    return (crb_once_stats) {
        .keys = table->n_keys, .running = table->n_running, .bytes = table->bytes, .callers = table->n_callers
    };
}

/* ---- who calls ---- */

void crb_once_book_init(crb_once_book *book)
{
    book->last = 0;
    crb_list_init(&book->open);
}

void crb_once_draw(crb_once_book *book, crb_once_mine *mine)
{
    *mine = (crb_once_mine) { .sequence = ++book->last };
    crb_list_append(&book->open, &mine->open);
}

void crb_once_close(crb_once_book *book, crb_once_mine *mine)
{
    (void)book;
    crb_list_remove(&mine->open);
}

uint64_t crb_once_lowest(const crb_once_book *book)
{
    return crb_list_empty(&book->open) ? book->last + 1 : ONCE_CONTAINER(book->open.next, crb_once_mine, open)->sequence;
}
