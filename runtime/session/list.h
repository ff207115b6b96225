/** Doubly linked rings of nodes that are part of what they link. */
#ifndef CRB_LIST_H
#define CRB_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct crb_node {
    struct crb_node *next, *prev; /* NULL: in no list */
} crb_node;

/** Makes node the head of an empty list. */
static inline void crb_list_init(crb_node *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool crb_list_empty(const crb_node *head)
{
    return head->next == head;
}

static inline bool crb_node_linked(const crb_node *node)
{
    return node->next != NULL;
}

/** Puts node in front of at: at the end of the list whose head is at. */
static inline void crb_list_append(crb_node *at, crb_node *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

/** Harmless for a node in no list. */
static inline void crb_list_remove(crb_node *node)
{
    if (node->next != NULL) {
        node->prev->next = node->next;
        node->next->prev = node->prev;
        node->next = NULL;
        node->prev = NULL;
    }
}

#endif /* CRB_LIST_H */
