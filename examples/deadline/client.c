/* deadline-client: asks a desk, which asks an archive; does not wait for ever, and sees that the archive stops, too. */
#include "deadline.corbel.h"

enum { FOREVER = 1000000 }; /* pages: nearly three hours */

static bool must_have_stopped(deadline_Archive *archive, corbel_error *error)
{
    char *how = NULL;
    if (deadline_Archive_last_scan(archive, &how, error)) {
        return false;
    }
    printf("the archive has stopped: %s\n", how);
    corbel_string_free(how);
    return true;
}

static bool patient(deadline_Desk *desk, deadline_Archive *archive, corbel_error *error)
{
    uint32_t found = 0;
    if (deadline_Desk_find(desk, "corbel", 20, &found, error)) {
        return false;
    }
    printf("found on %u pages\n", (unsigned)found);
    return must_have_stopped(archive, error);
}

/* A second reference to the same desk, with a deadline for each call. The archive's own, of its IDL, is longer. */
static bool in_a_hurry(deadline_Desk *desk, deadline_Archive *archive, corbel_error *error)
{
    deadline_Desk *hurried = deadline_Desk_with(desk, &(corbel_options) { sizeof(corbel_options), .deadline_ms = 200 });
    const corbel_status status = deadline_Desk_find(hurried, "corbel", FOREVER, NULL, error);
    deadline_Desk_unref(hurried);
    printf("in a hurry: %s\n", corbel_status_text(status));
    return status == CORBEL_DEADLINE && must_have_stopped(archive, error);
}

/* The desk's caller would wait for half a minute, which is the default. The archive says in its IDL that it takes two seconds. */
static bool as_the_idl_says(deadline_Desk *desk, deadline_Archive *archive, corbel_error *error)
{
    const corbel_status status = deadline_Desk_find(desk, "corbel", FOREVER, NULL, error);
    printf("as its IDL says: %s\n", corbel_status_text(status));
    return status == CORBEL_DEADLINE && must_have_stopped(archive, error);
}

static bool not_any_more(deadline_Desk *desk, deadline_Archive *archive, corbel_error *error)
{
    corbel_call *call = deadline_Desk_find_begin(desk, "corbel", FOREVER);
    if (corbel_call_wait(call, 100) == CORBEL_DEADLINE) { /* so long it might have been of use */
        corbel_call_cancel(call);
    }
    const corbel_status status = deadline_Desk_find_finish(call, NULL, error);
    printf("not any more: %s\n", corbel_status_text(status));
    return status == CORBEL_CANCELLED && must_have_stopped(archive, error);
}

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    deadline_Desk *desk = NULL;
    deadline_Archive *archive = NULL;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || deadline_Desk_from_uri(runtime, "corbelname:example.desk", &desk, &error) ||
        deadline_Archive_from_uri(runtime, "corbelname:example.archive", &archive, &error) || !patient(desk, archive, &error) ||
        !in_a_hurry(desk, archive, &error) || !as_the_idl_says(desk, archive, &error) || !not_any_more(desk, archive, &error)) {
        result = corbel_error_print(&error, stderr);
    }
    deadline_Desk_unref(desk);
    deadline_Archive_unref(archive);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
