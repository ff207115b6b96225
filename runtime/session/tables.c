/* Numbers and deadlines of what is under way. */
#include "runtime/session/tables.h"

#include <assert.h>
#include <stdlib.h>

enum { TABLE_FIRST_SIZE = 16 };

static bool id_grow(crb_id_table *table)
{
    const size_t size = table->size == 0 ? TABLE_FIRST_SIZE : table->size * 2;
    crb_id_node **const buckets = calloc(size, sizeof *buckets);
    if (buckets == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->size; i++) {
        crb_id_node *node = table->buckets[i];
        while (node != NULL) {
            crb_id_node *const next = node->next;
            node->next = buckets[node->id & (size - 1)];
            buckets[node->id & (size - 1)] = node;
            node = next;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->size = size;
    return true;
}

bool crb_id_add(crb_id_table *table, crb_id_node *node, uint64_t id)
{
    assert(id != 0 && node->id == 0 && crb_id_find(table, id) == NULL);
    if (table->count >= table->size && !id_grow(table)) {
        return false;
    }
    crb_id_node **const bucket = &table->buckets[id & (table->size - 1)];
    node->id = id;
    node->next = *bucket;
    *bucket = node;
    table->count++;
    return true;
}

crb_id_node *crb_id_find(const crb_id_table *table, uint64_t id)
{
    crb_id_node *node = table->size == 0 ? NULL : table->buckets[id & (table->size - 1)];
    while (node != NULL && node->id != id) {
        node = node->next;
    }
    return node;
}

void crb_id_remove(crb_id_table *table, crb_id_node *node)
{
    if (node->id == 0) {
        return;
    }
    crb_id_node **at = &table->buckets[node->id & (table->size - 1)];
    while (*at != node) {
        at = &(*at)->next;
    }
    *at = node->next;
    node->id = 0;
    table->count--;
}

void crb_id_table_clear(crb_id_table *table)
{
    free(table->buckets);
    *table = (crb_id_table) { 0 };
}

/* ---- by time ---- */

static void due_put(crb_due_heap *heap, size_t place, crb_due *due)
{
    heap->items[place - 1] = due;
    due->place = place;
}

static void due_up(crb_due_heap *heap, crb_due *due, size_t place)
{
    while (place > 1 && heap->items[place / 2 - 1]->when > due->when) {
        due_put(heap, place, heap->items[place / 2 - 1]);
        place /= 2;
    }
    due_put(heap, place, due);
}

static void due_down(crb_due_heap *heap, crb_due *due, size_t place)
{
    while (place * 2 <= heap->n) {
        size_t child = place * 2;
        if (child < heap->n && heap->items[child]->when < heap->items[child - 1]->when) {
            child++;
        }
        if (heap->items[child - 1]->when >= due->when) {
            break;
        }
        due_put(heap, place, heap->items[child - 1]);
        place = child;
    }
    due_put(heap, place, due);
}

bool crb_due_add(crb_due_heap *heap, crb_due *due, uint64_t when)
{
    assert(due->place == 0);
    if (heap->n == heap->capacity) {
        const size_t capacity = heap->capacity == 0 ? TABLE_FIRST_SIZE : heap->capacity * 2;
        crb_due **const items = realloc(heap->items, capacity * sizeof *items);
        if (items == NULL) {
            return false;
        }
        heap->items = items;
        heap->capacity = capacity;
    }
    due->when = when;
    heap->n++;
    due_up(heap, due, heap->n);
    return true;
}

void crb_due_remove(crb_due_heap *heap, crb_due *due)
{
    const size_t place = due->place;
    if (place == 0) {
        return;
    }
    due->place = 0;
    crb_due *const last = heap->items[--heap->n];
    if (last == due) {
        return;
    }
    if (place > 1 && heap->items[place / 2 - 1]->when > last->when) {
        due_up(heap, last, place);
    } else {
        due_down(heap, last, place);
    }
}

crb_due *crb_due_first(const crb_due_heap *heap)
{
    return heap->n == 0 ? NULL : heap->items[0];
}

void crb_due_heap_clear(crb_due_heap *heap)
{
    free(heap->items);
    *heap = (crb_due_heap) { 0 };
}
