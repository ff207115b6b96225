/** The rules of `corbelc --check`, all of them, in one table: RULE(id, "name", class, test, "explanation").
 *
 *  test names the row of tests/codegen/evolve/proofs.h by which an old client is run against a new server and the reverse, and
 *  old source compiled against the new header; a rule that names none, or one that is not there, does not build
 *  (tests/codegen/evolve/evolve_test.c makes a table of them). The explanations are those of docs/evolution.md; a test compares.
 */
#ifndef EVOLVE_RULES_H
#define EVOLVE_RULES_H

/* clang-format off */
#define EVOLVE_RULES(RULE) \
    /* declarations */ \
    RULE(TYPE_ADDED, "type-added", COMPATIBLE, proof_type_added, \
         "nobody uses it yet") \
    RULE(TYPE_REMOVED, "type-removed", SOURCE, proof_type_removed, \
         "by itself a type does not travel; what used it is listed apart") \
    RULE(TYPE_CHANGED, "type-changed", WIRE, proof_type_changed, \
         "a value of one type is refused, or read as something else, where the other is expected") \
    RULE(TYPE_RENAMED, "type-renamed", SOURCE, proof_type_renamed, \
         "another type that travels in the same form: messages do not name types, C does") \
    RULE(CONSTANT_ADDED, "constant-added", COMPATIBLE, proof_constant_added, \
         "constants do not travel") \
    RULE(CONSTANT_REMOVED, "constant-removed", SOURCE, proof_constant_removed, \
         "constants do not travel; source that uses it does not compile") \
    RULE(CONSTANT_CHANGED, "constant-changed", SOURCE, proof_constant_changed, \
         "constants do not travel; source that is compiled again means something else, or does not compile") \
    RULE(INTERFACE_ADDED, "interface-added", COMPATIBLE, proof_interface_added, \
         "nobody uses it yet") \
    RULE(INTERFACE_REMOVED, "interface-removed", WIRE, proof_interface_removed, \
         "its objects are not there any more") \
    /* types */ \
    RULE(BOUND_RAISED, "bound-raised", WIRE, proof_bound_raised, \
         "the old side refuses what goes beyond its bound; what keeps to it arrives") \
    RULE(BOUND_LOWERED, "bound-lowered", WIRE, proof_bound_lowered, \
         "the new side refuses what goes beyond its bound; what keeps to it arrives") \
    RULE(RANGE_WIDENED, "range-widened", WIRE, proof_range_widened, \
         "the old side refuses what lies outside of its range") \
    RULE(RANGE_NARROWED, "range-narrowed", WIRE, proof_range_narrowed, \
         "the new side refuses what lies outside of its range") \
    RULE(ARRAY_SIZE_CHANGED, "array-size-changed", WIRE, proof_array_size_changed, \
         "an array arrives with exactly its number of items, or is refused") \
    RULE(ARRAY_SHAPE_CHANGED, "array-shape-changed", SOURCE, proof_array_shape_changed, \
         "as many items travel, in the same order; in C they have other indexes") \
    RULE(DIGITS_CHANGED, "digits-changed", WIRE, proof_digits_changed, \
         "one side refuses numbers with more digits than it has") \
    /* members of structs and exceptions */ \
    RULE(MEMBER_ADDED, "member-added", COMPATIBLE, proof_member_added, \
         "behind all others: old readers skip it, new ones read its default, and C initialises by name what it knows") \
    RULE(OPTIONAL_MEMBER_ADDED, "optional-member-added", COMPATIBLE, proof_optional_member_added, \
         "behind all others: old readers skip it, for new ones it is absent") \
    RULE(MEMBER_INSERTED, "member-inserted", WIRE, proof_member_inserted, \
         "it takes a number that another member had: put it last, or give it an @id of its own") \
    RULE(MEMBER_REMOVED, "member-removed", SOURCE, proof_member_removed, \
         "new readers skip it, old ones read its default; never give its number to something else") \
    RULE(MEMBER_REMOVED_BEFORE_OTHERS, "member-removed-before-others", WIRE, proof_member_removed_before_others, \
         "those behind it take other numbers: give them an @id first, the one that they had") \
    RULE(MEMBER_RENUMBERED, "member-renumbered", WIRE, proof_member_renumbered, \
         "members are known by their numbers: one reads what the other wrote for another member, or nothing") \
    RULE(MEMBER_RENAMED, "member-renamed", SOURCE, proof_member_renamed, \
         "names do not travel: the number and the type are the same (the JSON form has names)") \
    RULE(MEMBER_REPLACED, "member-replaced", WIRE, proof_member_replaced, \
         "another member, of another type, has taken its number") \
    RULE(MEMBERS_REORDERED, "members-reordered", COMPATIBLE, proof_members_reordered, \
         "each has kept its number, and C initialises by name") \
    RULE(OPTIONAL_ADDED, "optional-added", WIRE, proof_optional_added, \
         "one side does not write a zero, which the other takes for absent") \
    RULE(OPTIONAL_REMOVED, "optional-removed", WIRE, proof_optional_removed, \
         "one side does not write a zero, which the other takes for absent") \
    RULE(DEFAULT_ADDED, "default-added", WIRE, proof_default_added, \
         "the old side does not write a zero, and the new one reads the default instead") \
    RULE(DEFAULT_REMOVED, "default-removed", WIRE, proof_default_removed, \
         "the new side does not write a zero, and the old one reads the default instead") \
    RULE(DEFAULT_CHANGED, "default-changed", COMPATIBLE, proof_default_changed, \
         "both sides always write the member") \
    RULE(SERIALIZATION_CHANGED, "serialization-changed", WIRE, proof_serialization_changed, \
         "with @non_serialized a member does not travel: one side loses what the other says") \
    RULE(FINAL_STRUCT_CHANGED, "final-struct-changed", WIRE, proof_final_struct_changed, \
         "@final has promised everybody that the struct or union never changes: who compares versions refuses it, others skip and default") \
    RULE(FINAL_ADDED, "final-added", SOURCE, proof_final_added, \
         "it travels as before; in C what is made of numbers alone is handed out by value") \
    RULE(FINAL_REMOVED, "final-removed", SOURCE, proof_final_removed, \
         "it travels as before; in C it is handed out in a block that has to be freed") \
    RULE(STRUCT_BASE_CHANGED, "struct-base-changed", COMPATIBLE, proof_struct_base_changed, \
         "inherited members travel as its own: those that changed are listed apart") \
    /* enums, bitmasks */ \
    RULE(ENUMERATOR_ADDED, "enumerator-added", COMPATIBLE, proof_enumerator_added, \
         "the old side keeps the number, without a name for it") \
    RULE(ENUMERATOR_REMOVED, "enumerator-removed", SOURCE, proof_enumerator_removed, \
         "the new side keeps the number, without a name for it") \
    RULE(ENUMERATOR_RENAMED, "enumerator-renamed", SOURCE, proof_enumerator_renamed, \
         "the number travels (the JSON form has the name)") \
    RULE(ENUMERATOR_RENUMBERED, "enumerator-renumbered", WIRE, proof_enumerator_renumbered, \
         "the number travels: put new enumerators last, or give them a @value") \
    RULE(BIT_ADDED, "bit-added", COMPATIBLE, proof_bit_added, \
         "the old side keeps the bit, without a name for it") \
    RULE(BIT_REMOVED, "bit-removed", SOURCE, proof_bit_removed, \
         "the new side keeps the bit, without a name for it") \
    RULE(BIT_RENAMED, "bit-renamed", SOURCE, proof_bit_renamed, \
         "the position travels (the JSON form has a number)") \
    RULE(BIT_RENUMBERED, "bit-renumbered", WIRE, proof_bit_renumbered, \
         "the position travels: put new bits last, or give them a @position") \
    /* unions */ \
    RULE(DISCRIMINATOR_CHANGED, "discriminator-changed", WIRE, proof_discriminator_changed, \
         "a value of one type is refused, or read as something else, where the other is expected") \
    RULE(CASE_ADDED, "case-added", COMPATIBLE, proof_case_added, \
         "the old side keeps the discriminator, and has no value for it") \
    RULE(CASE_REMOVED, "case-removed", SOURCE, proof_case_removed, \
         "the new side keeps the discriminator, and has no value for it") \
    RULE(LABEL_ADDED, "label-added", WIRE, proof_label_added, \
         "the side that lacks the label refuses a case that the discriminator does not select") \
    RULE(LABEL_REMOVED, "label-removed", WIRE, proof_label_removed, \
         "the side that lacks the label refuses a case that the discriminator does not select") \
    RULE(LABEL_MOVED, "label-moved", WIRE, proof_label_moved, \
         "the label selects one case here and another there") \
    /* interfaces and operations */ \
    RULE(OPERATION_ADDED, "operation-added", COMPATIBLE, proof_operation_added, \
         "an old server answers it with CORBEL_UNIMPLEMENTED") \
    RULE(OPERATION_REMOVED, "operation-removed", WIRE, proof_operation_removed, \
         "a new server answers it with CORBEL_UNIMPLEMENTED") \
    RULE(OPERATION_MOVED, "operation-moved", WIRE, proof_operation_moved, \
         "an operation is known by the interface that declares it: to move it is to remove it") \
    RULE(ATTRIBUTE_ADDED, "attribute-added", COMPATIBLE, proof_attribute_added, \
         "an old server answers it with CORBEL_UNIMPLEMENTED") \
    RULE(ATTRIBUTE_REMOVED, "attribute-removed", WIRE, proof_attribute_removed, \
         "a new server answers it with CORBEL_UNIMPLEMENTED") \
    RULE(READONLY_ADDED, "readonly-added", WIRE, proof_readonly_added, \
         "a new server answers to writing it with CORBEL_UNIMPLEMENTED") \
    RULE(READONLY_REMOVED, "readonly-removed", COMPATIBLE, proof_readonly_removed, \
         "an old server answers to writing it with CORBEL_UNIMPLEMENTED") \
    RULE(ONEWAY_ADDED, "oneway-added", WIRE, proof_oneway_added, \
         "new clients do not wait for the answer, and never learn of a failure") \
    RULE(ONEWAY_REMOVED, "oneway-removed", WIRE, proof_oneway_removed, \
         "old clients do not wait for the answer, and never learn of a failure") \
    RULE(STREAM_ADDED, "stream-added", WIRE, proof_stream_added, \
         "a call with other streams than the operation has is refused") \
    RULE(STREAM_REMOVED, "stream-removed", WIRE, proof_stream_removed, \
         "a call with other streams than the operation has is refused") \
    RULE(IDEMPOTENT_ADDED, "idempotent-added", COMPATIBLE, proof_idempotent_added, \
         "it only permits") \
    RULE(IDEMPOTENT_REMOVED, "idempotent-removed", WIRE, proof_idempotent_removed, \
         "old clients still have the permission to repeat it") \
    RULE(ONCE_ADDED, "once-added", COMPATIBLE, proof_once_added, \
         "old clients send no key, and do not repeat it") \
    RULE(ONCE_REMOVED, "once-removed", COMPATIBLE, proof_once_removed, \
         "keys of old clients are kept all the same; new ones do not repeat it") \
    RULE(OVERLAP_ADDED, "overlap-added", COMPATIBLE, proof_overlap_added, \
         "it only permits") \
    RULE(OVERLAP_REMOVED, "overlap-removed", WIRE, proof_overlap_removed, \
         "old clients still let its calls overtake one another") \
    RULE(DEADLINE_CHANGED, "deadline-changed", COMPATIBLE, proof_deadline_changed, \
         "each caller has the one that it was built with, and the callee gets it with the call") \
    RULE(RAISES_ADDED, "raises-added", WIRE, proof_raises_added, \
         "an old client gets CORBEL_UNDECLARED in place of the exception, which it can look at only if it knows the type") \
    RULE(RAISES_REMOVED, "raises-removed", WIRE, proof_raises_removed, \
         "a new client gets CORBEL_UNDECLARED in place of the exception, which it can look at only if it knows the type") \
    RULE(BASE_ADDED, "base-added", COMPATIBLE, proof_base_added, \
         "an old server answers what it inherits now with CORBEL_UNIMPLEMENTED") \
    RULE(BASE_REMOVED, "base-removed", WIRE, proof_base_removed, \
         "a new server answers what it inherited with CORBEL_UNIMPLEMENTED") \
    RULE(LOCAL_CHANGED, "local-changed", WIRE, proof_local_changed, \
         "references to a local interface do not leave their process: one side refuses to send them, the other to take them") \
    RULE(SERIAL_ADDED, "serial-added", COMPATIBLE, proof_serial_added, \
         "calls wait for their turn, where they overlapped; callers see no difference but in time") \
    RULE(SERIAL_REMOVED, "serial-removed", COMPATIBLE, proof_serial_removed, \
         "calls overlap, where they waited for their turn: that is the servant's business, which is compiled with it") \
    RULE(STRICT_ADDED, "strict-added", WIRE, proof_strict_added, \
         "a call that its own chain leads back to the object fails with CORBEL_DEADLOCK, where it was let in") \
    RULE(STRICT_REMOVED, "strict-removed", COMPATIBLE, proof_strict_removed, \
         "it only permits") \
    RULE(PARAMETER_ADDED, "parameter-added", SOURCE, proof_parameter_added, \
         "behind all others: old peers skip it, new ones read its default; in C a call has one argument more") \
    RULE(PARAMETER_INSERTED, "parameter-inserted", WIRE, proof_parameter_inserted, \
         "it takes a number that another one had: put it last, or give it an @id of its own") \
    RULE(PARAMETER_REMOVED, "parameter-removed", SOURCE, proof_parameter_removed, \
         "new peers skip it, old ones read its default; in C a call has one argument less") \
    RULE(PARAMETER_REMOVED_BEFORE_OTHERS, "parameter-removed-before-others", WIRE, proof_parameter_removed_before_others, \
         "those behind it take other numbers: give them an @id first, the one that they had") \
    RULE(PARAMETER_RENUMBERED, "parameter-renumbered", WIRE, proof_parameter_renumbered, \
         "parameters are known by their numbers: one reads what the other wrote for another one, or nothing") \
    RULE(PARAMETER_RENAMED, "parameter-renamed", COMPATIBLE, proof_parameter_renamed, \
         "names do not travel, and a call in C does not say them") \
    RULE(PARAMETER_REPLACED, "parameter-replaced", WIRE, proof_parameter_replaced, \
         "another parameter, of another type, has taken its number") \
    RULE(PARAMETERS_REORDERED, "parameters-reordered", SOURCE, proof_parameters_reordered, \
         "each has kept its number; in C the arguments stand in another order, and some compile there, too") \
    RULE(DIRECTION_CHANGED, "direction-changed", WIRE, proof_direction_changed, \
         "one side waits for what the other does not send") \
    /* names and what only documents */ \
    RULE(C_NAME_CHANGED, "c-name-changed", SOURCE, proof_c_name_changed, \
         "the name in C is another one") \
    RULE(ANNOTATION_CHANGED, "annotation-changed", COMPATIBLE, proof_annotation_changed, \
         "it only documents") \
    RULE(REPOSITORY_ID_CHANGED, "repository-id-changed", COMPATIBLE, proof_repository_id_changed, \
         "scoped names travel, not repository ids")
/* clang-format on */

typedef enum evolve_rule_id {
#define EVOLVE_ID(id, name, class, test, explanation) EVOLVE_RULE_##id,
    EVOLVE_RULES(EVOLVE_ID)
#undef EVOLVE_ID
        EVOLVE_N_RULES
} evolve_rule_id;

#endif /* EVOLVE_RULES_H */
