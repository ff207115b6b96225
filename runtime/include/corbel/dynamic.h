/** Dynamic calls and dynamic serving: for gateways, tools and recorders, which have no generated code for what they call or
 * serve.
 *
 *  Three forms of a call, from the easiest to the barest:
 *  - JSON: corbel_json_call() and its halves. Arguments and results are JSON objects by the parameters' names.
 *  - C values: the functions of generated stubs, corbel_stub_call(), corbel_stub_begin() and corbel_stub_finish()
 *    (<corbel/generated.h>), take the operations of an interface that was described at run time as well. Values are laid out as
 * its tables say (corbel_type.size, corbel_member.offset), which need not be as in a generated struct of the same type;
 *    corbel_output_size(), corbel_output_value() and corbel_output_clear() handle what comes out.
 *  - Raw: corbel_raw_call() and its halves send and get bodies as they travel, undecoded, with the references in them.
 *
 *  And one of serving: corbel_raw_new() makes an object whose calls, of any operation, come to one function, which answers in any
 * of the three forms, or passes the call on undecoded. */
#ifndef CORBEL_DYNAMIC_H
#define CORBEL_DYNAMIC_H

#include <corbel/call.h>
#include <corbel/corbel.h>
#include <corbel/generated.h>

CORBEL_BEGIN_DECLS

/* ---- interfaces ---- */

/** What the process of an object understands by an interface: its corbel.Daemon is asked, and tables are made of the answer,
 * which say all that the IDL says, comments too. They are read, not written. name: NULL is the object's own, most derived,
 * interface. ret: yours, corbel_interface_unref(). Calls hold the tables of their operations; types and operations in them are
 * otherwise gone with the last count, and so an error that was asked for an exception by such a type ends before. Where a
 * corbel_interface is stored with a reference (corbel_object_from_uri(), corbel_object_cast()), such tables count as no
 * interface. CORBEL_NOT_FOUND: that process does not tell, or the object is one of corbel_raw_new() that takes calls of any
 * interface. CORBEL_DECODE, CORBEL_LIMIT: it told nonsense, or too much. Else as a call. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_object_describe(corbel_object *self, const char *name,
                                                                  const corbel_interface **ret, corbel_error *reterr);
/** The description as JSON, proto3's form of corbel::InterfaceDescription (<corbel/daemon.idl>): to be kept in a file. ret:
 * yours, corbel_string_free(). */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_interface_to_json(const corbel_interface *self, char **ret,
                                                                    corbel_error *reterr);
/** Reads it. ret: yours, corbel_interface_unref(). CORBEL_INVALID_ARGUMENT: it is no description. CORBEL_LIMIT. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_interface_from_json(const char *json, const corbel_interface **ret,
                                                                      corbel_error *reterr);
/** Counts; generated interfaces live for ever, and are only returned. Any thread. Takes NULL. */
CORBEL_API const corbel_interface *corbel_interface_ref(const corbel_interface *self);
/** Takes NULL, returns NULL. */
CORBEL_API const corbel_interface *corbel_interface_unref(const corbel_interface *self);
/** The operation by its name ("withdraw", "get_balance") or, where interfaces that it inherits from have several of that name,
 * with its interface ("bank::Account::withdraw"). NULL: none; then reterr is CORBEL_UNIMPLEMENTED, completion NO, and says what
 * might have been meant. Borrowed from self. */
CORBEL_API const corbel_operation *corbel_interface_operation(const corbel_interface *self, const char *name,
                                                              corbel_error *reterr);

/* ---- outputs of any type ---- */

/** Bytes of room for an output of the type: out[i] of corbel_stub_call() is the address of so many, aligned for any type. */
CORBEL_API size_t corbel_output_size(const corbel_type *type);
/** The address of the C value in such an output after a call that succeeded. */
CORBEL_API const void *corbel_output_value(const corbel_type *type, const void *output);
/** Releases what the output holds, and zeroes it. */
CORBEL_API void corbel_output_clear(const corbel_type *type, void *output);

/* ---- messages ---- */

