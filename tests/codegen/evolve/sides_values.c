/* The sides of the rules about types: see sides.c. */
#include "tests/codegen/evolve/sides.h"

/* ---- types ---- */

#if PROVE_ALL || PROVE_type_changed
static const type_changed_S type_changed_sample = { .before = 9, .x = OLD_OR_NEW(1, "one") };
SWAP_STRUCT(type_changed, OLD_OR_NEW("%d", "%s"), value->x)
#endif

#if PROVE_ALL || PROVE_type_renamed
static const OLD_OR_NEW(type_renamed_One, type_renamed_Other) type_renamed_part = { .a = OLD_OR_NEW(1, 2), .b = "b" };
static type_renamed_S type_renamed_make_sample(OLD_OR_NEW(type_renamed_One, type_renamed_Other) x)
{
    return (type_renamed_S) { .x = x };
}
#define type_renamed_sample (*&(type_renamed_S) { .x = type_renamed_make_sample(type_renamed_part).x })
SWAP_STRUCT(type_renamed, "%d%s", (int)value->x.a, value->x.b)
#endif

#if PROVE_ALL || PROVE_bound_raised
SWAP_STRING(bound_raised, OLD_OR_NEW("abc", "abcd"))
#endif

#if PROVE_ALL || PROVE_bound_lowered
SWAP_STRING(bound_lowered, OLD_OR_NEW("abcd", "abc"))
#endif

