/** What becomes of a call across versions, rule by rule: PROOF(rule, what an old client gets from a new server: status, what the
 *  servant saw, what the client saw; then what a new client gets from an old server). What was not reached saw nothing: "". The
 *  calls themselves are in sides.c. */
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
    PROOF(member_added, CORBEL_OK, "x 1 y 0", "x 2", CORBEL_OK, "x 2", "x 1 y 0") \
    PROOF(member_inserted, CORBEL_OK, "x 0 y 1", "x 3", CORBEL_OK, "x 3", "x 0 y 1") \
    PROOF(member_removed, CORBEL_OK, "x 1", "x 2 y 0", CORBEL_OK, "x 2 y 0", "x 1") \
    PROOF(member_removed_before_others, CORBEL_OK, "x 3", "x 0 y 2", CORBEL_OK, "x 0 y 2", "x 3") \
    PROOF(member_renumbered, CORBEL_OK, "x 3 y 1", "x 3 y 1", CORBEL_OK, "x 3 y 1", "x 3 y 1") \
    PROOF(member_renamed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(member_replaced, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(enumerator_added, CORBEL_OK, "1 B", "2 no name", CORBEL_OK, "2 no name", "1 B") \
    PROOF(enumerator_removed, CORBEL_OK, "2 no name", "1 B", CORBEL_OK, "1 B", "2 no name") \
    PROOF(enumerator_renamed, CORBEL_OK, "C", "B", CORBEL_OK, "B", "C") \
    PROOF(enumerator_renumbered, CORBEL_OK, "C", "C", CORBEL_OK, "C", "C") \
    PROOF(operation_added, CORBEL_OK, "1", "2", CORBEL_UNIMPLEMENTED, "2", "1") \
    PROOF(operation_removed, CORBEL_UNIMPLEMENTED, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(operation_moved, CORBEL_UNIMPLEMENTED, "", "", CORBEL_UNIMPLEMENTED, "", "") \
    PROOF(attribute_added, CORBEL_OK, "1", "2", CORBEL_UNIMPLEMENTED, "2", "1") \
    PROOF(attribute_removed, CORBEL_UNIMPLEMENTED, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(readonly_added, CORBEL_UNIMPLEMENTED, "", "2", CORBEL_OK, "", "1") \
    PROOF(readonly_removed, CORBEL_OK, "", "2", CORBEL_UNIMPLEMENTED, "", "1") \
    PROOF(oneway_added, CORBEL_LIMIT, "1", "", CORBEL_OK, "2", "") \
    PROOF(oneway_removed, CORBEL_OK, "1", "", CORBEL_LIMIT, "2", "") \
    PROOF(idempotent_added, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(idempotent_removed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(raises_added, CORBEL_UNDECLARED, "1", "one 0 other 4", CORBEL_RAISED, "2", "one 4 other 0") \
    PROOF(raises_removed, CORBEL_RAISED, "1", "one 0 other 4", CORBEL_UNDECLARED, "2", "one 4 other 0") \
    PROOF(base_added, CORBEL_OK, "1", "2", CORBEL_UNIMPLEMENTED, "2", "1") \
    PROOF(base_removed, CORBEL_UNIMPLEMENTED, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(parameter_added, CORBEL_OK, "value 1 more 0", "2", CORBEL_OK, "2", "1 added 0") \
    PROOF(parameter_inserted, CORBEL_OK, "value 0 more 1", "2", CORBEL_OK, "3", "1") \
    PROOF(parameter_removed, CORBEL_OK, "1", "2", CORBEL_OK, "value 2 more 0", "1") \
    PROOF(parameter_removed_before_others, CORBEL_OK, "1", "other 0", CORBEL_OK, "2", "other 3") \
    PROOF(parameter_renumbered, CORBEL_OK, "value 3 more 1", "2", CORBEL_OK, "value 3 more 2", "1") \
    PROOF(parameter_renamed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(parameter_replaced, CORBEL_DECODE, "", "", CORBEL_DECODE, "", "") \
    PROOF(direction_changed, CORBEL_OK, "asked", "told", CORBEL_OK, "0", "0") \
    PROOF(annotation_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1") \
    PROOF(repository_id_changed, CORBEL_OK, "1", "2", CORBEL_OK, "2", "1")

/* Rules about what has no form in C yet: later.idl has them, and only what --check says is tested. */
#define EVOLVE_MODEL_ONLY(MODEL) \
    MODEL(range_widened) \
    MODEL(range_narrowed) \
    MODEL(array_size_changed) \
    MODEL(array_shape_changed) \
    MODEL(digits_changed) \
    MODEL(optional_member_added) \
    MODEL(members_reordered) \
    MODEL(optional_added) \
    MODEL(optional_removed) \
    MODEL(default_added) \
    MODEL(default_removed) \
    MODEL(default_changed) \
    MODEL(serialization_changed) \
    MODEL(final_struct_changed) \
    MODEL(final_added) \
    MODEL(final_removed) \
    MODEL(struct_base_changed) \
    MODEL(bit_added) \
    MODEL(bit_removed) \
    MODEL(bit_renamed) \
    MODEL(bit_renumbered) \
    MODEL(discriminator_changed) \
    MODEL(case_added) \
    MODEL(case_removed) \
    MODEL(label_added) \
    MODEL(label_removed) \
    MODEL(label_moved) \
    MODEL(local_changed) \
    MODEL(parameters_reordered) \
    MODEL(c_name_changed)
/* clang-format on */

#endif /* TESTS_CODEGEN_EVOLVE_PROOFS_H */
