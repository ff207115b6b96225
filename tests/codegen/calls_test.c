/* Generated stubs against generated thunks: every value arrives where it was sent, whatever its type and direction. */
#include "tests/codegen/golden/bank/bank.corbel.h"
#include "tests/codegen/golden/diamond/diamond.corbel.h"
#include "tests/codegen/golden/sink/sink.corbel.h"
#include "tests/codegen/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/codegen/support.h"

/* An operation of the form T name(in T value, out T copy, inout T both): the result is the in, copy the inout, both the in. For
 * types that are values in C. */
#define ECHO(name, c_type)                                                                                                       \
    static corbel_status echo_##name(void *self, corbel_request *request, c_type value, c_type *ret_copy, c_type *inout_both,    \
                                     c_type *ret)                                                                                \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        *ret = value;                                                                                                            \
        *ret_copy = *inout_both;                                                                                                 \
        *inout_both = value;                                                                                                     \
        return CORBEL_OK;                                                                                                        \
    }
ECHO(flip, bool)
ECHO(octets, uint8_t)
ECHO(chars, char)
ECHO(shorts, int16_t)
ECHO(unsigned_shorts, uint16_t)
ECHO(longs, int32_t)
ECHO(unsigned_longs, uint32_t)
ECHO(long_longs, int64_t)
ECHO(unsigned_long_longs, uint64_t)
ECHO(floats, float)
ECHO(doubles, double)
ECHO(colours, sink_Colour)

/* The same where what comes in and what goes out are two parameters. */
#define ECHO_APART(name, in_type, out_type, deref)                                                                               \
    static corbel_status echo_##name(void *self, corbel_request *request, in_type value, out_type *ret_copy, in_type both,       \
                                     out_type *ret_both, out_type *ret)                                                          \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        *ret = deref value;                                                                                                      \
        *ret_copy = deref both;                                                                                                  \
        *ret_both = deref value;                                                                                                 \
        return CORBEL_OK;                                                                                                        \
    }
#define NOTHING
ECHO_APART(strings, const char *, const char *, NOTHING)
ECHO_APART(deeps, const sink_Deep *, sink_Deep, *)
ECHO_APART(things, sink_Thing *, sink_Thing *, NOTHING)
ECHO_APART(numbers, sink_Longs, sink_Longs, NOTHING)
ECHO_APART(deep_lists, sink_Deep_seq, sink_Deep_seq, NOTHING)

static corbel_status shade_get(void *self, corbel_request *request, sink_Colour *ret)
{
    (void)request;
    *ret = *(const sink_Colour *)self;
    return CORBEL_OK;
}

static corbel_status shade_set(void *self, corbel_request *request, sink_Colour shade)
{
    (void)request;
    *(sink_Colour *)self = shade;
    return CORBEL_OK;
}

static const sink_Deep *shouted_deep;

static corbel_status shout(void *self, corbel_request *request, const char *words, const sink_Deep *deep, sink_Longs numbers,
                           sink_Thing *from)
{
    (void)self;
    (void)request;
    assert_string_equal(words, "ho");
    assert_int_equal(numbers.len, 2);
    assert_null(from);
    shouted_deep = deep;
    return CORBEL_OK;
}

static const sink_Thing_servant sink_ops = {
    .get_shade = shade_get,
    .set_shade = shade_set,
    .shout = shout,
    .flip = echo_flip,
    .octets = echo_octets,
    .chars = echo_chars,
    .shorts = echo_shorts,
    .unsigned_shorts = echo_unsigned_shorts,
    .longs = echo_longs,
    .unsigned_longs = echo_unsigned_longs,
    .long_longs = echo_long_longs,
    .unsigned_long_longs = echo_unsigned_long_longs,
    .floats = echo_floats,
    .doubles = echo_doubles,
    .strings = echo_strings,
    .colours = echo_colours,
    .deeps = echo_deeps,
    .things = echo_things,
    .numbers = echo_numbers,
    .deep_lists = echo_deep_lists,
};

