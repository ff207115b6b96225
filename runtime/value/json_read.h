/** The inside of the reader of JSON. It writes what the wire would carry, which the decoder then reads: so that both have the
 * same limits and the same outputs. */
#ifndef CRB_JSON_READ_H
#define CRB_JSON_READ_H

#include "runtime/value/any.h"
#include "runtime/value/encode.h"
#include "runtime/value/json_tree.h"

typedef struct crb_json_reader {
    corbel_error error;
    crb_buf out;
    crb_encoder e;                       /* writes to out */
    uint32_t depth;                      /* left */
    corbel_runtime *runtime;             /* NULL: references are refused */
    crb_buf scratch;                     /* octets while they are decoded */
    crb_any_objects objects;             /* the references made; the message names them by their places, from 1 */
    const corbel_object_seq *references; /* what "#1", … stand for; NULL: nothing */
} crb_json_reader;

void crb_json_reader_init(crb_json_reader *r, corbel_runtime *runtime);
void crb_json_reader_clear(crb_json_reader *r);
/** Has read() turn the text's tree into the message in r->out. On failure error is filled in. */
corbel_status crb_json_reader_run(crb_json_reader *r, const char *text,
                                  bool (*read)(crb_json_reader *r, json_t *json, const void *user), const void *user,
                                  corbel_error *error);
/** The references of that message for its decoder: a crb_ref_reader's take(); user is r->objects. */
corbel_object *crb_json_reader_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr);

/** A value as field id of the message. wrapped: a sequence, map or array stands in a message of its own. */
bool crb_json_read_value(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, bool wrapped,
                         const crb_path *path);
/** A scalar or reference as the number that travels. */
bool crb_json_read_scalar(crb_json_reader *r, json_t *json, const corbel_type *type, const crb_path *path, uint64_t *ret);
/** A number, boolean or enumerator from the text of a string: of the whole of it. */
bool crb_json_scalar_of(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, const crb_path *path,
                        uint64_t *ret);
/** Sequence, array or map as a field of its own. */
bool crb_json_read_list(crb_json_reader *r, json_t *json, uint32_t id, const corbel_type *type, const crb_path *path);
/** The string, without a NUL; NULL: it is none. Borrowed from json. */
const char *crb_json_string(crb_json_reader *r, json_t *json, const crb_path *path, size_t *ret_len);
/** Is the text within the type's bound? */
bool crb_json_fits(crb_json_reader *r, const corbel_type *type, const char *text, size_t len, const crb_path *path);
/** One message deeper; false: too deep. */
bool crb_json_enter(crb_json_reader *r, const crb_path *path);

#endif /* CRB_JSON_READ_H */
