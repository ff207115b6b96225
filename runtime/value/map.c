/* Order in maps. Sorting is by heap: in place, in bounded time for any input, without memory of its own. */
#include "runtime/value/map.h"
#include "runtime/value/field.h"

int crb_map_compare_keys(const corbel_type *key, const void *a, const void *b)
{
    if (key->kind == CORBEL_KIND_STRING) {
        return strcmp(crb_string_get(a), crb_string_get(b));
    }
    const int64_t x = crb_integer_get(key, a), y = crb_integer_get(key, b);
    const bool less = crb_is_signed(key->kind) ? x < y : (uint64_t)x < (uint64_t)y;
    return x == y ? 0 : less ? -1 : 1;
}

size_t crb_map_disorder(const corbel_type *type, const void *items, size_t len, bool *ret_twice)
{
    const corbel_member *key = &type->element->members[0];
    const size_t size = type->element->size;
    for (size_t i = 1; i < len; i++) {
        const uint8_t *at = (const uint8_t *)items + i * size + key->offset;
        const int order = crb_map_compare_keys(key->type, at - size, at);
        if (order >= 0) {
            *ret_twice = order == 0;
            return i;
        }
    }
    return len;
}

const void *corbel_map_find(const corbel_type *type, const void *map, const void *key)
{
    const crb_view view = crb_view_get(map);
    const corbel_member *member = &type->element->members[0];
    size_t low = 0, high = view.len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint8_t *item = (const uint8_t *)view.items + middle * type->element->size;
        const int order = crb_map_compare_keys(member->type, item + member->offset, key);
        if (order == 0) {
            return item;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static void map_swap(uint8_t *a, uint8_t *b, size_t size)
{
    uint8_t piece[64];
    while (size > 0) {
        const size_t n = size < sizeof piece ? size : sizeof piece;
        memcpy(piece, a, n);
        memcpy(a, b, n);
        memcpy(b, piece, n);
        a += n;
        b += n;
        size -= n;
    }
}

/** Lets the item at the root sink in the heap of n items, whose largest key stands at its top. */
static void map_sink(const corbel_type *item, uint8_t *items, size_t root, size_t n)
{
    const corbel_member *key = &item->members[0];
    while (root < n / 2) {
        size_t child = 2 * root + 1;
        const uint8_t *at = items + child * item->size + key->offset;
        if (child + 1 < n && crb_map_compare_keys(key->type, at, at + item->size) < 0) {
            child++;
            at += item->size;
        }
        uint8_t *top = items + root * item->size;
        if (crb_map_compare_keys(key->type, top + key->offset, at) >= 0) {
            return;
        }
        map_swap(top, items + child * item->size, item->size);
        root = child;
    }
}

void corbel_map_sort(const corbel_type *type, void *items, size_t len)
{
    bool twice = false;
    if (crb_map_disorder(type, items, len, &twice) == len) {
        return;
    }
    for (size_t i = len / 2; i > 0; i--) {
        map_sink(type->element, items, i - 1, len);
    }
    for (size_t n = len; n > 1; n--) {
        map_swap(items, (uint8_t *)items + (n - 1) * type->element->size, type->element->size);
        map_sink(type->element, items, 0, n - 1);
    }
}