/** A reference that travels beside a body, which names it by its tag. */
typedef struct corbel_tagged {
    uint64_t tag;          /**< not 0; names one reference in one message; of corbel_message_encode() 1, 2, … */
    corbel_object *object; /**< NULL: an object that does not exist any more */
    const char *interface; /**< as what it is passed: "bank::Account"; NULL: as what it is known */
} corbel_tagged;

/** Arguments, results or an exception as they travel: docs/protocol.md, "Values". One that a function below filled in is yours,
 * in one block with a count of each reference: corbel_message_clear(). One that you fill in is only read. */
typedef struct corbel_message {
    corbel_bytes body;
    size_t n_references;
    const corbel_tagged *references;
} corbel_message;
/** What an empty corbel_message starts with. */
#define CORBEL_MESSAGE_INIT                                                                                                      \
    {                                                                                                                            \
        { 0, NULL }, 0, NULL                                                                                                     \
    }
/** Releases one that is yours, and makes it CORBEL_MESSAGE_INIT again. Takes NULL. */
CORBEL_API void corbel_message_clear(corbel_message *self);

/** Writes n values as a message, with all checks of a call: params is operation->in for arguments, operation->out for results;
 *  values[i] is the address of the C value of params[i]. CORBEL_INVALID_ARGUMENT: the path to what is wrong is in the message.
 *  Completion NO. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_message_encode(const corbel_param *params, uint32_t n,
                                                                 const void *const *values, corbel_message *ret,
                                                                 corbel_error *reterr);
/** Reads it. out[i] as for corbel_stub_call(): yours, corbel_output_clear(); NULL: not wanted. All or nothing. CORBEL_DECODE,
 *  CORBEL_LIMIT: as for results. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_message_decode(const corbel_param *params, uint32_t n,
                                                                 const corbel_message *self, void *const *out,
                                                                 corbel_error *reterr);
/** As a JSON object by the parameters' names, in the form of corbel_value_to_json(), each of them, zero or not. References are
 * URIs. One that has none (it came in a message, or its object is not registered) is an error, CORBEL_INVALID_ARGUMENT; but where
 *  ret_references is given it is "#1", "#2", …, a place in that list. ret: yours, corbel_string_free(). ret_references: yours,
 *  corbel_object_seq_clear(). */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_message_to_json(const corbel_param *params, uint32_t n,
                                                                  const corbel_message *self, char **ret,
                                                                  corbel_object_seq *ret_references, corbel_error *reterr);
/** Reads it. Every parameter must be there, by its IDL name or its JSON name, and nothing else; null is zero. runtime: what makes
 *  references of URIs; NULL: they are refused. references: what "#1", … stand for; NULL: they are refused.
 *  CORBEL_INVALID_ARGUMENT: not JSON, then the message has line and column; or a parameter that is missing, unknown or not of its
 *  type, then it has the path. CORBEL_LIMIT as for corbel_value_from_json(). Completion NO. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_message_from_json(corbel_runtime *runtime, const corbel_param *params,
                                                                    uint32_t n, const char *json,
                                                                    const corbel_object_seq *references, corbel_message *ret,
                                                                    corbel_error *reterr);

/* ---- calls by name ---- */

/** Calls interface::operation with a body as it is; is_oneway must say what the IDL says. ret: yours, corbel_message_clear();
 * NULL: not wanted; an empty message of a oneway. CORBEL_RAISED: corbel_error_exception_any() has the exception, whatever it is.
 * Whether the body is one that the operation takes only the callee sees. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_raw_call(corbel_object *self, const char *interface, const char *operation,
                                                           bool is_oneway, const corbel_message *arguments, corbel_message *ret,
                                                           corbel_error *reterr);
/** The first half. Never NULL. */
CORBEL_API corbel_call *corbel_raw_begin(corbel_object *self, const char *interface, const char *operation,
                                         const corbel_message *arguments);
