/* One interface in the header: its operations, their halves, its servant. */
#include "codegen/emit.h"

#include "codegen/comment.h"

#include <inttypes.h>
#include <string.h>

static void add_stream_fact(emit_file *file, emit_strings *facts, const char *name, const char *verb, const char *function,
                            const char *bound)
{
    const char *more = bound == NULL ? "" : emit_format(file->run->arena, "; %s", bound);
    emit_add(facts, "%s: %s with %s()%s.", name, verb, function, more);
}

static void add_param_facts(emit_file *file, emit_strings *facts, const emit_param *param)
{
    emit_run *run = file->run;
    const char *doc = param->decl->kind == IDL_PARAMETER ? param->decl->doc : NULL;
    const char *bound = emit_bound_note(run, param->type, param->decl);
    const char *release = param->direction == IDL_IN ? NULL : emit_release(run, param->type);
    const bool is_plain_inout = param->direction == IDL_INOUT && emit_is_plain(run, param->type);
    const char *name = emit_local_name(file, param->c_name, true);
    if (param->direction == IDL_OUT) {
        name = emit_format(run->arena, "ret_%s", param->c_name);
    } else if (is_plain_inout) {
        name = emit_format(run->arena, "inout_%s", param->c_name);
    }
    if (param->is_stream) {
        name = emit_format(run->arena, "ret_%s", param->c_name);
    }
    emit_add_deprecation(facts, name, param->decl);
    if (doc != NULL) {
        char *line = idl_arena_text(run->arena, doc, strlen(doc));
        for (char *c = line; *c != '\0'; c++) {
            *c = *c == '\n' ? ' ' : *c;
        }
        const size_t length = strlen(line);
        const bool has_end = length > 0 && strchr(".!?", line[length - 1]) != NULL;
        emit_add(facts, "%s: %s%s", name, line, has_end ? "" : ".");
    }
    emit_add_unit(facts, name, param->decl);
    if (param->is_stream) {
        add_stream_fact(file, facts, name, "write", emit_stream_function(run, param->type, "_put"), bound);
        return;
    }
    if (bound != NULL) {
        emit_add(facts, "%s: %s.", name, bound);
    }
    if (is_plain_inout) {
        emit_add(facts, "%s: goes in and comes out; not NULL.", name);
    }
    if (release != NULL) {
        emit_add(facts, "ret_%s: yours, %s().", param->c_name, release);
    }
}

static emit_strings facts_of(emit_file *file, const emit_call *call)
{
    emit_run *run = file->run;
    emit_strings facts = { .arena = run->arena };
    if (!emit_has_halves(call)) {
        emit_add(&facts, "Oneway: success means that it was sent.");
    }
    if (emit_is_marked(call->decl, "idempotent")) {
        emit_add(&facts, "Idempotent.");
    }
    if (emit_is_marked(call->decl, "readonly_op")) {
        emit_add(&facts, "Changes nothing.");
    }
    if (emit_is_marked(call->decl, "once")) {
        emit_add(&facts, "Its effect happens once, however often the call is repeated.");
    }
    if (emit_overlaps(call)) {
        emit_add(&facts, "Its calls keep no order.");
    }
    if (emit_deadline(call) != 0) {
        emit_add(&facts, "Deadline: %" PRIu32 " ms, unless the reference has one.", emit_deadline(call));
    }
    if (call->raises->length > 0) {
        emit_buf list = { .arena = run->arena };
        for (size_t i = 0; i < call->raises->length; i++) {
            emit(&list, "%s%s", i > 0 ? ", " : "", call->raises->items[i]->scoped_name);
        }
        emit_add(&facts, emit_has_streams(call) ? "_finish() raises %s." : "Raises %s.", list.text);
    }
    for (size_t i = 0; i < call->n_params; i++) {
        add_param_facts(file, &facts, &call->params[i]);
    }
    if (call->stream_out != NULL) {
        emit_add_unit(&facts, "ret", call->decl);
        add_stream_fact(file, &facts, "ret", "read", emit_stream_function(run, call->stream_out, "_next"),
                        emit_bound_note(run, call->stream_out, call->decl));
    }
    if (call->result != NULL) {
        emit_add_unit(&facts, "ret", call->decl);
        const char *bound = emit_bound_note(run, call->result, call->decl);
        const char *release = emit_release(run, call->result);
        if (bound != NULL) {
            emit_add(&facts, "ret: %s.", bound);
        }
        if (release != NULL) {
            emit_add(&facts, "ret: yours, %s().", release);
        }
    }
    return facts;
}

