/** References that only count. Tag n of the fake table is fake_objects[n - 1]. */
#ifndef CRB_TEST_FAKE_OBJECT_H
#define CRB_TEST_FAKE_OBJECT_H

#include "runtime/value/codec.h"

struct corbel_object {
    long count;                        /* of references held by values */
    const corbel_interface *interface; /* it was last sent or taken as */
};

enum { FAKE_OBJECTS = 5 };
extern corbel_object fake_objects[FAKE_OBJECTS];
/** The largest tag that add() gives and take() knows; tests lower it to make both fail. */
extern uint64_t fake_tags;

/** The URI of fake_objects[n] is fake:n; of the last one there is none while this is set. */
extern bool fake_last_has_no_uri;
/** Any runtime. */
extern corbel_runtime *const fake_runtime;

extern const crb_ref_writer fake_writer;
extern const crb_ref_reader fake_reader;
/** The sum of all counts. */
long fake_counts(void);

#endif /* CRB_TEST_FAKE_OBJECT_H */
