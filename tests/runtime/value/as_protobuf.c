#include "tests/runtime/value/as_protobuf.h"
#include "tests/runtime/value/fake_object.h"

#include <string.h>

static char *text(const char *from)
{
    return (char *)(uintptr_t)(from != NULL ? from : "");
}

static uint64_t tag(const kinds_Thing *thing)
{
    return thing != NULL ? (uint64_t)(thing - fake_objects) + 1 : 0;
}

/** to.name and to.n_name from a view; item: of i. */
#define LIST(to, name, view, item)                                                                                               \
    do {                                                                                                                         \
        (to)->n_##name = (view).len;                                                                                             \
        (to)->name = crb_arena_alloc(arena, (view).len, sizeof *(to)->name);                                                     \
        for (size_t i = 0; i < (view).len; i++) {                                                                                \
            (to)->name[i] = (item);                                                                                              \
        }                                                                                                                        \
    } while (0)

static Kinds__Point *point(crb_arena *arena, const kinds_Point *from)
{
    Kinds__Point *to = crb_arena_alloc(arena, 1, sizeof *to);
    kinds__point__init(to);
    to->x = from->x;
    to->y = from->y;
    return from->x != 0 || from->y != 0 ? to : NULL;
}

static Kinds__Inner *inner(crb_arena *arena, const kinds_Inner *from)
{
    Kinds__Inner *to = crb_arena_alloc(arena, 1, sizeof *to);
    kinds__inner__init(to);
    to->text = text(from->text);
    LIST(to, numbers, from->numbers, from->numbers.items[i]);
    to->point = point(arena, &from->point);
    to->object = tag(from->object);
    LIST(to, children, from->children, inner(arena, &from->children.items[i]));
    return to;
}

static ProtobufCBinaryData octets(corbel_bytes from)
{
    return (ProtobufCBinaryData) { from.len, (uint8_t *)(uintptr_t)from.items };
}

static Kinds__NumberList *number_list(crb_arena *arena, corbel_int32_seq from)
{
    Kinds__NumberList *to = crb_arena_alloc(arena, 1, sizeof *to);
    kinds__number_list__init(to);
    LIST(to, items, from, from.items[i]);
    return to;
}

static Kinds__InnerList *inner_list(crb_arena *arena, kinds_Inner_seq from)
{
    Kinds__InnerList *to = crb_arena_alloc(arena, 1, sizeof *to);
    kinds__inner_list__init(to);
    LIST(to, items, from, inner(arena, &from.items[i]));
    return to;
}

Kinds__All *as_protobuf(crb_arena *arena, const kinds_All *all)
{
    Kinds__All *to = crb_arena_alloc(arena, 1, sizeof *to);
    kinds__all__init(to);
    to->b = all->b;
    to->octet = all->octet;
    to->c = (uint8_t)all->c;
    to->i16 = all->i16;
    to->u16 = all->u16;
    to->i32 = all->i32;
    to->u32 = all->u32;
    to->i64 = all->i64;
    to->u64 = all->u64;
    to->f = all->f;
    to->d = all->d;
    to->color = (Kinds__Color)all->color;
    to->text = text(all->text);
    to->inner = inner(arena, &all->inner);
    if (kinds__inner__get_packed_size(to->inner) == 0) {
        to->inner = NULL;
    }
    to->object = tag(all->object);
    to->data = octets(all->data);
    LIST(to, bools, all->bools, all->bools.items[i]);
    LIST(to, chars, all->chars, (uint8_t)all->chars.items[i]);
    LIST(to, i16s, all->i16s, all->i16s.items[i]);
    LIST(to, u16s, all->u16s, all->u16s.items[i]);
    LIST(to, i32s, all->i32s, all->i32s.items[i]);
    LIST(to, u32s, all->u32s, all->u32s.items[i]);
    LIST(to, i64s, all->i64s, all->i64s.items[i]);
    LIST(to, u64s, all->u64s, all->u64s.items[i]);
    LIST(to, floats, all->floats, all->floats.items[i]);
    LIST(to, doubles, all->doubles, all->doubles.items[i]);
    LIST(to, colors, all->colors, (Kinds__Color)all->colors.items[i]);
    LIST(to, texts, all->texts, text(all->texts.items[i]));
    LIST(to, inners, all->inners, inner(arena, &all->inners.items[i]));
    LIST(to, objects, all->objects, tag(all->objects.items[i]));
    LIST(to, blobs, all->blobs, octets(all->blobs.items[i]));
    LIST(to, numbers, all->numbers, number_list(arena, all->numbers.items[i]));
    LIST(to, inner_lists, all->inner_lists, inner_list(arena, all->inner_lists.items[i]));
    to->last = point(arena, &all->last);
    return to;
}
