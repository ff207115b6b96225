/** What becomes of a call across versions, rule by rule: PROOF(rule, what an old client gets from a new server: status, what the
 *  servant saw, what the client saw; then what a new client gets from an old server). What was not reached saw nothing: "". The
 *  calls themselves are in sides.c and sides_values.c. */
#ifndef TESTS_CODEGEN_EVOLVE_PROOFS_H
#define TESTS_CODEGEN_EVOLVE_PROOFS_H

/* clang-format off */
#define EVOLVE_PROOFS(PROOF) \
    PROOF(type_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(type_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(type_changed, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(type_renamed, CORBEL_OK, "1b", "2b", CORBEL_OK, "2b", "1b") \
    PROOF(constant_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(constant_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(constant_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(interface_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(interface_removed, CORBEL_WRONG_INTERFACE, "", "", CORBEL_WRONG_INTERFACE, "", "") \
    PROOF(bound_raised, CORBEL_DECODE, "abc", "", CORBEL_DECODE, "", "") \
    PROOF(bound_lowered, CORBEL_DECODE, "", "", CORBEL_DECODE, "abc", "") \
    PROOF(range_widened, CORBEL_DECODE, "5", "", CORBEL_DECODE, "", "") \
    PROOF(range_narrowed, CORBEL_DECODE, "", "", CORBEL_DECODE, "2", "") \
    PROOF(array_size_changed, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(array_shape_changed, CORBEL_OK, "2 3", "12 14", CORBEL_OK, "12 14", "2 3") \
    PROOF(digits_changed, CORBEL_DECODE, "123.45", "", CORBEL_DECODE, "", "") \
    PROOF(member_added, CORBEL_OK, "x 1 y 0", "x 2", CORBEL_OK, "x 2", "x 1 y 0") \
    PROOF(optional_member_added, CORBEL_OK, "x 1 y absent", "x 2", CORBEL_OK, "x 2", "x 1 y absent") \
    PROOF(member_inserted, CORBEL_OK, "x 0 y 1", "x 3", CORBEL_OK, "x 3", "x 0 y 1") \
    PROOF(member_removed, CORBEL_OK, "x 1", "x 2 y 0", CORBEL_OK, "x 2 y 0", "x 1") \
    PROOF(member_removed_before_others, CORBEL_OK, "x 3", "x 0 y 2", CORBEL_OK, "x 0 y 2", "x 3") \
    PROOF(member_renumbered, CORBEL_OK, "x 3 y 1", "x 3 y 1", CORBEL_OK, "x 3 y 1", "x 3 y 1") \
    PROOF(member_renamed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(member_replaced, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(members_reordered, CORBEL_OK, "1a", "2b", CORBEL_OK, "2b", "1a") \
    PROOF(optional_added, CORBEL_OK, "absent", "0", CORBEL_OK, "0", "absent") \
    PROOF(optional_removed, CORBEL_OK, "0", "absent", CORBEL_OK, "absent", "0") \
    PROOF(default_added, CORBEL_OK, "5", "7", CORBEL_OK, "7", "5") \
    PROOF(default_removed, CORBEL_OK, "7", "5", CORBEL_OK, "5", "7") \
    PROOF(default_changed, CORBEL_OK, "0", "5", CORBEL_OK, "5", "0") \
    PROOF(serialization_changed, CORBEL_OK, "x 0 y 2", "x 0 y 4", CORBEL_OK, "x 0 y 4", "x 0 y 2") \
    PROOF(final_struct_changed, CORBEL_OK, "x 1 y 0", "x 2", CORBEL_OK, "x 2", "x 1 y 0") \
    PROOF(final_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(final_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(struct_base_changed, CORBEL_OK, "x 1 y 2", "x 3 y 4", CORBEL_OK, "x 3 y 4", "x 1 y 2") \
    PROOF(enumerator_added, CORBEL_OK, "1 B", "2 no name", CORBEL_OK, "2 no name", "1 B") \
    PROOF(enumerator_removed, CORBEL_OK, "2 no name", "1 B", CORBEL_OK, "1 B", "2 no name") \
    PROOF(enumerator_renamed, CORBEL_OK, "C", "B", CORBEL_OK, "B", "C") \
    PROOF(enumerator_renumbered, CORBEL_OK, "C", "C", CORBEL_OK, "C", "C") \
    PROOF(bit_added, CORBEL_OK, "2", "4", CORBEL_OK, "4", "2") \
    PROOF(bit_removed, CORBEL_OK, "4", "2", CORBEL_OK, "2", "4") \
    PROOF(bit_renamed, CORBEL_OK, "C", "B", CORBEL_OK, "B", "C") \
    PROOF(bit_renumbered, CORBEL_OK, "C", "C", CORBEL_OK, "C", "C") \
    PROOF(discriminator_changed, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(case_added, CORBEL_OK, "1 x 5 y none", "2 x 0", CORBEL_OK, "2 x 0", "1 x 5 y none") \
    PROOF(case_removed, CORBEL_OK, "2 x 0", "1 x 5 y none", CORBEL_OK, "1 x 5 y none", "2 x 0") \
    PROOF(label_added, CORBEL_DECODE, "1 x 5", "", CORBEL_DECODE, "", "") \
    PROOF(label_removed, CORBEL_DECODE, "", "", CORBEL_DECODE, "1 x 5", "") \
    PROOF(label_moved, CORBEL_DECODE, "", "", CORBEL_DECODE, "2 y ''", "") \
    PROOF(operation_added, CORBEL_OK, "1", "2", CORBEL_UNIMPLEMENTED, "2", "1") \
    PROOF(operation_removed, CORBEL_UNIMPLEMENTED, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(operation_moved, CORBEL_UNIMPLEMENTED, "", "", CORBEL_UNIMPLEMENTED, "", "") \
    PROOF(attribute_added, CORBEL_OK, "1", "2", CORBEL_UNIMPLEMENTED, "2", "1") \
    PROOF(attribute_removed, CORBEL_UNIMPLEMENTED, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(readonly_added, CORBEL_UNIMPLEMENTED, "", "2", CORBEL_OK, "", "1") \
    PROOF(readonly_removed, CORBEL_OK, "", "2", CORBEL_UNIMPLEMENTED, "", "1") \
    PROOF(oneway_added, CORBEL_LIMIT, "1", "", CORBEL_OK, "2", "") \
    PROOF(oneway_removed, CORBEL_OK, "1", "", CORBEL_LIMIT, "2", "") \
    PROOF(stream_added, CORBEL_MISMATCH, "", "", CORBEL_MISMATCH, "", "") \
    PROOF(stream_removed, CORBEL_MISMATCH, "", "", CORBEL_MISMATCH, "", "") \
    PROOF(idempotent_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(idempotent_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(once_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(once_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(overlap_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(overlap_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(deadline_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(raises_added, CORBEL_UNDECLARED, "1", "one 0 other 4", CORBEL_RAISED, "2", "one 4 other 0") \
    PROOF(raises_removed, CORBEL_RAISED, "1", "one 0 other 4", CORBEL_UNDECLARED, "2", "one 4 other 0") \
    PROOF(base_added, CORBEL_OK, "1", "2", CORBEL_UNIMPLEMENTED, "2", "1") \
    PROOF(base_removed, CORBEL_UNIMPLEMENTED, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(local_changed, CORBEL_DECODE, "", "", CORBEL_INVALID_ARGUMENT, "", "") \
    PROOF(serial_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(serial_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(strict_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(strict_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(parameter_added, CORBEL_OK, "value 1 more 0", "2", CORBEL_OK, "2", "1 added 0") \
    PROOF(parameter_inserted, CORBEL_OK, "value 0 more 1", "2", CORBEL_OK, "3", "1") \
    PROOF(parameter_removed, CORBEL_OK, "1", "2", CORBEL_OK, "value 2 more 0", "1") \
    PROOF(parameter_removed_before_others, CORBEL_OK, "1", "other 0", CORBEL_OK, "2", "other 3") \
    PROOF(parameter_renumbered, CORBEL_OK, "value 3 more 1", "2", CORBEL_OK, "value 3 more 2", "1") \
    PROOF(parameter_renamed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(parameter_replaced, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(parameters_reordered, CORBEL_OK, "1a", "", CORBEL_OK, "2b", "") \
    PROOF(direction_changed, CORBEL_OK, "asked", "told", CORBEL_OK, "0", "0") \
    PROOF(c_name_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(annotation_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(repository_id_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1")
/* clang-format on */

#endif /* TESTS_CODEGEN_EVOLVE_PROOFS_H */
