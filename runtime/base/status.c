#include <corbel/status.h>

typedef struct status_row {
    const char *name;
    const char *text;
    corbel_reaction reaction;
} status_row;

static const status_row status_rows[] = {
#define STATUS_ROW(name, reaction, text) { #name, text, CORBEL_##reaction },
    CORBEL_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
};

static const status_row status_unknown = { "UNKNOWN", "a status that this version does not know", CORBEL_GIVE_UP };

static const status_row *status_find(corbel_status status)
{
    const unsigned index = (unsigned)status;
    return index < sizeof status_rows / sizeof *status_rows ? &status_rows[index] : &status_unknown;
}

const char *corbel_status_name(corbel_status status)
{
    return status_find(status)->name;
}

const char *corbel_status_text(corbel_status status)
{
    return status_find(status)->text;
}

corbel_reaction corbel_status_reaction(corbel_status status)
{
    return status_find(status)->reaction;
}
