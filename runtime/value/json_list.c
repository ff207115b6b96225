/* Arrays and objects of JSON as sequences, arrays and maps. The items of a map come in any order, and leave in that of their
 * keys. */
#include "runtime/base/fail.h"
#include "runtime/value/json_read.h"

#include <stdlib.h>

/** The message behind ids begins with one byte for its length. */
static size_t list_begin(crb_json_reader *r, uint32_t id)
{
    crb_encode_tag(&r->e, id, CRB_WIRE_LEN);
    return crb_encode_begin(&r->e);
}

static bool list_count(crb_json_reader *r, const corbel_type *type, size_t n, const crb_path *path)
{
    if (type->kind == CORBEL_KIND_ARRAY) {
        return n == type->bound || crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%zu items, not %u", n, type->bound);
    }
    return type->bound == 0 || n <= type->bound ||
           crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%zu items, at most %u", n, type->bound);
}

static bool list_items(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, const crb_path *path)
{
    const bool packed = crb_is_packable(type->element);
    if (!json_is_array(json)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s, not an array", crb_json_what(json));
    }
    const size_t n = json_array_size(json);
    if (n == 0) {
        return list_count(r, type, n, path);
    }
    const size_t start = packed ? list_begin(r, id) : 0;
    for (size_t i = 0; i < n; i++) {
        const crb_path here = { .up = path, .index = i, .dimensions = type->dimensions };
        json_t *const item = json_array_get(json, i);
        uint64_t wire = 0;
        if (packed ? !crb_json_read_scalar(r, item, type->element, &here, &wire)
                   : !crb_json_read_value(r, item, id, type->element, true, &here)) {
            return false;
        }
        if (packed) {
            crb_encode_scalar(&r->e, type->element->kind, wire);
        }
    }
    if (packed) {
        crb_encode_end(&r->e, start);
    }
    return list_count(r, type, n, path);
}

/* ---- maps ---- */

/** An item in the output. */
typedef struct list_entry {
    size_t at, len;
    size_t key; /* of a string: where in list_map.keys */
    int64_t number;
} list_entry;

typedef struct list_map {
    const corbel_type *key;
    list_entry *entries;
    size_t n, capacity;
    crb_buf keys; /* strings, each with its NUL */
} list_map;

static int list_compare(const void *a, const void *b, void *user)
{
    const list_map *const map = user;
    const list_entry *const x = a, *const y = b;
    if (map->key->kind == CORBEL_KIND_STRING) {
        return strcmp((const char *)map->keys.data + x->key, (const char *)map->keys.data + y->key);
    }
    const bool less = crb_is_signed(map->key->kind) ? x->number < y->number : (uint64_t)x->number < (uint64_t)y->number;
    return x->number == y->number ? 0 : less ? -1 : 1;
}

static list_entry *list_add(list_map *map)
{
    if (map->n == map->capacity) {
        const size_t capacity = map->capacity > 0 ? 2 * map->capacity : 16;
        list_entry *const entries = realloc(map->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            return NULL;
        }
        map->entries = entries;
        map->capacity = capacity;
    }
    map->entries[map->n] = (list_entry) { 0 };
    return &map->entries[map->n++];
}

static bool list_no_memory(crb_json_reader *r)
{
    crb_fail(&r->error, CORBEL_NO_MEMORY, CORBEL_COMPLETED_NO, "no memory for a map");
    return false;
}

