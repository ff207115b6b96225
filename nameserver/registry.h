/** The registry: the servant of corbel.NameServer, over a store. */
#ifndef NS_REGISTRY_H
#define NS_REGISTRY_H

#include "nameserver/store.h"
#include <corbel/naming.corbel.h>

/** The object id under which a name server is found, its own name in its list, and its port. */
#define NS_OBJECT_ID "corbel.NameServer"
#define NS_PORT 9676

/* What a name server takes; everything else raises corbel::InvalidEntry. */
#define NS_MAX_NAME 255 /* bytes of a name or a tag: UTF-8, not empty, no control characters */
#define NS_MAX_TAGS 32
#define NS_MAX_URI 4096

/** Makes a name server's object. Takes the store over, always, and frees it when nothing needs it any more: neither the object
 *  nor a registration that somebody holds. Yours, corbel_NameServer_unref(); NULL: out of memory.
 *  Its operations may run on several workers at once. */
corbel_NameServer *ns_registry_new(corbel_runtime *runtime, ns_store *store);

/** Enters the name server itself, as NS_OBJECT_ID: an entry that stays, and that callers can neither replace, change nor remove.
 */
ns_outcome ns_registry_enter_itself(ns_store *store, const char *uri);

/** Why text cannot be a name or a tag, as a clause; NULL when it can. */
const char *ns_why_not_a_name(const char *text);

#endif /* NS_REGISTRY_H */
