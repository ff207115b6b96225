/** The modules of pairs.idl. */
#ifndef TESTS_CODEGEN_EVOLVE_PAIRS_H
#define TESTS_CODEGEN_EVOLVE_PAIRS_H

#include <corbel/generated.h>

#include <stddef.h>

/* clang-format off */
#define EVOLVE_PAIRS(PAIR) \
    PAIR(typedef_gone) \
    PAIR(typedef_other) \
    PAIR(octet_uint8) \
    PAIR(octets_uint8s) \
    PAIR(octet_array_uint8) \
    PAIR(long_int32) \
    PAIR(signed_unsigned) \
    PAIR(short_long) \
    PAIR(boolean_octet) \
    PAIR(char_wchar) \
    PAIR(float_double) \
    PAIR(double_long_double) \
    PAIR(string_wstring) \
    PAIR(wstring_bound) \
    PAIR(string_octets) \
    PAIR(any_string) \
    PAIR(fixed_scale) \
    PAIR(enum_long) \
    PAIR(object_interface) \
    PAIR(base_derived) \
    PAIR(sequence_bound) \
    PAIR(sequence_item_bound) \
    PAIR(sequence_array) \
    PAIR(map_key) \
    PAIR(map_value) \
    PAIR(map_bound) \
    PAIR(map_value_bound) \
    PAIR(map_value_renamed) \
    PAIR(map_value_grown) \
    PAIR(map_value_shifted) \
    PAIR(map_value_shape) \
    PAIR(typedef_range) \
    PAIR(typedef_range_in_sequence) \
    PAIR(typedef_other_range) \
    PAIR(typedef_other_range_in_sequence) \
    PAIR(typedef_other_range_in_array) \
    PAIR(typedef_same_range) \
    PAIR(range_moved_to_typedef) \
    PAIR(range_of_double) \
    PAIR(constant_bound) \
    PAIR(renamed_struct) \
    PAIR(renamed_and_grown) \
    PAIR(renamed_in_other_order) \
    PAIR(renamed_with_default) \
    PAIR(renamed_with_a_default) \
    PAIR(renamed_with_optional) \
    PAIR(renamed_enum) \
    PAIR(renamed_enum_values) \
    PAIR(renamed_bitmask) \
    PAIR(renamed_bitmask_bound) \
    PAIR(renamed_union) \
    PAIR(renamed_union_labels) \
    PAIR(renamed_bitset) \
    PAIR(renamed_recursive) \
    PAIR(base_made_flat) \
    PAIR(base_grown) \
    PAIR(base_type) \
    PAIR(optional_bound) \
    PAIR(optional_default) \
    PAIR(default_of_enum) \
    PAIR(id_given) \
    PAIR(id_reused) \
    PAIR(unsent_added_last) \
    PAIR(unsent_type) \
    PAIR(final_added_to_grown) \
    PAIR(final_renamed_member) \
    PAIR(final_with_string) \
    PAIR(extensibility_final) \
    PAIR(recursive_grown) \
    PAIR(recursive_changed) \
    PAIR(bitset_bits) \
    PAIR(bitset_bit) \
    PAIR(bitset_padding) \
    PAIR(bitset_grown) \
    PAIR(bitset_shrunk) \
    PAIR(bitset_type) \
    PAIR(bitset_typed) \
    PAIR(bitset_base) \
    PAIR(bitmask_bound) \
    PAIR(bit_swapped) \
    PAIR(enum_swapped) \
    PAIR(enum_renamed_and_added) \
    PAIR(enum_value) \
    PAIR(case_type) \
    PAIR(case_inserted) \
    PAIR(case_renamed) \
    PAIR(case_replaced) \
    PAIR(default_case_added) \
    PAIR(default_case_removed) \
    PAIR(default_moved) \
    PAIR(default_label_added) \
    PAIR(label_of_default_said) \
    PAIR(label_swapped) \
    PAIR(labels_in_other_order) \
    PAIR(discriminator_renumbered) \
    PAIR(discriminator_renamed) \
    PAIR(discriminator_typedef) \
    PAIR(final_union_grown) \
    PAIR(final_union_with_string) \
    PAIR(final_union_shrunk) \
    PAIR(result_type) \
    PAIR(result_added) \
    PAIR(result_removed) \
    PAIR(result_before_outs) \
    PAIR(out_becomes_result) \
    PAIR(result_becomes_out) \
    PAIR(result_becomes_another_out) \
    PAIR(out_called_ret) \
    PAIR(in_becomes_inout) \
    PAIR(inout_becomes_out) \
    PAIR(inout_type) \
    PAIR(parameter_ids_given) \
    PAIR(parameter_added_last) \
    PAIR(parameter_renamed_type) \
    PAIR(attribute_type) \
    PAIR(attribute_raises) \
    PAIR(attribute_reading_raises) \
    PAIR(attribute_octet) \
    PAIR(raises_in_other_order) \
    PAIR(exception_grown) \
    PAIR(exception_shifted) \
    PAIR(inherited_operation) \
    PAIR(idempotent_said)
/* clang-format on */

/** Each module's interface I, in that order, in the old version and in the new one; and how many there are. */
extern const corbel_interface *const pairs_old[], *const pairs_new[];
enum {
#define PAIR_ID(name) PAIR_##name,
    EVOLVE_PAIRS(PAIR_ID)
#undef PAIR_ID
        N_PAIRS
};

#endif /* TESTS_CODEGEN_EVOLVE_PAIRS_H */
