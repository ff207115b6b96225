/* Values of every kind through generated stubs and thunks, with the library between them: what arrives is what was sent, what
 * breaks a rule is refused with the member's name, and the generated functions of each kind do what the header says. */
#include "tests/codegen/golden/arrays/arrays.corbel.h"
#include "tests/codegen/golden/bank/bank.corbel.h"
#include "tests/codegen/golden/kinds/kinds.corbel.h"
#include "tests/codegen/golden/maps/maps.corbel.h"
#include "tests/codegen/golden/members/members.corbel.h"
#include "tests/codegen/golden/unions/unions.corbel.h"

#include <corbel/generated.h>
#include <corbel/runtime.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static corbel_runtime *runtime;

static int start(void **state)
{
    (void)state;
    return corbel_runtime_new(NULL, &runtime, NULL) == CORBEL_OK ? 0 : 1;
}

static int stop(void **state)
{
    (void)state;
    corbel_runtime_unref(runtime);
    return 0;
}

/* The call must fail like that, and say so. */
static void refused(corbel_status status, corbel_error *error, const char *part)
{
    if (status != CORBEL_INVALID_ARGUMENT) {
        fail_msg("%s: %s", part, corbel_status_name(status));
    }
    if (strstr(error->message, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, error->message);
    }
    corbel_error_clear(error);
}

static void accepted(corbel_status status, corbel_error *error)
{
    if (status != CORBEL_OK) {
        fail_msg("%s", error->message);
    }
}

/* An operation of the form T name(in T value, out T copy, inout T both): the result is the in, copy the inout, both the in. For
 * types that come out into the caller's storage. */
#define ECHO(name, in_type, out_type, deref)                                                                                     \
    static corbel_status name(void *self, corbel_request *request, in_type value, out_type *ret_copy, out_type *inout_both,      \
                              out_type *ret)                                                                                     \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        *ret = deref value;                                                                                                      \
        *ret_copy = *inout_both;                                                                                                 \
        *inout_both = deref value;                                                                                               \
        return CORBEL_OK;                                                                                                        \
    }
/* The same where what comes in and what goes out are two parameters; keep: counts the references that are given away. */
#define ECHO_APART(name, in_type, out_type, deref, keep)                                                                         \
    static corbel_status name(void *self, corbel_request *request, in_type value, out_type *ret_copy, in_type both,              \
                              out_type *ret_both, out_type *ret)                                                                 \
    {                                                                                                                            \
        (void)self;                                                                                                              \
        (void)request;                                                                                                           \
        keep(value);                                                                                                             \
        keep(value);                                                                                                             \
        keep(both);                                                                                                              \
        *ret = deref value;                                                                                                      \
        *ret_copy = deref both;                                                                                                  \
        *ret_both = deref value;                                                                                                 \
        return CORBEL_OK;                                                                                                        \
    }
#define NOTHING
#define NO_COUNT(value) (void)(value)

/* ---- arrays ---- */

ECHO(grids, const arrays_Grid *, arrays_Grid, *)
ECHO(keys, const arrays_Key *, arrays_Key, *)
ECHO(points, const arrays_Point *, arrays_Point, *)
ECHO_APART(texts, const arrays_Words *, arrays_Words, *, NO_COUNT)
ECHO_APART(holders, const arrays_Holder *, arrays_Holder, *, NO_COUNT)
ECHO_APART(grid_lists, arrays_Grid_list, arrays_Grid_list, NOTHING, NO_COUNT)

static void count_lamps(const arrays_Lamps *lamps)
{
    arrays_Lamp_ref(lamps->items[0]);
    arrays_Lamp_ref(lamps->items[1]);
}
ECHO_APART(lamps, const arrays_Lamps *, arrays_Lamps, *, count_lamps)

