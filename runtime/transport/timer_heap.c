/* A pairing heap. In a list of siblings, prev is the sibling before, or the parent for the first one. The root has neither. */
#include "runtime/transport/timer_heap.h"

#include <stddef.h>

/* Makes the later of two roots the first child of the other; returns the earlier. */
static crb_timer *heap_meld(crb_timer *a, crb_timer *b)
{
    if (a == NULL) {
        return b;
    }
    if (b == NULL) {
        return a;
    }
    if (b->when < a->when) {
        crb_timer *later = a;
        a = b;
        b = later;
    }
    b->next = a->child;
    if (b->next != NULL) {
        b->next->prev = b;
    }
    b->prev = a;
    a->child = b;
    a->next = NULL;
    a->prev = NULL;
    return a;
}

/* One root from a list of siblings: pairs from the left, then all pairs from the right. */
static crb_timer *heap_join(crb_timer *first)
{
    crb_timer *pairs = NULL;
    while (first != NULL) {
        crb_timer *a = first;
        crb_timer *b = a->next;
        first = b != NULL ? b->next : NULL;
        a->next = NULL;
        a->prev = NULL;
        if (b != NULL) {
            b->next = NULL;
            b->prev = NULL;
        }
        crb_timer *pair = heap_meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    crb_timer *root = NULL;
    while (pairs != NULL) {
        crb_timer *pair = pairs;
        pairs = pair->next;
        pair->next = NULL;
        root = heap_meld(root, pair);
    }
    return root;
}

void crb_timer_heap_insert(crb_timer_heap *heap, crb_timer *timer)
{
    timer->child = NULL;
    timer->next = NULL;
    timer->prev = NULL;
    timer->set = true;
    heap->root = heap_meld(heap->root, timer);
}

void crb_timer_heap_remove(crb_timer_heap *heap, crb_timer *timer)
{
    crb_timer *rest = heap_join(timer->child);
    if (timer == heap->root) {
        heap->root = rest;
    } else {
        if (timer->prev->child == timer) {
            timer->prev->child = timer->next;
        } else {
            timer->prev->next = timer->next;
        }
        if (timer->next != NULL) {
            timer->next->prev = timer->prev;
        }
        heap->root = heap_meld(heap->root, rest);
    }
    timer->child = NULL;
    timer->next = NULL;
    timer->prev = NULL;
    timer->set = false;
}