/** The key, which is a string in JSON, whatever it is. */
static bool list_key(crb_json_reader *r, list_map *map, list_entry *entry, const char *text, const corbel_member *key,
                     const crb_path *path)
{
    const size_t len = strlen(text); /* jansson takes none with a NUL */
    if (key->type->kind == CORBEL_KIND_STRING) {
        if (!crb_json_fits(r, key->type, text, len, path)) {
            return false;
        }
        entry->key = map->keys.len;
        crb_buf_append(&map->keys, text, len + 1);
        if (map->keys.failed) {
            return list_no_memory(r);
        }
        crb_encode_tag(&r->e, key->id, CRB_WIRE_LEN);
        crb_encode_varint(&r->e, len);
        crb_encode_bytes(&r->e, text, len);
        return true;
    }
    uint64_t wire = 0;
    if (!crb_json_scalar_of(r, key->type, text, len, path, &wire)) {
        return false;
    }
    entry->number = crb_is_signed(key->type->kind) && key->type->kind != CORBEL_KIND_ENUM ? crb_unzigzag(wire) : (int64_t)wire;
    crb_encode_tag(&r->e, key->id, crb_wire_type_of(key->type));
    crb_encode_scalar(&r->e, key->type->kind, wire);
    return true;
}

/** at: jansson's iterator. */
static bool list_map_item(crb_json_reader *r, void *at, uint32_t id, const corbel_type *type, list_map *map, const crb_path *path)
{
    const corbel_member *const key = &type->element->members[0], *const value = &type->element->members[1];
    const crb_path here = { .up = path, .index = map->n };
    const crb_path key_path = { .up = &here, .name = key->name }, value_path = { .up = &here, .name = value->name };
    list_entry *const entry = list_add(map);
    if (entry == NULL) {
        return list_no_memory(r);
    }
    entry->at = r->out.len;
    if (!crb_json_enter(r, path)) {
        return false;
    }
    const size_t start = list_begin(r, id);
    if (!list_key(r, map, entry, json_object_iter_key(at), key, &key_path) ||
        !crb_json_read_value(r, json_object_iter_value(at), value->id, value->type, false, &value_path)) {
        return false;
    }
    crb_encode_end(&r->e, start);
    r->depth++;
    entry->len = r->out.len - entry->at;
    return true;
}

/** Brings the items in the output, from before on, into the order of their keys. */
static bool list_sort(crb_json_reader *r, list_map *map, size_t before, const crb_path *path)
{
    bool sorted = true;
    for (size_t i = 1; i < map->n && sorted; i++) {
        sorted = list_compare(&map->entries[i - 1], &map->entries[i], map) < 0;
    }
    if (sorted || r->out.failed) {
        return true;
    }
    qsort_r(map->entries, map->n, sizeof *map->entries, list_compare, map);
    const size_t len = r->out.len - before;
    uint8_t *const copy = malloc(len);
    if (copy == NULL) {
        return list_no_memory(r);
    }
    memcpy(copy, r->out.data + before, len);
    size_t to = before;
    bool done = true;
    for (size_t i = 0; i < map->n && done; i++) {
        const list_entry *const entry = &map->entries[i];
        if (i > 0 && list_compare(entry - 1, entry, map) == 0) {
            done = crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "the same key again");
        } else {
            memcpy(r->out.data + to, copy + (entry->at - before), entry->len);
            to += entry->len;
        }
    }
    free(copy);
    return done;
}

static bool list_map_items(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, const crb_path *path)
{
    list_map map = { .key = type->element->members[0].type, .keys = CRB_BUF_INIT };
    const size_t before = r->out.len;
    if (!json_is_object(json)) {
        return crb_json_fail(&r->error, CORBEL_INVALID_ARGUMENT, path, "%s, not an object", crb_json_what(json));
    }
    bool done = true;
    for (void *at = json_object_iter(json); done && at != NULL; at = json_object_iter_next(json, at)) {
        done = list_map_item(r, at, id, type, &map, path);
    }
    done = done && list_count(r, type, map.n, path) && list_sort(r, &map, before, path);
    free(map.entries);
    crb_buf_clear(&map.keys);
    return done;
}

bool crb_json_read_list(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, const crb_path *path)
{
    return type->kind == CORBEL_KIND_MAP ? list_map_items(r, json, id, type, path) : list_items(r, json, id, type, path);
}