static void arrays_arrive(void **state)
{
    (void)state;
    static const arrays_Lamp_servant servant = {
        .grids = grids, .keys = keys, .points = points, .texts = texts, .holders = holders, .lists = grid_lists, .lamps = lamps
    };
    corbel_error error = CORBEL_ERROR_INIT;
    arrays_Lamp *lamp = arrays_Lamp_new(runtime, &servant, NULL, NULL);
    const arrays_Grid one = { { { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, { 9, 10, 11, INT32_MIN } } };
    const arrays_Grid two = arrays_Grid_INIT;
    arrays_Grid copy = arrays_Grid_INIT, both = two, result = arrays_Grid_INIT;
    copy.items[0][0] = 7;
    accepted(arrays_Lamp_grids(lamp, &one, &copy, &both, &result, &error), &error);
    assert_true(arrays_Grid_equal(&result, &one) && arrays_Grid_equal(&copy, &two) && arrays_Grid_equal(&both, &one));
    corbel_call *call = arrays_Lamp_grids_begin(lamp, &two, &one);
    accepted(arrays_Lamp_grids_finish(call, &copy, &both, &result, &error), &error);
    assert_true(arrays_Grid_equal(&result, &two) && arrays_Grid_equal(&copy, &one) && arrays_Grid_equal(&both, &two));

    const arrays_Key key = { { 0, 255, 1 } };
    arrays_Key key_both = { { 9 } }, key_result = arrays_Key_INIT;
    accepted(arrays_Lamp_keys(lamp, &key, NULL, &key_both, &key_result, &error), &error);
    assert_true(arrays_Key_equal(&key, &key_both) && arrays_Key_equal(&key, &key_result));

    const arrays_Point point = { { 0.5, -0.0, 1e300 }, arrays_GREEN, one };
    arrays_Point point_copy = arrays_Point_INIT, point_both = arrays_Point_INIT, point_result = arrays_Point_INIT;
    accepted(arrays_Lamp_points(lamp, &point, &point_copy, &point_both, &point_result, &error), &error);
    assert_true(arrays_Point_equal(&point, &point_both) && arrays_Point_equal(&point, &point_result));

    const arrays_Words words = { { "first", NULL } };
    arrays_Words *words_copy = NULL, *words_both = NULL, *words_result = NULL;
    accepted(arrays_Lamp_texts(lamp, &words, &words_copy, &words, &words_both, &words_result, &error), &error);
    assert_string_equal(words_result->items[0], "first");
    assert_string_equal(words_result->items[1], "");
    assert_true(arrays_Words_equal(words_both, words_copy));
    arrays_Words_free(words_copy);
    arrays_Words_free(words_both);
    arrays_Words_free(words_result);

    const arrays_Lamps pair = { { lamp, NULL } };
    arrays_Lamps *pair_result = NULL;
    accepted(arrays_Lamp_lamps(lamp, &pair, NULL, &pair, NULL, &pair_result, &error), &error);
    assert_true(arrays_Lamps_equal(pair_result, &pair)); /* the same object, by another reference */
    assert_null(pair_result->items[1]);
    arrays_Lamps_free(pair_result);

    arrays_Holder holder = arrays_Holder_INIT;
    assert_int_equal(holder.entries[1].weight, 7);
    holder.table[1][2] = 5;
    holder.bytes[15] = 3;
    holder.words[1] = "w";
    holder.short_words[0] = "1234567";
    holder.colours[1] = arrays_GREEN;
    holder.lists[1] = (arrays_Entry_seq) { 1, &(const arrays_Entry) { "in a list", 2 } };
    holder.many = (arrays_Grid_seq) { 1, &one };
    arrays_Holder *held = NULL;
    accepted(arrays_Lamp_holders(lamp, &holder, NULL, &holder, NULL, &held, &error), &error);
    assert_true(arrays_Holder_equal(held, &holder));
    assert_string_equal(held->lists[1].items[0].text, "in a list");
    arrays_Holder *kept = arrays_Holder_copy(held);
    arrays_Holder_free(held);
    assert_true(arrays_Holder_equal(kept, &holder));
    arrays_Holder_free(kept);
    holder.short_words[1] = "12345678";
    refused(arrays_Lamp_holders(lamp, &holder, NULL, &holder, NULL, NULL, &error), &error, "short_words[1]");
    arrays_Lamp_unref(lamp);
}

/* ---- unions ---- */

ECHO_APART(events, const unions_Event *, unions_Event, *, NO_COUNT)
ECHO(plains, const unions_Plain *, unions_Plain, *)
ECHO_APART(everything, const unions_Everything *, unions_Everything, *, NO_COUNT)

static void unions_arrive(void **state)
{
    (void)state;
    static const unions_Account_servant servant = { .events = events, .plains = plains, .everything = everything };
    corbel_error error = CORBEL_ERROR_INIT;
    unions_Account *account = unions_Account_new(runtime, &servant, NULL, NULL);
    const unions_Event event = unions_Event_make_reason("June"), other = unions_Event_make_amount(-7);
    unions_Event *copy = NULL, *both = NULL, *result = NULL;
    accepted(unions_Account_events(account, &event, &copy, &other, &both, &result, &error), &error);
    assert_int_equal(result->_d, unions_FEE);
    assert_string_equal(unions_Event_get_reason(result), "June");
    assert_null(unions_Event_get_amount(result));
    assert_null(unions_Event_get_entry(result));
    assert_int_equal(*unions_Event_get_amount(copy), -7);
    assert_true(unions_Event_equal(both, &event) && !unions_Event_equal(copy, both));
    unions_Event_free(copy);
    unions_Event_free(both);
    unions_Event_free(result);
    const unions_Event wrong = unions_Event_make_reason("longer than twelve");
    refused(unions_Account_events(account, &wrong, NULL, &other, NULL, NULL, &error), &error, "reason");

    const unions_Plain plain = unions_Plain_make_y((const double[]) { 0.5, 2 });
    assert_int_equal(plain._d, unions_WITHDRAWAL); /* the first that has no label */
    unions_Plain plain_copy = unions_Plain_INIT, plain_both = unions_Plain_make_x(3), plain_result = unions_Plain_INIT;
    accepted(unions_Account_plains(account, &plain, &plain_copy, &plain_both, &plain_result, &error), &error);
    assert_true(unions_Plain_get_y(&plain_result)[1] == 2 && *unions_Plain_get_x(&plain_copy) == 3);
    assert_null(unions_Plain_get_x(&plain_both));

    const unions_Everything inner[] = { unions_Everything_make_text("t"), unions_Everything_make_a_boolean(true) };
    const int32_t table[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
    const unions_Everything all[] = {
        unions_Everything_make_a_double(0.25),
        unions_Everything_make_entry(&(const unions_Entry) { unions_FEE, 9, "nine" }),
        unions_Everything_make_event(&event),
        unions_Everything_make_numbers((corbel_int32_seq) { 3, &table[0][0] }),
        unions_Everything_make_bytes((corbel_bytes) { 2, (const uint8_t *)"ab" }),
        unions_Everything_make_table(&table[0][0]),
        unions_Everything_make_words((const char *const[]) { "one", "two" }),
        unions_Everything_make_grid(&(const unions_Grid) { { { 1, 2 }, { 3, 4 } } }),
        unions_Everything_make_more((unions_Everything_seq)CORBEL_SEQ(inner)),
        { ._d = 99 }, /* selects nothing */
        unions_Everything_INIT,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        unions_Everything *arrived = NULL;
        accepted(unions_Account_everything(account, &all[i], NULL, &all[i], NULL, &arrived, &error), &error);
        assert_true(unions_Everything_equal(arrived, &all[i]));
        assert_int_equal(arrived->_d, all[i]._d);
        unions_Everything_free(arrived);
    }
    unions_Account_unref(account);
}

/* Each case is made with a discriminator that selects it, and no other is found. */
static void cases_are_selected(void **state)
{
    (void)state;
    const unions_Either either[] = { unions_Either_make_number(1), unions_Either_make_text("x"), { ._d = -2, .number = 4 } };
    assert_true(unions_Either_get_number(&either[0]) != NULL && unions_Either_get_text(&either[0]) == NULL);
    assert_true(unions_Either_get_number(&either[1]) == NULL && strcmp(unions_Either_get_text(&either[1]), "x") == 0);
    assert_int_equal(*unions_Either_get_number(&either[2]), 4);
    const unions_Of_char high = unions_Of_char_make_high(1), rest = unions_Of_char_make_other(2);
    assert_true(unions_Of_char_get_high(&high) != NULL && unions_Of_char_get_other(&high) == NULL);
    assert_true(unions_Of_char_get_other(&rest) != NULL && unions_Of_char_get_a(&rest) == NULL);
    const unions_Of_ulong_long most = unions_Of_ulong_long_make_high(1), any = unions_Of_ulong_long_make_rest(1);
    assert_true(most._d == UINT64_MAX && unions_Of_ulong_long_get_rest(&most) == NULL && any._d == 0);
    const unions_Of_long_long least = unions_Of_long_long_make_low(1);
    assert_true(least._d == INT64_MIN && unions_Of_long_long_get_high(&least) == NULL);
    const unions_Of_octet between = unions_Of_octet_make_between(1);
    assert_true(between._d == 1 && unions_Of_octet_get_ends(&between) == NULL);
    const unions_Other_half yes = unions_Other_half_make_yes(1);
    assert_true(yes._d && unions_Other_half_get_no(&yes) == NULL && *unions_Other_half_get_yes(&yes) == 1);
    const unions_Only_default always = unions_Only_default_make_always(6);
    assert_int_equal(*unions_Only_default_get_always(&always), 6);
    const unions_Of_typedef fee = unions_Of_typedef_make_fee(1);
    assert_true(fee._d == unions_FEE && unions_Of_typedef_get_deposit(&fee) == NULL);
    const unions_Everything words = unions_Everything_make_words((const char *const[]) { "one", "two" });
    assert_string_equal(unions_Everything_get_words(&words)[1], "two");
}

/* ---- members ---- */

ECHO_APART(options, const members_Options *, members_Options, *, NO_COUNT)
ECHO_APART(defaults, const members_Defaults *, members_Defaults, *, NO_COUNT)
ECHO_APART(ranges, const members_Ranges *, members_Ranges, *, NO_COUNT)
ECHO_APART(heirs, const members_Heir *, members_Heir, *, NO_COUNT)
ECHO(plain_heirs, const members_Plain_heir *, members_Plain_heir, *)
ECHO(percents, uint8_t, uint8_t, NOTHING)
ECHO(ranged, int32_t, int32_t, NOTHING)

static corbel_status numbered(void *self, corbel_request *request, int32_t a, const char *b, int32_t *ret_c, const char **ret_d,
                              int32_t *inout_e, const members_Address *f, members_Address *ret_f, int32_t *ret)
{
    (void)self;
    if (a == 0) {
        return members_Refused_raise(request,
                                     &(const members_Refused) { .why = b, .code = 4, .level = 9, .seven = 7, .five = 5 });
    }
    *ret_c = a + 1;
    *ret_d = b;
    *inout_e += a;
    *ret_f = *f;
    *ret = 100;
    return CORBEL_OK;
}

static const members_Thing_servant members_servant = { .options = options,
                                                       .defaults = defaults,
                                                       .ranges = ranges,
                                                       .heirs = heirs,
                                                       .plains = plain_heirs,
                                                       .percents = percents,
                                                       .ranged = ranged,
                                                       .numbered = numbered };

static void optional_members_arrive(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    members_Thing *thing = members_Thing_new(runtime, &members_servant, NULL, NULL);
    const members_Options none = members_Options_INIT;
    members_Options *result = NULL;
    accepted(members_Thing_options(thing, &none, NULL, &none, NULL, &result, &error), &error);
    assert_true(members_Options_equal(result, &none));
    assert_true(result->a_boolean == NULL && result->text == NULL && result->numbers == NULL && result->table == NULL);
    members_Options_free(result);
    const int32_t table[2][3] = { { 1, 2, 3 }, { 4, 5, 0 } };
    const uint8_t key[16] = { 0 };
    const char *const words[2] = { "", "w" };
    const members_Options all = {
        .a_boolean = &(const bool) { false },
        .limit = &(const int64_t) { 0 },
        .text = "",
        .price = "0",
        .colour = &(const members_Colour) { members_RED },
        .postal = &(const members_Address) { "High Street", NULL },
        .numbers = &(const corbel_int32_seq) { 0, NULL },
        .bytes = &(const corbel_bytes) { 0, NULL },
        .counts = &(const corbel_int32_by_string) { 1, &(const corbel_int32_by_string_item) { "a", 1 } },
        .table = &table,
        .key = &key,
        .words = &words,
        .grid = &(const members_Grid) { { { 1, 2 }, { 3, 4 } } },
        .flags = &(const members_Flags) { members_Flags_READ | members_Flags_LOCK },
    };
    accepted(members_Thing_options(thing, &all, NULL, &all, NULL, &result, &error), &error);
    assert_true(members_Options_equal(result, &all) && !members_Options_equal(result, &none));
    assert_true(result->limit != NULL && *result->limit == 0 && result->a_double == NULL && result->numbers->len == 0);
    assert_int_equal((*result->table)[1][1], 5);
    assert_string_equal((*result->words)[1], "w");
    members_Options_free(result);
    members_Thing_unref(thing);
}

static void defaults_and_ranges_hold(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    members_Thing *thing = members_Thing_new(runtime, &members_servant, NULL, NULL);
    const members_Defaults begun = members_Defaults_INIT, zero = { 0 };
    assert_true(begun.active && begun.small == -5 && begun.lowest == INT32_MIN && begun.most == UINT64_MAX);
    assert_true(begun.least == INT64_MIN && begun.letter == 'x' && begun.sign == 0x20AC && begun.colour == members_GREEN);
    members_Defaults *copy = NULL, *result = NULL;
    accepted(members_Thing_defaults(thing, &begun, &copy, &zero, NULL, &result, &error), &error);
    assert_true(members_Defaults_equal(result, &begun));
    assert_string_equal(result->text, "a \"quoted\" */ text");
    assert_true(!copy->active && copy->small == 0 && copy->text[0] == '\0'); /* zeros are sent, too */
    members_Defaults_free(copy);
    members_Defaults_free(result);

    members_Ranges right = { .b = 1, .d = 'm', .e = members_BLUE, .f = 2, .i = 50, .o = UINT64_MAX, .p = 'b' };
    members_Ranges *ranged_result = NULL;
    accepted(members_Thing_ranges(thing, &right, NULL, &right, NULL, &ranged_result, &error), &error);
    assert_true(members_Ranges_equal(ranged_result, &right));
    members_Ranges_free(ranged_result);
    static const struct {
        const char *member;
        size_t offset;
        int value;
    } wrong[] = { { "a", offsetof(members_Ranges, a), 6 },   { "b", offsetof(members_Ranges, b), 0 },
                  { "d", offsetof(members_Ranges, d), 'A' }, { "e", offsetof(members_Ranges, e), 0 },
                  { "f", offsetof(members_Ranges, f), 1 },   { "h", offsetof(members_Ranges, h), 101 },
                  { "i", offsetof(members_Ranges, i), 51 } };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        members_Ranges broken = right;
        ((unsigned char *)&broken)[wrong[i].offset] = (unsigned char)wrong[i].value; /* the lowest byte, on this machine */
        char what[40];
        snprintf(what, sizeof what, "value.%s", wrong[i].member);
        refused(members_Thing_ranges(thing, &broken, NULL, &right, NULL, NULL, &error), &error, what);
    }
    const uint8_t dice[] = { 6, 7 };
    right.dice = (corbel_bytes)CORBEL_SEQ(dice);
    refused(members_Thing_ranges(thing, &right, NULL, &right, NULL, NULL, &error), &error, "dice");
    const corbel_type *dice_type = NULL;
    for (uint32_t i = 0; i < members_Ranges_type.count; i++) {
        const corbel_member *member = &members_Ranges_type.members[i];
        dice_type = strcmp(member->name, "dice") == 0 ? member->type : dice_type;
    }
    corbel_any *any = NULL; /* bytes that a sender without that range may send */
    corbel_bytes arrived = { 0, NULL };
    accepted(corbel_bytes_to_any(right.dice, &any, &error), &error);
    assert_int_equal(corbel_value_from_any(dice_type, any, &arrived, &error), CORBEL_DECODE);
    assert_non_null(strstr(error.message, "[1]"));
    corbel_error_clear(&error);
    corbel_any_unref(any);
    int32_t both = 3, result_value = 0;
    accepted(members_Thing_ranged(thing, 5, NULL, &both, &result_value, &error), &error);
    assert_true(both == 5 && result_value == 5);
    both = 2;
    refused(members_Thing_ranged(thing, 5, NULL, &both, NULL, &error), &error, "both");
    uint8_t percent = 0;
    refused(members_Thing_percents(thing, 101, NULL, &percent, NULL, &error), &error, "value");
    members_Thing_unref(thing);
}

static void numbers_and_bases_hold(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    members_Thing *thing = members_Thing_new(runtime, &members_servant, NULL, NULL);
    int32_t c = 0, e = 7, result = 0;
    char *d = NULL;
    members_Address *f = NULL;
    accepted(members_Thing_numbered(thing, 5, "text", &c, &d, &e, &(const members_Address) { "here", "1" }, &f, &result, &error),
             &error);
    assert_true(c == 6 && e == 12 && result == 100);
    assert_string_equal(d, "text");
    assert_string_equal(f->street, "here");
    corbel_string_free(d);
    members_Address_free(f);
    assert_int_equal(members_Thing_numbered(thing, 0, "why", NULL, NULL, &e, &(const members_Address) { 0 }, NULL, NULL, &error),
                     CORBEL_RAISED);
    const members_Refused *refusal = members_Refused_of(&error);
    assert_non_null(refusal);
    assert_true(refusal->code == 4 && refusal->level == 9 && refusal->seven == 7 && refusal->five == 5);
    assert_string_equal(refusal->why, "why");
    corbel_error_clear(&error);

    const members_Heir child = { .a = 1, .b = "child", .c = members_BLUE, .d = &(const int32_t) { 3 } };
    const members_Heir parent = { .b = "", .children = { 1, &child } };
    members_Heir *heir = NULL;
    accepted(members_Thing_heirs(thing, &parent, NULL, &parent, NULL, &heir, &error), &error);
    assert_true(members_Heir_equal(heir, &parent) && *heir->children.items[0].d == 3);
    members_Heir_free(heir);
    const members_Plain_heir plain = { 1, 2.5 };
    members_Plain_heir both = { 0, 0 }, plain_result = { 0, 0 };
    accepted(members_Thing_plains(thing, &plain, NULL, &both, &plain_result, &error), &error);
    assert_true(plain_result.x == 1 && both.y == 2.5);
    members_Thing_unref(thing);
}

/* ---- maps ---- */

ECHO_APART(tag_maps, maps_Tags, maps_Tags, NOTHING, NO_COUNT)
ECHO_APART(kind_maps, maps_By_kind, maps_By_kind, NOTHING, NO_COUNT)
ECHO_APART(ledgers, maps_Ledgers, maps_Ledgers, NOTHING, NO_COUNT)

static void maps_arrive(void **state)
{
    (void)state;
    static const maps_Account_servant servant = { .tag_maps = tag_maps, .kinds = kind_maps, .ledgers = ledgers };
    corbel_error error = CORBEL_ERROR_INIT;
    maps_Account *account = maps_Account_new(runtime, &servant, NULL, NULL);
    corbel_string_by_string_item items[] = { { "b", "2" }, { "a", "1" }, { "c", NULL } };
    const maps_Tags tags = CORBEL_SEQ(items);
    refused(maps_Account_tag_maps(account, tags, NULL, tags, NULL, NULL, &error), &error, "value[1].key");
    corbel_string_by_string_sort(items, 3);
    maps_Tags result = { 0, NULL };
    accepted(maps_Account_tag_maps(account, tags, NULL, tags, NULL, &result, &error), &error);
    assert_int_equal(result.len, 3);
    assert_string_equal(corbel_string_by_string_get(result, "a"), "1");
    assert_string_equal(corbel_string_by_string_get(result, "c"), "");
    assert_null(corbel_string_by_string_get(result, "d"));
    corbel_string_by_string_clear(&result);
    assert_null(result.items);

    const maps_Entry_by_Kind_item kinds[] = { { maps_DEPOSIT, { "in", 1 } }, { maps_FEE, { "out", 2 } } };
    maps_By_kind by_kind = CORBEL_SEQ(kinds), kind_result = { 0, NULL };
    accepted(maps_Account_kinds(account, by_kind, NULL, by_kind, NULL, &kind_result, &error), &error);
    assert_string_equal(maps_Entry_by_Kind_get(kind_result, maps_FEE)->text, "out");
    maps_Entry_by_Kind_clear(&kind_result);

    const maps_Entry_by_string_item inner[] = { { "one", { "1", 1 } } };
    const maps_Entry_by_string_by_string_item outer[] = { { "", { 0, NULL } }, { "x", CORBEL_SEQ(inner) } };
    const maps_Ledgers all = CORBEL_SEQ(outer);
    maps_Ledgers ledgers_result = { 0, NULL };
    accepted(maps_Account_ledgers(account, all, NULL, all, NULL, &ledgers_result, &error), &error);
    const maps_Ledger *found = maps_Entry_by_string_by_string_get(ledgers_result, "x");
    assert_non_null(found);
    assert_int_equal(maps_Entry_by_string_get(*found, "one")->amount, 1);
    maps_Entry_by_string_by_string_clear(&ledgers_result);
    maps_Account_unref(account);
}

/* ---- the rest ---- */

ECHO(letters, uint32_t, uint32_t, NOTHING)
ECHO(tinies, int8_t, int8_t, NOTHING)
ECHO(bytes, uint8_t, uint8_t, NOTHING)
ECHO(precise, long double, long double, NOTHING)
ECHO(masks, kinds_Rights, kinds_Rights, NOTHING)
ECHO(sets, const kinds_Colours *, kinds_Colours, *)
ECHO_APART(wide_texts, const char *, const char *, NOTHING, NO_COUNT)
ECHO_APART(prices, const char *, const char *, NOTHING, NO_COUNT)
ECHO_APART(codes, const char *, const char *, NOTHING, NO_COUNT)
ECHO_APART(anys, corbel_any *, corbel_any *, NOTHING, corbel_any_ref)
ECHO_APART(objects, corbel_object *, corbel_object *, NOTHING, corbel_object_ref)
ECHO_APART(choices, const kinds_Choice *, kinds_Choice, *, NO_COUNT)
ECHO(handles, kinds_Handle, kinds_Handle, NOTHING)

static const kinds_Thing_servant kinds_servant = { .letters = letters,
                                                   .tinies = tinies,
                                                   .bytes = bytes,
                                                   .precise = precise,
                                                   .masks = masks,
                                                   .sets = sets,
                                                   .texts = wide_texts,
                                                   .prices = prices,
                                                   .codes = codes,
                                                   .anys = anys,
                                                   .objects = objects,
                                                   .choices = choices };

#define CHECK_ECHO(name, c_type, first, second)                                                                                  \
    do {                                                                                                                         \
        c_type copy = (c_type)0, both = (second), result = (c_type)0;                                                            \
        accepted(kinds_Thing_##name(thing, (first), &copy, &both, &result, &error), &error);                                     \
        assert_true(result == (first) && copy == (second) && both == (first));                                                   \
    } while (0)

#define CHECK_TEXT(name, text, arrives)                                                                                          \
    do {                                                                                                                         \
        char *result = NULL;                                                                                                     \
        accepted(kinds_Thing_##name(thing, (text), NULL, NULL, NULL, &result, &error), &error);                                  \
        assert_string_equal(result, (arrives));                                                                                  \
        corbel_string_free(result);                                                                                              \
    } while (0)

static void the_rest_arrives(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    kinds_Thing *thing = kinds_Thing_new(runtime, &kinds_servant, NULL, NULL);
    CHECK_ECHO(letters, uint32_t, 0x10FFFFu, 0u);
    CHECK_ECHO(tinies, int8_t, INT8_MIN, INT8_MAX);
    CHECK_ECHO(bytes, uint8_t, 255, 0);
    CHECK_ECHO(precise, long double, -0.25L, 1e300L);
    CHECK_ECHO(masks, kinds_Rights, kinds_Rights_READ | kinds_Rights_ADMIN, 0);
    uint32_t letter = 0;
    refused(kinds_Thing_letters(thing, 0xD800, NULL, &letter, NULL, &error), &error, "value");
    CHECK_TEXT(texts, "Grüße", "Grüße");
    CHECK_TEXT(prices, "012.50", "12.5");
    CHECK_TEXT(prices, NULL, "0");
    CHECK_TEXT(codes, "IDL:a/B:1.0", "IDL:a/B:1.0");
    refused(kinds_Thing_prices(thing, "1234.5", NULL, "0", NULL, NULL, &error), &error, "value");
    const kinds_Colours colours = { .red = 7, .green = 0, .bright = true, .depth = 1023, .shift = -64, .byte = 255 };
    kinds_Colours both = kinds_Colours_INIT, result = kinds_Colours_INIT;
    accepted(kinds_Thing_sets(thing, &colours, NULL, &both, &result, &error), &error);
    assert_true(kinds_Colours_equal(&colours, &both) && kinds_Colours_equal(&colours, &result));
    const kinds_Colours wide = { .depth = 1024 };
    refused(kinds_Thing_sets(thing, &wide, NULL, &both, NULL, &error), &error, "depth");
    corbel_object *object = NULL;
    accepted(kinds_Thing_objects(thing, kinds_Thing_as_object(thing), NULL, NULL, NULL, &object, &error), &error);
    assert_true(corbel_object_equal(object, kinds_Thing_as_object(thing)));
    corbel_object_unref(object);
    const kinds_Choice choice = kinds_Choice_make_m(&colours);
    kinds_Choice *chosen = NULL;
    accepted(kinds_Thing_choices(thing, &choice, NULL, &choice, NULL, &chosen, &error), &error);
    assert_int_equal(kinds_Choice_get_m(chosen)->depth, 1023);
    kinds_Choice_free(chosen);
    kinds_Thing_unref(thing);
}

static void native_values_stay_here(void **state)
{
    (void)state;
    static const kinds_Near_servant servant = { .handles = handles };
    corbel_error error = CORBEL_ERROR_INIT;
    kinds_Near *near = kinds_Near_new(runtime, &servant, NULL, NULL);
    int here = 0;
    kinds_Handle copy = NULL, both = NULL, result = NULL;
    accepted(kinds_Near_handles(near, &here, &copy, &both, &result, &error), &error);
    assert_ptr_equal(result, &here);
    assert_ptr_equal(both, &here);
    assert_null(copy);
    kinds_Near_unref(near);
}

static void values_go_into_any(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    kinds_Thing *thing = kinds_Thing_new(runtime, &kinds_servant, NULL, NULL);
    const bank_Entry entry = { bank_FEE, 7, "seven" };
    corbel_any *any = NULL, *back = NULL;
    accepted(bank_Entry_to_any(&entry, &any, &error), &error);
    assert_string_equal(corbel_any_type_name(any), "bank::Entry");
    accepted(kinds_Thing_anys(thing, any, NULL, NULL, NULL, &back, &error), &error);
    bank_Entry *out = NULL;
    bank_Event *event = NULL;
    accepted(bank_Entry_from_any(back, &out, &error), &error);
    assert_true(bank_Entry_equal(out, &entry));
    refused(bank_Event_from_any(back, &event, &error), &error, "bank::Event");
    bank_Entry_free(out);
    corbel_any_unref(any);
    corbel_any_unref(back);

    accepted(bank_Kind_to_any(bank_WITHDRAWAL, &any, &error), &error);
    bank_Kind kind = bank_DEPOSIT;
    accepted(bank_Kind_from_any(any, &kind, &error), &error);
    assert_int_equal(kind, bank_WITHDRAWAL);
    corbel_any_unref(any);
    const bank_Span span = { 1, 2 };
    bank_Span span_out = bank_Span_INIT;
    accepted(bank_Span_to_any(&span, &any, &error), &error);
    accepted(bank_Span_from_any(any, &span_out, &error), &error);
    assert_true(bank_Span_equal(&span, &span_out));
    corbel_any_unref(any);
    const corbel_string_by_string_item items[] = { { "a", "1" } };
    corbel_string_by_string map = { 0, NULL };
    accepted(corbel_string_by_string_to_any((corbel_string_by_string)CORBEL_SEQ(items), &any, &error), &error);
    assert_string_equal(corbel_any_type_name(any), "map<string,string>");
    accepted(corbel_string_by_string_from_any(any, &map, &error), &error);
    assert_string_equal(corbel_string_by_string_get(map, "a"), "1");
    corbel_string_by_string_clear(&map);
    corbel_any_unref(any);
    kinds_Thing *seen = NULL;
    accepted(kinds_Thing_to_any(thing, &any, &error), &error);
    accepted(kinds_Thing_from_any(any, &seen, &error), &error);
    assert_ptr_equal(seen, thing);
    kinds_Thing_unref(seen);
    corbel_any_unref(any);
    const arrays_Grid grid = { { { 1 } } };
    arrays_Grid grid_out = arrays_Grid_INIT;
    accepted(arrays_Grid_to_any(&grid, &any, &error), &error);
    assert_string_equal(corbel_any_type_name(any), "arrays::Grid");
    accepted(arrays_Grid_from_any(any, &grid_out, &error), &error);
    assert_true(arrays_Grid_equal(&grid, &grid_out));
    corbel_any_unref(any);
    kinds_Thing_unref(thing);
}

static void values_go_into_json(void **state)
{
    (void)state;
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_string_by_string_item tags[] = { { "a", "1" } };
    const bank_Profile profile = {
        .owner = "Ann", .limit = &(const int64_t) { 500 }, .tags = CORBEL_SEQ(tags), .active = true, .key = { 1, 2 }
    };
    char *text = NULL;
    bank_Profile *back = NULL;
    accepted(bank_Profile_to_json(&profile, &text, &error), &error);
    accepted(bank_Profile_from_json(NULL, text, &back, &error), &error);
    assert_true(bank_Profile_equal(back, &profile));
    bank_Profile_free(back);
    corbel_string_free(text);

    const unions_Event event = unions_Event_make_amount(-5);
    unions_Event *event_back = NULL;
    accepted(unions_Event_to_json(&event, &text, &error), &error);
    accepted(unions_Event_from_json(runtime, text, &event_back, &error), &error);
    assert_true(unions_Event_equal(event_back, &event));
    unions_Event_free(event_back);
    corbel_string_free(text);

    const kinds_Colours colours = { .red = 7, .shift = -3 };
    kinds_Colours colours_back = kinds_Colours_INIT;
    accepted(kinds_Colours_to_json(&colours, &text, &error), &error);
    accepted(kinds_Colours_from_json(NULL, text, &colours_back, &error), &error);
    assert_true(kinds_Colours_equal(&colours, &colours_back));
    corbel_string_free(text);
    refused(kinds_Colours_from_json(NULL, "{\"red\": 8}", &colours_back, &error), &error, "red");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_arrive),
        cmocka_unit_test(unions_arrive),
        cmocka_unit_test(cases_are_selected),
        cmocka_unit_test(optional_members_arrive),
        cmocka_unit_test(defaults_and_ranges_hold),
        cmocka_unit_test(numbers_and_bases_hold),
        cmocka_unit_test(maps_arrive),
        cmocka_unit_test(the_rest_arrives),
        cmocka_unit_test(native_values_stay_here),
        cmocka_unit_test(values_go_into_any),
        cmocka_unit_test(values_go_into_json),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