static void emit_whole(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call, bool with_doc)
{
    const emit_strings facts = facts_of(file, call);
    const char *deprecated = emit_deprecated(file->run, call->decl, 0);
    if (with_doc && call->role != EMIT_SETTER) {
        emit_verbatim(out, call->decl, "BEFORE_DECLARATION");
    }
    emit_comment(out, 0, with_doc && call->role != EMIT_SETTER ? call->decl->doc : NULL, &facts);
    const emit_strings params = emit_call_params(file, interface, call, EMIT_WHOLE);
    if (deprecated != NULL) {
        emit(out, "%s\n", deprecated);
    }
    emit_function(out, "CORBEL_MUST_CHECK corbel_status ", emit_call_name(file->run, interface, call, ""), &params, ";");
    if (with_doc && (call->role != EMIT_GETTER || call->decl->is_readonly)) {
        emit_verbatim(out, call->decl, "AFTER_DECLARATION");
    }
}

static void emit_halves(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call)
{
    if (!emit_has_halves(call)) {
        return;
    }
    emit_run *run = file->run;
    const emit_strings ins = emit_call_params(file, interface, call, EMIT_BEGIN);
    const emit_strings outs = emit_call_params(file, interface, call, EMIT_FINISH);
    const char *deprecated = emit_deprecated(run, call->decl, 0);
    if (deprecated != NULL) {
        emit(out, "%s\n", deprecated);
    }
    emit_function(out, "corbel_call *", emit_call_name(run, interface, call, "_begin"), &ins, ";");
    emit_function(out, "CORBEL_MUST_CHECK corbel_status ", emit_call_name(run, interface, call, "_finish"), &outs, ";");
}

/* What has streams is begun and finished, and has no other form: the documentation stands here. */
static void emit_streaming(emit_file *file, emit_buf *out, const idl_decl *interface, const emit_call *call, bool with_doc)
{
    const emit_strings facts = facts_of(file, call);
    if (with_doc) {
        emit_verbatim(out, call->decl, "BEFORE_DECLARATION");
    }
    emit_comment(out, 0, with_doc ? call->decl->doc : NULL, &facts);
    emit_halves(file, out, interface, call);
    if (with_doc) {
        emit_verbatim(out, call->decl, "AFTER_DECLARATION");
    }
}

static void emit_servant(emit_file *file, emit_buf *out, const idl_decl *interface, bool with_rules)
{
    emit_run *run = file->run;
    const emit_calls calls = emit_calls_of(run, interface, true);
    const char *name = emit_derived(run, interface, NULL, "_servant");
    emit(out, "\n");
    if (with_rules) {
        emit_strings rules = { .arena = run->arena };
        emit_add(&rules, "What you implement; NULL members answer CORBEL_UNIMPLEMENTED. Arguments are borrowed until you "
                         "return; _defer() lends them until you reply. Results start zeroed: fill them in; what they point to is "
                         "constant, an argument, or from "
                         "corbel_request_alloc(); references in them are given away.");
        emit_comment(out, 0, NULL, &rules);
    } else {
        emit_comment(out, 0, "What you implement.", NULL);
    }
    emit(out, "typedef struct %s {\n", name);
    const idl_decl *owner = NULL;
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (call->owner != owner && interface->all_bases.length > 0) {
            emit(out, "    /* %s */\n", call->owner->scoped_name);
        }
        owner = call->owner;
        const emit_strings params = emit_call_params(file, interface, call, EMIT_SERVANT);
        emit_list(out, emit_format(run->arena, "    corbel_status (*%s)(", call->servant_member), &params, ");");
    }
    if (calls.length == 0) {
        emit(out, "    char unused_; /* no operations, and C has no empty struct */\n");
    }
    emit(out, "} %s;\n", name);
}