/* The same, answered by a reply: the arguments are those that were lent. */
#define LATER_BODY(name)                                                                                                         \
    sink_Thing_##name##_args args;                                                                                               \
    const corbel_status status = sink_Thing_##name##_defer(request, &args);                                                      \
    (void)self;                                                                                                                  \
    sink_Thing_##name##_reply(request, args.both, args.value, args.value);                                                       \
    return status;
#define LATER(name, c_type)                                                                                                      \
    static corbel_status later_##name(void *self, corbel_request *request, c_type value, c_type *ret_copy, c_type *inout_both,   \
                                      c_type *ret)                                                                               \
    {                                                                                                                            \
        (void)value;                                                                                                             \
        (void)ret_copy;                                                                                                          \
        (void)inout_both;                                                                                                        \
        (void)ret;                                                                                                               \
        LATER_BODY(name)                                                                                                         \
    }
#define LATER_APART(name, in_type, out_type)                                                                                     \
    static corbel_status later_##name(void *self, corbel_request *request, in_type value, out_type *ret_copy, in_type both,      \
                                      out_type *ret_both, out_type *ret)                                                         \
    {                                                                                                                            \
        (void)value;                                                                                                             \
        (void)ret_copy;                                                                                                          \
        (void)both;                                                                                                              \
        (void)ret_both;                                                                                                          \
        (void)ret;                                                                                                               \
        LATER_BODY(name)                                                                                                         \
    }
LATER(flip, bool)
LATER(octets, uint8_t)
LATER(chars, char)
LATER(shorts, int16_t)
LATER(unsigned_shorts, uint16_t)
LATER(longs, int32_t)
LATER(unsigned_longs, uint32_t)
LATER(long_longs, int64_t)
LATER(unsigned_long_longs, uint64_t)
LATER(floats, float)
LATER(doubles, double)
LATER(colours, sink_Colour)
LATER_APART(strings, const char *, const char *)
LATER_APART(deeps, const sink_Deep *, sink_Deep)
LATER_APART(things, sink_Thing *, sink_Thing *)
LATER_APART(numbers, sink_Longs, sink_Longs)
LATER_APART(deep_lists, sink_Deep_seq, sink_Deep_seq)

static const sink_Thing_servant later_ops = {
    .shout = shout,
    .flip = later_flip,
    .octets = later_octets,
    .chars = later_chars,
    .shorts = later_shorts,
    .unsigned_shorts = later_unsigned_shorts,
    .longs = later_longs,
    .unsigned_longs = later_unsigned_longs,
    .long_longs = later_long_longs,
    .unsigned_long_longs = later_unsigned_long_longs,
    .floats = later_floats,
    .doubles = later_doubles,
    .colours = later_colours,
    .strings = later_strings,
    .deeps = later_deeps,
    .things = later_things,
    .numbers = later_numbers,
    .deep_lists = later_deep_lists,
};