#if PROVE_ALL || PROVE_range_widened
static const range_widened_S range_widened_sample = { .x = OLD_OR_NEW(5, 15) };
SWAP_STRUCT(range_widened, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_range_narrowed
static const range_narrowed_S range_narrowed_sample = { .x = OLD_OR_NEW(-1, 2) };
SWAP_STRUCT(range_narrowed, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_array_size_changed
#ifdef NEW
static const array_size_changed_S array_size_changed_sample = { .x = { 1, 2, 3 } };
#else
static const array_size_changed_S array_size_changed_sample = { .x = { 1, 2 } };
#endif
SWAP_STRUCT(array_size_changed, "%d %d", (int)value->x[0], (int)value->x[1])
#endif

#if PROVE_ALL || PROVE_array_shape_changed
#ifdef NEW
static const array_shape_changed_S array_shape_changed_sample = { .x = { { 11, 12 }, { 13, 14 }, { 15, 16 } } };
#else
static const array_shape_changed_S array_shape_changed_sample = { .x = { { 1, 2, 3 }, { 4, 5, 6 } } };
#endif
SWAP_STRUCT(array_shape_changed, "%d %d", (int)value->x[0][1], (int)value->x[1][0])
#endif

#if PROVE_ALL || PROVE_digits_changed
static const digits_changed_S digits_changed_sample = { .x = OLD_OR_NEW("123.45", "1.234") };
SWAP_STRUCT(digits_changed, "%s", value->x)
#endif

/* ---- members ---- */

#if PROVE_ALL || PROVE_member_added
#ifdef NEW
static const member_added_S member_added_sample = { .x = 2, .y = 3 };
SWAP_STRUCT(member_added, "x %d y %d", (int)value->x, (int)value->y)
#else
static const member_added_S member_added_sample = { .x = 1 };
SWAP_STRUCT(member_added, "x %d", (int)value->x)
#endif
#endif

#if PROVE_ALL || PROVE_member_inserted
#ifdef NEW
static const member_inserted_S member_inserted_sample = { .x = 2, .y = 3 };
SWAP_STRUCT(member_inserted, "x %d y %d", (int)value->x, (int)value->y)
#else
static const member_inserted_S member_inserted_sample = { .x = 1 };
SWAP_STRUCT(member_inserted, "x %d", (int)value->x)
#endif
#endif

#if PROVE_ALL || PROVE_member_removed
#ifdef NEW
static const member_removed_S member_removed_sample = { .x = 2 };
SWAP_STRUCT(member_removed, "x %d", (int)value->x)
#else
static const member_removed_S member_removed_sample = { .x = 1, .y = 3 };
SWAP_STRUCT(member_removed, "x %d y %d", (int)value->x, (int)value->y)
#endif
#endif

#if PROVE_ALL || PROVE_member_removed_before_others
#ifdef NEW
static const member_removed_before_others_S member_removed_before_others_sample = { .x = 2 };
SWAP_STRUCT(member_removed_before_others, "x %d", (int)value->x)
#else
static const member_removed_before_others_S member_removed_before_others_sample = { .x = 1, .y = 3 };
SWAP_STRUCT(member_removed_before_others, "x %d y %d", (int)value->x, (int)value->y)
#endif
#endif

#if PROVE_ALL || PROVE_member_renumbered
static const member_renumbered_S member_renumbered_sample = { .x = 1, .y = 3 };
SWAP_STRUCT(member_renumbered, "x %d y %d", (int)value->x, (int)value->y)
#endif

#if PROVE_ALL || PROVE_member_renamed
static const member_renamed_S member_renamed_sample = { .OLD_OR_NEW(x, y) = OLD_OR_NEW(1, 2) };
SWAP_STRUCT(member_renamed, "%d", (int)value->OLD_OR_NEW(x, y))
#endif

#if PROVE_ALL || PROVE_member_replaced
static const member_replaced_S member_replaced_sample = { .before = 9, .OLD_OR_NEW(x, y) = OLD_OR_NEW(1, "two") };
SWAP_STRUCT(member_replaced, OLD_OR_NEW("%d", "%s"), value->OLD_OR_NEW(x, y))
#endif

#if PROVE_ALL || PROVE_optional_member_added
#ifdef NEW
static const int32_t optional_member_added_y = 3;
static const optional_member_added_S optional_member_added_sample = { .x = 2, .y = &optional_member_added_y };
SWAP_STRUCT(optional_member_added, "x %d y %s", (int)value->x, value->y == NULL ? "absent" : "present")
#else
static const optional_member_added_S optional_member_added_sample = { .x = 1 };
SWAP_STRUCT(optional_member_added, "x %d", (int)value->x)
#endif
#endif

#if PROVE_ALL || PROVE_members_reordered
static const members_reordered_S members_reordered_sample = { .x = OLD_OR_NEW(1, 2), .y = OLD_OR_NEW("a", "b") };
SWAP_STRUCT(members_reordered, "%d%s", (int)value->x, value->y)
#endif

#if PROVE_ALL || PROVE_optional_added || PROVE_optional_removed
/* Zeros: one where it is optional, and none. */
#define ABSENT_OR_NUMBER(rule)                                                                                                   \
    static const int32_t rule##_zero = 0;                                                                                        \
    static const rule##_S rule##_sample = { .x = &rule##_zero };                                                                 \
    SWAP_STRUCT(rule, "%s", value->x == NULL ? "absent" : *value->x == 0 ? "0" : "another")
#define NUMBER(rule)                                                                                                             \
    static const rule##_S rule##_sample = { .x = 0 };                                                                            \
    SWAP_STRUCT(rule, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_optional_added
#ifdef NEW
ABSENT_OR_NUMBER(optional_added)
#else
NUMBER(optional_added)
#endif
#endif

#if PROVE_ALL || PROVE_optional_removed
#ifdef NEW
NUMBER(optional_removed)
#else
ABSENT_OR_NUMBER(optional_removed)
#endif
#endif

#if PROVE_ALL || PROVE_default_added
static const default_added_S default_added_sample = { .x = OLD_OR_NEW(0, 7) };
SWAP_STRUCT(default_added, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_default_removed
static const default_removed_S default_removed_sample = { .x = OLD_OR_NEW(7, 0) };
SWAP_STRUCT(default_removed, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_default_changed /* each sends what the other would read for something absent */
static const default_changed_S default_changed_sample = { .x = OLD_OR_NEW(0, 5) };
SWAP_STRUCT(default_changed, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_serialization_changed
static const serialization_changed_S serialization_changed_sample = { .x = OLD_OR_NEW(1, 3), .y = OLD_OR_NEW(2, 4) };
SWAP_STRUCT(serialization_changed, "x %d y %d", (int)value->x, (int)value->y)
#endif

#if PROVE_ALL || PROVE_final_struct_changed
#ifdef NEW
static const final_struct_changed_S final_struct_changed_sample = { .x = 2, .y = 3 };
SWAP_BY_VALUE(final_struct_changed, final_struct_changed_S, "x %d y %d", (int)value->x, (int)value->y)
#else
static const final_struct_changed_S final_struct_changed_sample = { .x = 1 };
SWAP_BY_VALUE(final_struct_changed, final_struct_changed_S, "x %d", (int)value->x)
#endif
#endif

#if PROVE_ALL || PROVE_final_added
static const final_added_S final_added_sample = { .x = OLD_OR_NEW(1, 2) };
OLD_OR_NEW(SWAP_BLOCK, SWAP_BY_VALUE)
(final_added, final_added_S, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_final_removed
    static const final_removed_S final_removed_sample = { .x = OLD_OR_NEW(1, 2) };
OLD_OR_NEW(SWAP_BY_VALUE, SWAP_BLOCK)
(final_removed, final_removed_S, "%d", (int)value->x)
#endif

#if PROVE_ALL || PROVE_struct_base_changed
    static const struct_base_changed_S struct_base_changed_sample = { .x = OLD_OR_NEW(1, 3), .y = OLD_OR_NEW(2, 4) };
SWAP_STRUCT(struct_base_changed, "x %d y %d", (int)value->x, (int)value->y)
#endif

/* ---- enums, bitmasks ---- */

#if PROVE_ALL || PROVE_enumerator_added
static const char *enumerator_added_name(enumerator_added_T value)
{
    const char *name = enumerator_added_T_to_string(value);
    return name == NULL ? "no name" : name;
}
SWAP_PLAIN(enumerator_added, enumerator_added_T, OLD_OR_NEW(enumerator_added_B, enumerator_added_C), "%d %s", (int)value,
           enumerator_added_name(value))
#endif

#if PROVE_ALL || PROVE_enumerator_removed
static const char *enumerator_removed_name(enumerator_removed_T value)
{
    const char *name = enumerator_removed_T_to_string(value);
    return name == NULL ? "no name" : name;
}
SWAP_PLAIN(enumerator_removed, enumerator_removed_T, OLD_OR_NEW(enumerator_removed_C, enumerator_removed_B), "%d %s", (int)value,
           enumerator_removed_name(value))
#endif

#if PROVE_ALL || PROVE_enumerator_renamed
SWAP_PLAIN(enumerator_renamed, enumerator_renamed_T, OLD_OR_NEW(enumerator_renamed_B, enumerator_renamed_C), "%s",
           enumerator_renamed_T_to_string(value))
#endif

#if PROVE_ALL || PROVE_enumerator_renumbered
SWAP_PLAIN(enumerator_renumbered, enumerator_renumbered_T, enumerator_renumbered_B, "%s",
           enumerator_renumbered_T_to_string(value))
#endif

#if PROVE_ALL || PROVE_bit_added
SWAP_PLAIN(bit_added, bit_added_T, OLD_OR_NEW(bit_added_T_B, bit_added_T_C), "%u", (unsigned)value)
#endif

#if PROVE_ALL || PROVE_bit_removed
SWAP_PLAIN(bit_removed, bit_removed_T, OLD_OR_NEW(bit_removed_T_C, bit_removed_T_B), "%u", (unsigned)value)
#endif

#if PROVE_ALL || PROVE_bit_renamed
SWAP_PLAIN(bit_renamed, bit_renamed_T, OLD_OR_NEW(bit_renamed_T_B, bit_renamed_T_C), "%s",
           (value & OLD_OR_NEW(bit_renamed_T_B, bit_renamed_T_C)) == 0 ? "another" : OLD_OR_NEW("B", "C"))
#endif

#if PROVE_ALL || PROVE_bit_renumbered
SWAP_PLAIN(bit_renumbered, bit_renumbered_T, bit_renumbered_T_B, "%s", value == bit_renumbered_T_C ? "C" : "B")
#endif

/* ---- unions ---- */

#if PROVE_ALL || PROVE_discriminator_changed
static const discriminator_changed_U discriminator_changed_sample = { ._d = OLD_OR_NEW(1, 'a'), .x = 5 };
SWAP_UNION(discriminator_changed, "%d", (int)value->_d)
#endif

#if PROVE_ALL || PROVE_case_added || PROVE_case_removed || PROVE_label_added || PROVE_label_removed || PROVE_label_moved
/* What the accessors of its version find: a long x, and a string y. */
#define LONG_CASE(U, name) (U##_get_##name(value) == NULL ? 0 : (int)*U##_get_##name(value))
#define STRING_CASE(U, name) (U##_get_##name(value) == NULL ? "none" : U##_get_##name(value))
#endif

#if PROVE_ALL || PROVE_case_added
#ifdef NEW
static const case_added_U case_added_sample = { ._d = 2, .y = "b" };
SWAP_UNION(case_added, "%d x %d y %s", (int)value->_d, LONG_CASE(case_added_U, x), STRING_CASE(case_added_U, y))
#else
static const case_added_U case_added_sample = { ._d = 1, .x = 5 };
SWAP_UNION(case_added, "%d x %d", (int)value->_d, LONG_CASE(case_added_U, x))
#endif
#endif

#if PROVE_ALL || PROVE_case_removed
#ifdef NEW
static const case_removed_U case_removed_sample = { ._d = 1, .x = 5 };
SWAP_UNION(case_removed, "%d x %d", (int)value->_d, LONG_CASE(case_removed_U, x))
#else
static const case_removed_U case_removed_sample = { ._d = 2, .y = "b" };
SWAP_UNION(case_removed, "%d x %d y %s", (int)value->_d, LONG_CASE(case_removed_U, x), STRING_CASE(case_removed_U, y))
#endif
#endif

#if PROVE_ALL || PROVE_label_added
static const label_added_U label_added_sample = { ._d = OLD_OR_NEW(1, 2), .x = 5 };
SWAP_UNION(label_added, "%d x %d", (int)value->_d, LONG_CASE(label_added_U, x))
#endif

#if PROVE_ALL || PROVE_label_removed
static const label_removed_U label_removed_sample = { ._d = OLD_OR_NEW(2, 1), .x = 5 };
SWAP_UNION(label_removed, "%d x %d", (int)value->_d, LONG_CASE(label_removed_U, x))
#endif

#if PROVE_ALL || PROVE_label_moved
static const label_moved_U label_moved_sample = { ._d = 2, OLD_OR_NEW(.y = "b", .z = 5) };
SWAP_UNION(label_moved, "%d y '%s'", (int)value->_d, STRING_CASE(label_moved_U, y))
#endif
