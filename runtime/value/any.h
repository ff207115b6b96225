/** The inside of corbel_any. Its value is what the codec writes for one parameter with id 1, but of a struct or union, whose
 * message it is itself; a reference in it is an index into its own list, from 1. So it is passed on as it is, with whatever it is
 * made of. */
#ifndef CRB_ANY_H
#define CRB_ANY_H

#include "runtime/base/block.h"
#include "runtime/value/decode.h"

#include <corbel/any.h>
#include <stdatomic.h>

struct corbel_any {
    _Atomic uint32_t refs;
    size_t n_objects;
    corbel_object **objects; /* counted; NULL: nil, or gone */
    const char *type;        /* not "" */
    size_t len;
    const uint8_t *value;
    /* and then objects, value and type's text */
};

/** An any with room for n_objects (all NULL) and len bytes, to be filled in before anybody else sees it. NULL: no memory. */
corbel_any *crb_any_new(const char *type, size_t type_len, size_t len, size_t n_objects);
/** Where the value of a new any goes. */
uint8_t *crb_any_bytes(corbel_any *any);
/** An any from what the codec wrote. bytes are copied, objects' counts taken over, on failure, too. */
corbel_any *crb_any_from_parts(const char *type, const uint8_t *bytes, size_t len, corbel_object *const *objects,
                               size_t n_objects);

/** The writer's list of references of an any. */
typedef struct crb_any_objects {
    corbel_object **items; /* malloc'ed; counted */
    size_t len, capacity;
} crb_any_objects;
uint64_t crb_any_objects_add(void *user, corbel_object *object, const corbel_interface *interface, corbel_error *reterr);
void crb_any_objects_clear(crb_any_objects *objects);
/** The reader's; user is a corbel_any. */
corbel_object *crb_any_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr);

/** What an any would be that holds a value of this type: writes the type's text, at most max - 1 bytes and a NUL. Returns the
 *  length of all of it, as snprintf() does. */
size_t crb_type_text(const corbel_type *type, char *out, size_t max);
/** Is this text the type's? */
bool crb_type_is(const corbel_type *type, const char *text);

/** Writes the fields of an any, nothing for NULL. refs may be NULL. false: refused, and reterr filled in. */
bool crb_any_write(const corbel_any *any, const crb_ref_writer *refs, crb_buf *out, corbel_error *reterr);
/** Reads them over the any at place (NULL at first), which belongs to d->held then. */
bool crb_any_read(crb_decoder *d, void *at, crb_span contents, const crb_path *path);

static inline corbel_any *crb_any_get(const void *at)
{
    corbel_any *any;
    memcpy(&any, at, sizeof any);
    return any;
}

static inline void crb_any_set(void *at, corbel_any *any)
{
    memcpy(at, &any, sizeof any);
}

#endif /* CRB_ANY_H */
