#include "runtime/uri/uri.h"
#include "runtime/base/block.h"
#include "runtime/base/fail.h"
#include "runtime/base/utf8.h"
#include "runtime/uri/text.h"

#include <stdlib.h>
#include <string.h>

/** uri = "corbel:" object "@" addresses | "corbelname:" name [ "@" addresses ] ; */
static corbel_status uri_parse(const crb_text *text, crb_uri *uri)
{
    const char *at = text->start;
    if (crb_text_begins(at, text->end, "corbelmeta:")) {
        return crb_text_fail(text, at, "corbelmeta: is not supported yet");
    }
    if (crb_text_begins(at, text->end, "corbelname:")) {
        uri->kind = CRB_URI_NAME;
        at += strlen("corbelname:");
    } else if (crb_text_begins(at, text->end, "corbel:")) {
        uri->kind = CRB_URI_OBJECT;
        at += strlen("corbel:");
    } else {
        return crb_text_fail(text, at, "a URI begins with corbel: or corbelname:");
    }
    const char *sign = memchr(at, '@', (size_t)(text->end - at));
    const char *id_end = sign != NULL ? sign : text->end;
    const char *what = uri->kind == CRB_URI_OBJECT ? "the object id" : "the name";
    const corbel_status status = crb_text_decode(text, at, id_end, what, CRB_MAX_OBJECT_ID, &uri->id);
    if (status != CORBEL_OK) {
        return status;
    }
    if (sign == NULL) {
        return uri->kind == CRB_URI_NAME ? CORBEL_OK : crb_text_fail(text, text->end, "@ADDRESS is missing");
    }
    return crb_text_addresses(text, sign + 1, &uri->addresses, &uri->n_addresses);
}

corbel_status crb_uri_parse(const char *text, crb_uri *ret, corbel_error *reterr)
{
    const size_t len = strnlen(text, CRB_MAX_URI + 1);
    const crb_text all = { text, text + len, false, reterr };
    if (len > CRB_MAX_URI) {
        return crb_text_fail(&all, text + CRB_MAX_URI, "more than %d bytes", CRB_MAX_URI);
    }
    crb_uri uri = { 0 };
    const corbel_status status = uri_parse(&all, &uri);
    if (status != CORBEL_OK) {
        crb_uri_clear(&uri);
        return status;
    }
    *ret = uri;
    return CORBEL_OK;
}

char *crb_uri_format(const crb_uri *uri)
{
    crb_buf out = CRB_BUF_INIT;
    const char *scheme = uri->kind == CRB_URI_OBJECT ? "corbel:" : "corbelname:";
    crb_buf_append(&out, scheme, strlen(scheme));
    crb_text_encode(&out, uri->id);
    for (size_t i = 0; i < uri->n_addresses; i++) {
        crb_buf_append(&out, i == 0 ? "@" : ",", 1);
        crb_text_put_address(&out, &uri->addresses[i]);
    }
    char *text = out.failed ? NULL : crb_block_string((const char *)out.data, out.len);
    crb_buf_clear(&out);
    return text;
}

void crb_uri_clear(crb_uri *uri)
{
    free(uri->id);
    crb_addresses_free(uri->addresses, uri->n_addresses);
    *uri = (crb_uri) { 0 };
}

const char *crb_object_id_fault(const char *text)
{
    const size_t len = strnlen(text, CRB_MAX_OBJECT_ID + 1);
    if (len == 0) {
        return "empty";
    }
    if (len > CRB_MAX_OBJECT_ID) {
        return "more than 255 bytes";
    }
    return crb_utf8_valid((const uint8_t *)text, len) ? NULL : "not UTF-8";
}
