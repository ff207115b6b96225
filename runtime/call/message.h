/** Messages of <corbel/dynamic.h> on their way into calls and out of them. */
#ifndef CRB_MESSAGE_H
#define CRB_MESSAGE_H

#include "runtime/call/call_impl.h"

#include <corbel/dynamic.h>

/** Puts the message into an empty body and an empty list. What the entries' interfaces point to must live as long as the list. */
corbel_status crb_message_send(const corbel_message *message, crb_buf *body, crb_ref_list *refs, corbel_error *reterr);
/** A message with its own counts from what has come; interfaces are copied. ret NULL: nothing to do. Completion YES. */
corbel_status crb_message_received(const uint8_t *body, size_t len, const crb_ref *refs, size_t n, corbel_message *ret,
                                   corbel_error *reterr);
/** A crb_ref_reader's take(); user is a corbel_message. */
corbel_object *crb_message_take(void *user, uint64_t tag, const corbel_interface *interface, corbel_error *reterr);

#endif /* CRB_MESSAGE_H */