void emit_header_interface(emit_file *file, emit_buf *out, const idl_decl *interface, bool with_rules)
{
    emit_run *run = file->run;
    emit_buf title = { .arena = run->arena };
    emit(&title, "%sinterface %s",
         interface->is_local      ? "local "
         : interface->is_abstract ? "abstract "
                                  : "",
         interface->scoped_name);
    for (size_t i = 0; i < interface->bases.length; i++) {
        emit(&title, "%s%s", i == 0 ? " : " : ", ", interface->bases.items[i]->scoped_name);
    }
    emit_verbatim(out, interface, "BEFORE_DECLARATION");
    emit_heading(out, title.text, interface->doc);
    emit_verbatim(out, interface, "BEGIN_DECLARATION");
    emit_strings facts = { .arena = run->arena };
    emit_add_deprecation(&facts, NULL, interface);
    if (facts.length > 0) {
        emit_remark(out, facts.items[0]);
    }
    if (interface->is_local) {
        emit_remark(out, "References to it do not leave the process.");
    }
    const emit_serial serial = emit_serial_of(interface);
    if (serial != EMIT_NOT_SERIAL) {
        emit_remark(out,
                    serial == EMIT_STRICT
                        ? "Serial, strictly: one call at a time enters an object; one that its own chain leads back to it fails."
                        : "Serial: the calls of one chain at a time enter an object.");
    }
    const emit_calls calls = emit_calls_of(run, interface, false);
    bool has_halves = false, has_streams = false, has_plain = false;
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (emit_has_streams(call)) {
            has_streams = true;
            continue;
        }
        emit_whole(file, out, interface, call, true);
        has_plain = true;
        has_halves |= emit_has_halves(call);
    }
    if (calls.length == 0) {
        emit_remark(out, interface->all_bases.length > 0 ? "No operations of its own." : "No operations.");
    }
    if (has_halves) {
        emit(out, "\n");
        emit_remark(out,
                    !with_rules
                        ? "In two halves."
                        : "The same in two halves. _begin() never returns NULL; _finish() ends the call, tells whatever went "
                          "wrong, and hands out what is released as said above.");
    }
    for (size_t i = 0; i < calls.length; i++) {
        if (!emit_has_streams(&calls.items[i])) {
            emit_halves(file, out, interface, &calls.items[i]);
        }
    }
    if (has_streams) {
        emit(out, has_plain ? "\n" : "");
        emit_remark(out,
                    "With streams, which flow between _begin() and _finish(). _finish() may come early, ends them, and tells "
                    "how it went; it does not wait for items that nobody has read.");
    }
    for (size_t i = 0; i < calls.length; i++) {
        if (emit_has_streams(&calls.items[i])) {
            emit_streaming(file, out, interface, &calls.items[i], true);
        }
    }
    emit_header_promises(file, out, interface, with_rules);
    emit_servant(file, out, interface, with_rules);
    emit_header_replies(file, out, interface);
    emit_verbatim(out, interface, "END_DECLARATION");
    emit_verbatim(out, interface, "AFTER_DECLARATION");
}

/* Called by the small print. */
void emit_header_inherited(emit_file *file, emit_buf *out, const idl_decl *interface)
{
    const emit_calls calls = emit_calls_of(file->run, interface, true);
    for (size_t i = 0; i < calls.length; i++) {
        const emit_call *call = &calls.items[i];
        if (call->owner != interface && emit_has_streams(call)) {
            emit_streaming(file, out, interface, call, false);
        } else if (call->owner != interface) {
            emit_whole(file, out, interface, call, false);
            emit_halves(file, out, interface, call);
            emit_header_inherited_promises(file, out, interface, call);
        }
    }
}