/* Whole, and in halves. */
#define CHECK_ECHO(name, c_type, first, second)                                                                                  \
    do {                                                                                                                         \
        c_type copy = (c_type)0, both = (second), result = (c_type)0;                                                            \
        assert_int_equal(sink_Thing_##name(thing, (first), &copy, &both, &result, NULL), CORBEL_OK);                             \
        assert_true(result == (first) && copy == (second) && both == (first));                                                   \
        copy = both = result = (c_type)0;                                                                                        \
        corbel_call *call = sink_Thing_##name##_begin(thing, (first), (second));                                                 \
        assert_int_equal(sink_Thing_##name##_finish(call, &copy, &both, &result, NULL), CORBEL_OK);                              \
        assert_true(result == (first) && copy == (second) && both == (first));                                                   \
    } while (0)

static void plain_values_arrive(void **state)
{
    sink_Thing *thing = sink_Thing_new(NULL, *state, NULL, NULL);
    CHECK_ECHO(flip, bool, true, false);
    CHECK_ECHO(octets, uint8_t, 200, 7);
    CHECK_ECHO(chars, char, 'x', 'y');
    CHECK_ECHO(shorts, int16_t, -3, 300);
    CHECK_ECHO(unsigned_shorts, uint16_t, 65535, 1);
    CHECK_ECHO(longs, int32_t, INT32_MIN, 5);
    CHECK_ECHO(unsigned_longs, uint32_t, UINT32_MAX, 6);
    CHECK_ECHO(long_longs, int64_t, INT64_MIN, 7);
    CHECK_ECHO(unsigned_long_longs, uint64_t, UINT64_MAX, 8);
    CHECK_ECHO(floats, float, 0.5F, 2.25F);
    CHECK_ECHO(doubles, double, 1e300, -0.5);
    CHECK_ECHO(colours, sink_Colour, sink_BLUE, sink_GREEN);
    sink_Thing_unref(thing);
}

static void strings_arrive(void **state)
{
    sink_Thing *thing = sink_Thing_new(NULL, *state, NULL, NULL);
    char *copy = NULL, *both = NULL, *result = NULL;
    assert_int_equal(sink_Thing_strings(thing, "one", &copy, "two", &both, &result, NULL), CORBEL_OK);
    assert_string_equal(result, "one");
    assert_string_equal(copy, "two");
    assert_string_equal(both, "one");
    free(copy);
    free(both);
    free(result);
    /* nothing is wanted but the last */
    assert_int_equal(sink_Thing_strings_finish(sink_Thing_strings_begin(thing, "one", "two"), NULL, NULL, &result, NULL),
                     CORBEL_OK);
    assert_string_equal(result, "one");
    free(result);
    sink_Thing_unref(thing);
}

static void structs_sequences_and_references_arrive(void **state)
{
    sink_Thing *thing = sink_Thing_new(NULL, *state, NULL, NULL);
    const sink_Deep one = { .amount = 1, .text = "one" }, two = { .amount = 2, .text = "two" };
    sink_Deep *copy = NULL, *both = NULL, *result = NULL;
    assert_int_equal(sink_Thing_deeps(thing, &one, &copy, &two, &both, &result, NULL), CORBEL_OK);
    assert_true(sink_Deep_equal(result, &one) && sink_Deep_equal(copy, &two) && sink_Deep_equal(both, &one));
    sink_Deep_free(copy);
    sink_Deep_free(both);
    sink_Deep_free(result);

    sink_Thing *other = sink_Thing_new(NULL, *state, NULL, NULL);
    sink_Thing *thing_copy = NULL, *thing_both = NULL, *thing_result = NULL;
    assert_int_equal(sink_Thing_things(thing, thing, &thing_copy, other, &thing_both, &thing_result, NULL), CORBEL_OK);
    assert_true(thing_result == thing && thing_copy == other && thing_both == thing);

    const int32_t few[] = { 1, 2, 3 };
    const sink_Longs first = CORBEL_SEQ(few), second = { 1, few };
    sink_Longs long_copy, long_both, long_result;
    assert_int_equal(sink_Thing_numbers(thing, first, &long_copy, second, &long_both, &long_result, NULL), CORBEL_OK);
    assert_true(long_result.len == 3 && long_copy.len == 1 && long_both.items == few);

    const sink_Deep_seq deeps = { 1, &one }, none = { 0, NULL };
    sink_Deep_seq deep_copy, deep_both, deep_result;
    assert_int_equal(sink_Thing_deep_lists(thing, deeps, &deep_copy, none, &deep_both, &deep_result, NULL), CORBEL_OK);
    assert_true(deep_result.items == &one && deep_copy.len == 0 && deep_both.len == 1);

    assert_int_equal(sink_Thing_shout(thing, "ho", &two, (sink_Longs) { 2, few }, NULL, NULL), CORBEL_OK);
    assert_ptr_equal(shouted_deep, &two);
    assert_true(library_last.is_oneway);
    sink_Thing_unref(other);
    sink_Thing_unref(thing);
}

static void attributes_are_two_operations(void **state)
{
    (void)state;
    sink_Colour kept = sink_RED, read = sink_RED;
    sink_Thing *thing = sink_Thing_new(NULL, &sink_ops, &kept, NULL);
    assert_int_equal(sink_Thing_set_shade(thing, sink_BLUE, NULL), CORBEL_OK);
    assert_string_equal(library_last.operation, "set_shade");
    assert_false(library_last.is_idempotent);
    assert_int_equal(kept, sink_BLUE);
    assert_int_equal(sink_Thing_get_shade(thing, &read, NULL), CORBEL_OK);
    assert_string_equal(library_last.operation, "get_shade");
    assert_true(library_last.is_idempotent);
    assert_int_equal(read, sink_BLUE);
    assert_int_equal(sink_Thing_nothing(thing, NULL), CORBEL_UNIMPLEMENTED); /* a NULL member */
    sink_Thing_unref(thing);
}

static corbel_status describe(void *self, corbel_request *request, const char *how, int32_t *ret_length, int32_t *inout_counter,
                              const char **ret)
{
    (void)self;
    if (how[0] == '\0') {
        static const diamond_Refused refused = { "empty" };
        return diamond_Refused_raise(request, &refused);
    }
    *ret_length = (int32_t)strlen(how);
    *inout_counter += 1;
    *ret = how;
    return CORBEL_OK;
}

static corbel_status stop(void *self, corbel_request *request)
{
    (void)request;
    *(bool *)self = true;
    return CORBEL_OK;
}

static void heirs_answer_for_their_bases(void **state)
{
    (void)state;
    static const diamond_Lower_servant ops = { .describe = describe, .stop = stop };
    bool stopped = false;
    diamond_Lower *lower = diamond_Lower_new(NULL, &ops, &stopped, NULL);
    diamond_Top *top = diamond_Lower_as_Top(lower);
    int32_t length = 0, counter = 41;
    char *text = NULL;
    assert_int_equal(diamond_Lower_describe(lower, "four", &length, &counter, &text, NULL), CORBEL_OK);
    assert_string_equal(library_last.interface, "diamond::Top");
    assert_true(length == 4 && counter == 42 && strcmp(text, "four") == 0);
    free(text);
    /* begun as one, finished as the other: it is the same operation */
    corbel_call *call = diamond_Lower_describe_begin(lower, "three", 1);
    assert_int_equal(diamond_Top_describe_finish(call, &length, &counter, NULL, NULL), CORBEL_OK);
    assert_true(length == 5 && counter == 2);
    counter = 7;
    assert_int_equal(diamond_Top_describe(top, "", &length, &counter, &text, NULL), CORBEL_RAISED);
    assert_true(length == 5 && counter == 7);
    assert_string_equal(diamond_Refused_of(NULL)->why, "empty");
    assert_null(bank_Locked_of(NULL));
    assert_int_equal(diamond_Bottom_stop(diamond_Lower_as_Bottom(lower), NULL), CORBEL_OK);
    assert_true(stopped);

    diamond_Left *left = NULL;
    assert_int_equal(diamond_Left_cast(diamond_Lower_as_object(lower), &left, NULL), CORBEL_OK);
    assert_ptr_equal(diamond_Left_as_object(left), diamond_Lower_as_object(lower));
    left_Named *named = NULL;
    assert_int_equal(left_Named_cast(diamond_Lower_as_object(lower), &named, NULL), CORBEL_WRONG_INTERFACE);
    assert_null(named);
    diamond_Lower_unref(lower);
}

static void enumerators_have_names(void **state)
{
    (void)state;
    bank_Kind kind = bank_DEPOSIT;
    assert_string_equal(bank_Kind_to_string(bank_FEE), "FEE");
    assert_null(bank_Kind_to_string((bank_Kind)3));
    assert_null(bank_Kind_to_string((bank_Kind)-1));
    assert_true(bank_Kind_from_string("WITHDRAWAL", &kind));
    assert_int_equal(kind, bank_WITHDRAWAL);
    assert_false(bank_Kind_from_string("withdrawal", &kind));
    assert_false(bank_Kind_from_string(NULL, &kind));
    assert_int_equal(kind, bank_WITHDRAWAL);
}

static void tables_describe(void **state)
{
    (void)state;
    assert_int_equal(bank_Profile_type.count, 10);
    assert_int_equal(bank_Profile_type.size, sizeof(bank_Profile));
    static const char *const names[] = { "owner",  "address", "postal", "limit",  "active",
                                         "rating", "key",     "tags",   "recent", "main" };
    for (uint32_t i = 0; i < bank_Profile_type.count; i++) {
        assert_int_equal(bank_Profile_type.members[i].id, i + 1);
        assert_string_equal(bank_Profile_type.members[i].name, names[i]);
    }
    assert_int_equal(bank_Profile_type.members[3].flags, CORBEL_OPTIONAL);
    assert_int_equal(bank_Profile_type.members[4].flags, CORBEL_PRESENT);
    assert_true(*(const bool *)bank_Profile_type.members[4].fallback);
    assert_int_equal(bank_Profile_type.members[6].type->flags, CORBEL_BYTES | CORBEL_PLAIN);
    assert_int_equal(bank_Profile_type.members[6].type->bound, 16);
    assert_ptr_equal(bank_Profile_type.members[9].type->interface, &bank_Account_interface);
    assert_int_equal(bank_Address_type.members[1].type->bound, 12);

    /* Branch: get_name, rename, open, find, find_all, watch, move, complete */
    assert_int_equal(bank_Branch_interface.n_methods, 8);
    assert_ptr_equal(bank_Branch_interface.bases[0], &bank_Named_interface);
    assert_null(bank_Branch_interface.bases[1]);
    const corbel_operation *move = bank_Branch_interface.methods[6].operation;
    assert_string_equal(move->name, "move");
    assert_true(move->n_in == 3 && move->n_out == 2);
    assert_true(move->in[2].id == 3 && move->out[0].id == 1 && move->out[1].id == 2); /* no result: from 1 */
    assert_ptr_equal(move->raises[1], &bank_Locked_type);
    assert_null(move->raises[2]);
    const corbel_operation *echo = NULL;
    for (uint32_t i = 0; i < sink_Thing_interface.n_methods; i++) {
        echo = strcmp(sink_Thing_interface.methods[i].operation->name, "longs") == 0 ? sink_Thing_interface.methods[i].operation
                                                                                     : echo;
    }
    assert_non_null(echo);
    assert_true(echo->n_in == 2 && echo->in[0].id == 1 && echo->in[1].id == 2);
    assert_true(echo->n_out == 3 && echo->out[0].id == 1 && echo->out[1].id == 2 && echo->out[2].id == 3);
    assert_string_equal(echo->out[0].name, "ret");
    assert_string_equal(echo->out[1].name, "copy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(plain_values_arrive, (void *)(uintptr_t)&sink_ops),
        cmocka_unit_test_prestate(plain_values_arrive, (void *)(uintptr_t)&later_ops),
        cmocka_unit_test_prestate(strings_arrive, (void *)(uintptr_t)&sink_ops),
        cmocka_unit_test_prestate(strings_arrive, (void *)(uintptr_t)&later_ops),
        cmocka_unit_test_prestate(structs_sequences_and_references_arrive, (void *)(uintptr_t)&sink_ops),
        cmocka_unit_test_prestate(structs_sequences_and_references_arrive, (void *)(uintptr_t)&later_ops),
        cmocka_unit_test(attributes_are_two_operations),
        cmocka_unit_test(heirs_answer_for_their_bases),
        cmocka_unit_test(enumerators_have_names),
        cmocka_unit_test(tables_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