/** The second. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_raw_finish(corbel_call *call, corbel_message *ret, corbel_error *reterr);

/** Calls an operation of interface (described, or generated) with arguments from a JSON object, as corbel_message_from_json()
 * reads it; NULL: there are none. ret: the results as a JSON object, "{}" for none, as corbel_message_to_json() writes it (the
 * result is "ret"); yours, corbel_string_free(); NULL: not wanted. interface NULL: the object is asked for its own, which takes
 * calls of their own: who calls often keeps it. CORBEL_UNIMPLEMENTED: no such operation. Where the results have no JSON the error
 * says completion YES. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_json_call(corbel_object *self, const corbel_interface *interface,
                                                            const char *operation, const char *arguments, char **ret,
                                                            corbel_error *reterr);
/** The first half. Never NULL; whatever went wrong is told by the second. Not of a oneway, which is sent when corbel_json_call()
 *  returns. */
CORBEL_API corbel_call *corbel_json_begin(corbel_object *self, const corbel_interface *interface, const char *operation,
                                          const char *arguments);
/** The second. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_json_finish(corbel_call *call, char **ret, corbel_error *reterr);
/** The members of the exception that error holds as a JSON object. interface: where an operation declares it. ret: yours,
 *  corbel_string_free(). CORBEL_NOT_FOUND: error holds none, or no operation declares it. CORBEL_INVALID_ARGUMENT: it has no
 * JSON. */
CORBEL_API CORBEL_MUST_CHECK corbel_status corbel_json_exception(const corbel_error *error, const corbel_interface *interface,
                                                                 char **ret, corbel_error *reterr);

/* ---- serving any operation ---- */

/** What a call of an object made by corbel_raw_new() comes to: on a worker, with no lock held. What it may ask of the request,
 * and answer with, is below; whatever else a servant may do it may do as well. CORBEL_OK without a reply is an empty one. */
typedef corbel_status (*corbel_raw_handler)(void *self, corbel_request *request);

enum {
    CORBEL_RAW_EVERYTHING = 1 /**< also the operations that every object has (is it a bank::Account? which process describes it?)
                                   come to the handler, as operations of corbel::Object: for proxies, which pass them on, so that
                                   the object behind them answers. Else they are answered from interface. */
};

/** A new object of this process, all whose calls come to handler. interface: what it says it is, described to others; NULL: it
 * takes calls of any interface, is whatever it is cast to, and describes nothing. Described ones that objects had are held by the
 * runtime to its end. flags: CORBEL_RAW_EVERYTHING, or 0. Never NULL, as the _new() of generated interfaces. Yours,
 *  corbel_object_unref(). */
CORBEL_API corbel_object *corbel_raw_new(corbel_runtime *runtime, const corbel_interface *interface, uint32_t flags,
                                         corbel_raw_handler handler, void *self, corbel_finalizer finalize);

/** The interface that declares the operation, as the caller names it: "bank::Account". Borrowed from the request. */
CORBEL_API const char *corbel_request_interface(const corbel_request *request);
/** "withdraw". Borrowed from the request. */
CORBEL_API const char *corbel_request_operation(const corbel_request *request);
/** Does nobody wait for an answer? */
CORBEL_API bool corbel_request_is_oneway(const corbel_request *request);
/** The arguments, undecoded: lent until the handler returns; not after corbel_request_pass(). NULL: no memory. */
CORBEL_API const corbel_message *corbel_request_arguments(corbel_request *request);

/** Sets the answer, which replaces one that was set before: result is copied. Return what it returns. */
CORBEL_API corbel_status corbel_request_reply_raw(corbel_request *request, const corbel_message *result);
/** Raises an exception: its name, and its members as a message, whose references have the tags 1, 2, … (as of
 *  corbel_message_encode()): who lacks its type keeps it with them. Return what it returns: CORBEL_RAISED. */
CORBEL_API corbel_status corbel_request_raise_raw(corbel_request *request, const char *exception, const corbel_message *value);
/** Passes the call on to another object, as it came: undecoded, with its references, its deadline and as part of its chain. The
 *  answer, an exception and an error go back the same way, one hop longer; the thread does not wait for them. Calls of one lane
 *  are passed on in their order. Counts to. Return what it returns (CORBEL_DEFERRED), at once; not of a deferred request. */
CORBEL_API corbel_status corbel_request_pass(corbel_request *request, corbel_object *to);

CORBEL_END_DECLS
#endif /* CORBEL_DYNAMIC_H */
