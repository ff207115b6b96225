/** Places: see ways.h. */
#include "ways.h"

#include "teller.h"

#include <corbel/batch.h>
#include <corbel/dynamic.h>
#include <corbel/stream.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))
#define TRACE_ID "00-0af7651916cd43dd8448eb211c80319c-"
enum { N_ITEMS = 3, SPAN_LEN = 16 };

const ways_row ways_rows[] = {
    { ways_by_call, "tell " },
    { ways_by_begin, "tell " },
    { ways_by_callback, "tell " },
    { ways_by_oneway, "hear " },
    { ways_by_batch, "hear next tell " },
    { ways_by_batch_of_oneways, "hear hear " },
    { ways_by_promise, "next " },
    { ways_by_promised_call, "next tell " },
    { ways_by_promised_oneway, "hear next " },
    { ways_by_promised_member, "pair tell " },
    { ways_by_result_stream, "lines " },
    { ways_by_argument_stream, "words " },
    { ways_by_both_streams, "echo " },
    { ways_by_deferred_call, "later tell " },
    { ways_by_raw_call, "tell " },
    { ways_by_raw_begin, "tell " },
    { ways_by_raw_oneway, "hear " },
    { ways_by_json_call, "tell " },
    { ways_by_json_begin, "tell " },
    { ways_to_raw_object, "tell " },
    { ways_to_raw_object_oneway, "hear " },
    { ways_to_forwarder, "tell " },
    { ways_to_forwarder_oneway, "hear " },
    { ways_to_forwarder_streams, "echo lines words " },
};
const size_t ways_n_rows = LENGTH_OF(ways_rows);

/* ---- notes ---- */

static void place_note(ways_place *place, corbel_request *request, const char *operation)
{
    char *const line = teller_line(corbel_request_context(request));
    const size_t size = strlen(operation) + 1 + strlen(line) + 1;
    char *const note = malloc(size);
    if (note == NULL || corbel_request_set_reply_value(request, "from", operation) != CORBEL_OK) {
        abort();
    }
    (void)snprintf(note, size, "%s %s", operation, line);
    free(line);
    pthread_mutex_lock(&place->lock);
    if (place->n_notes == LENGTH_OF(place->notes)) {
        abort();
    }
    place->notes[place->n_notes++] = note;
    pthread_cond_broadcast(&place->changed);
    pthread_mutex_unlock(&place->lock);
}

static int note_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static corbel_status place_noted(void *self, corbel_request *request, uint32_t n, const char **ret)
{
    ways_place *const place = self;
    struct timespec end;
    int problem = 0;
    char *all = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&all, &len);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20 * probe_slow;
    pthread_mutex_lock(&place->lock);
    while (place->n_notes < n && problem == 0) {
        problem = pthread_cond_timedwait(&place->changed, &place->lock, &end);
    }
    qsort(place->notes, place->n_notes, sizeof place->notes[0], note_order);
    for (size_t i = 0; i < place->n_notes; i++) {
        (void)fprintf(out, "%s\n", place->notes[i]);
        free(place->notes[i]);
    }
    place->n_notes = 0;
    pthread_mutex_unlock(&place->lock);
    (void)fclose(out);
    *ret = corbel_request_strdup(request, all);
    free(all);
    return CORBEL_OK;
}

uint32_t ways_count(const ways_row *row)
{
    uint32_t n = 0;
    for (const char *at = row->noted; *at != '\0'; at++) {
        n += *at == ' ';
    }
    return n;
}

void ways_expect(const ways_row *row, char *noted, const char *expected)
{
    char want[1024] = "", got[2048] = "";
    const char *spans[16];
    size_t n_spans = 0, len = 0;
    char *rest = NULL;
    for (const char *at = row->noted; *at != '\0'; at = strchr(at, ' ') + 1) {
        len += (size_t)snprintf(want + len, sizeof want - len, "%.*s %s\n", (int)strcspn(at, " "), at, expected);
    }
    len = 0;
    for (char *line = strtok_r(noted, "\n", &rest); line != NULL && len < sizeof got; line = strtok_r(NULL, "\n", &rest)) {
        char *const trace = strstr(line, TRACE_ID);
        if (trace == NULL) {
            len += (size_t)snprintf(got + len, sizeof got - len, "%s\n", line);
            continue;
        }
        const char *const span = trace + strlen(TRACE_ID);
        const int before = (int)(trace - line);
        for (size_t i = 0; i < n_spans; i++) {
            assert_int_not_equal(strncmp(spans[i], span, SPAN_LEN), 0);
        }
        assert_true(n_spans < LENGTH_OF(spans));
        assert_int_not_equal(strncmp(span, strstr(WAYS_TRACE, "b7ad"), SPAN_LEN), 0);
        spans[n_spans++] = span;
        len += (size_t)snprintf(got + len, sizeof got - len, "%.*sTRACE%s\n", before, line, span + SPAN_LEN);
    }
    assert_string_equal(got, want);
    corbel_string_free(noted);
}

/* ---- what is called ---- */

static corbel_status place_tell(void *self, corbel_request *request)
{
    place_note(self, request, "tell");
    return CORBEL_OK;
}

static corbel_status place_hear(void *self, corbel_request *request)
{
    place_note(self, request, "hear");
    return CORBEL_OK;
}

static corbel_status place_next(void *self, corbel_request *request, ways_Place **ret)
{
    place_note(self, request, "next");
    *ret = ways_Place_ref(((ways_place *)self)->object);
    return CORBEL_OK;
}

static corbel_status place_pair(void *self, corbel_request *request, ways_Place **ret_first, ways_Place **ret_second)
{
    place_note(self, request, "pair");
    *ret_first = ways_Place_ref(((ways_place *)self)->object);
    *ret_second = NULL;
    return CORBEL_OK;
}

static corbel_status place_missing(void *self, corbel_request *request, ways_Place **ret)
{
    (void)self;
    (void)ret;
    return corbel_request_fail(request, CORBEL_NOT_FOUND, "there is none");
}

static corbel_status place_lines(void *self, corbel_request *request, corbel_string_stream *ret)
{
    place_note(self, request, "lines");
    for (int i = 0; i < N_ITEMS && corbel_string_stream_put(ret, "line"); i++) {
    }
    return CORBEL_OK;
}

static corbel_status place_words(void *self, corbel_request *request, corbel_string_stream *items, uint32_t *ret)
{
    const char *item = NULL;
    place_note(self, request, "words");
    while (corbel_string_stream_next(items, &item)) {
        ++*ret;
    }
    return CORBEL_OK;
}

static corbel_status place_echo(void *self, corbel_request *request, corbel_string_stream *items, corbel_string_stream *ret)
{
    const char *item = NULL;
    place_note(self, request, "echo");
    while (corbel_string_stream_next(items, &item) && corbel_string_stream_put(ret, item)) {
    }
    return CORBEL_OK;
}

/** Makes a call for the request, and answers it. */
static void *place_answer(void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    ways_later *const later = user;
    corbel_request_enter(later->request);
    MUST(ways_Place_tell(later->place->object, &error));
    corbel_request_leave(later->request);
    ways_Place_later_reply(later->request);
    return NULL;
}

static corbel_status place_later(void *self, corbel_request *request)
{
    ways_place *const place = self;
    ways_later *const later = calloc(1, sizeof *later);
    place_note(place, request, "later");
    if (later == NULL) {
        abort();
    }
    later->place = place;
    later->request = request;
    const corbel_status status = corbel_request_defer(request);
    pthread_mutex_lock(&place->lock);
    later->next = place->laters;
    place->laters = later;
    if (pthread_create(&later->thread, NULL, place_answer, later) != 0) {
        abort();
    }
    pthread_mutex_unlock(&place->lock);
    return status;
}

/** The raw object. */
static corbel_status raw_note(void *self, corbel_request *request)
{
    place_note(self, request, corbel_request_operation(request));
    return CORBEL_OK;
}

/** The forwarder. */
static corbel_status raw_forward(void *self, corbel_request *request)
{
    return corbel_request_pass(request, ways_Place_as_object(((ways_place *)self)->object));
}

/* ---- the ways ---- */

static void called_back(corbel_call *call, void *user)
{
    corbel_error error = CORBEL_ERROR_INIT;
    MUST(ways_Place_tell_finish(call, &error));
    probe_event_add(user, 1);
}

static corbel_status by_callback(ways_Place *place)
{
    probe_event done;
    probe_event_init(&done);
    corbel_call_on_done(ways_Place_tell_begin(place), called_back, &done);
    const bool came = probe_event_wait(&done, 1);
    pthread_mutex_lock(&done.lock); /* who has added to it has let go of it */
    pthread_mutex_unlock(&done.lock);
    return came ? CORBEL_OK : CORBEL_DEADLINE;
}

static corbel_status by_batch(corbel_runtime *runtime, ways_Place *place, bool oneways, corbel_error *reterr)
{
    corbel_batch *const batch = corbel_batch_new(runtime, oneways ? CORBEL_BATCH_CONTINUE : CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    ways_Place *const batched = ways_Place_with(place, &options);
    corbel_call *const tell = oneways ? NULL : ways_Place_tell_begin(batched);
    corbel_call *const next = oneways ? NULL : ways_Place_next_begin(batched);
    corbel_status status = ways_Place_hear(batched, reterr);
    if (status == CORBEL_OK && oneways) {
        status = ways_Place_hear(batched, reterr);
    }
    if (status == CORBEL_OK) {
        status = corbel_batch_run(batch, reterr);
    }
    if (!oneways && status == CORBEL_OK) {
        ways_Place *ret = NULL;
        status = ways_Place_tell_finish(tell, reterr);
        status = status == CORBEL_OK ? ways_Place_next_finish(next, &ret, reterr) : status;
        ways_Place_unref(ret);
    }
    ways_Place_unref(batched);
    corbel_batch_unref(batch);
    return status;
}

static corbel_status by_promise(ways_Place *place, ways_Way how, corbel_error *reterr)
{
    ways_Place *const next = ways_Place_next_promise(place);
    const corbel_status status = how == ways_by_promised_call     ? ways_Place_tell(next, reterr)
                                 : how == ways_by_promised_oneway ? ways_Place_hear(next, reterr)
                                                                  : CORBEL_OK;
    ways_Place_unref(next);
    return status;
}

static corbel_status by_promised_member(ways_Place *place, corbel_error *reterr)
{
    corbel_call *const call = ways_Place_pair_begin(place);
    ways_Place *const first = ways_Place_pair_promised_first(call);
    const corbel_status status = ways_Place_tell(first, reterr);
    const corbel_status finished = ways_Place_pair_finish(call, NULL, NULL, status == CORBEL_OK ? reterr : NULL);
    ways_Place_unref(first);
    return status != CORBEL_OK ? status : finished;
}

static corbel_status by_result_stream(ways_Place *place, corbel_error *reterr)
{
    corbel_string_stream *lines = NULL;
    const char *line = NULL;
    int n = 0;
    corbel_call *const call = ways_Place_lines_begin(place, &lines);
    while (corbel_string_stream_next(lines, &line)) {
        n++;
    }
    const corbel_status status = ways_Place_lines_finish(call, reterr);
    return status == CORBEL_OK && n != N_ITEMS ? CORBEL_FAILED : status;
}

static corbel_status by_argument_stream(ways_Place *place, corbel_error *reterr)
{
    corbel_string_stream *items = NULL;
    uint32_t n = 0;
    corbel_call *const call = ways_Place_words_begin(place, &items);
    for (int i = 0; i < N_ITEMS && corbel_string_stream_put(items, "word"); i++) {
    }
    corbel_string_stream_end(items);
    const corbel_status status = ways_Place_words_finish(call, &n, reterr);
    return status == CORBEL_OK && n != N_ITEMS ? CORBEL_FAILED : status;
}

static corbel_status by_both_streams(ways_Place *place, corbel_error *reterr)
{
    corbel_string_stream *items = NULL, *echoed = NULL;
    const char *item = NULL;
    corbel_call *const call = ways_Place_echo_begin(place, &items, &echoed);
    int n = 0;
    while (n < N_ITEMS && corbel_string_stream_put(items, "word") && corbel_string_stream_next(echoed, &item)) {
        n++;
    }
    corbel_string_stream_end(items);
    const corbel_status status = ways_Place_echo_finish(call, reterr);
    return status == CORBEL_OK && n != N_ITEMS ? CORBEL_FAILED : status;
}

static corbel_status by_begin(ways_Place *place, corbel_error *reterr)
{
    return ways_Place_tell_finish(ways_Place_tell_begin(place), reterr);
}

static corbel_status raw_way(ways_Way how, corbel_object *place, corbel_error *reterr)
{
    static const char interface[] = "ways::Place";
    switch (how) {
    case ways_by_raw_call:
        return corbel_raw_call(place, interface, "tell", false, NULL, NULL, reterr);
    case ways_by_raw_begin:
        return corbel_raw_finish(corbel_raw_begin(place, interface, "tell", NULL), NULL, reterr);
    case ways_by_raw_oneway:
        return corbel_raw_call(place, interface, "hear", true, NULL, NULL, reterr);
    case ways_by_json_call:
        return corbel_json_call(place, &ways_Place_interface, "tell", "{}", NULL, reterr);
    default:
        return corbel_json_finish(corbel_json_begin(place, &ways_Place_interface, "tell", "{}"), NULL, reterr);
    }
}

static corbel_status any_way(corbel_runtime *runtime, ways_Way how, ways_Place *place, ways_Place *raw, ways_Place *forwarder,
                             corbel_error *reterr)
{
    corbel_status status = CORBEL_OK;
    switch (how) {
    case ways_by_call:
        return ways_Place_tell(place, reterr);
    case ways_by_begin:
        return by_begin(place, reterr);
    case ways_by_callback:
        return by_callback(place);
    case ways_by_oneway:
        return ways_Place_hear(place, reterr);
    case ways_by_batch:
    case ways_by_batch_of_oneways:
        return by_batch(runtime, place, how == ways_by_batch_of_oneways, reterr);
    case ways_by_promise:
    case ways_by_promised_call:
    case ways_by_promised_oneway:
        return by_promise(place, how, reterr);
    case ways_by_promised_member:
        return by_promised_member(place, reterr);
    case ways_by_result_stream:
        return by_result_stream(place, reterr);
    case ways_by_argument_stream:
        return by_argument_stream(place, reterr);
    case ways_by_both_streams:
        return by_both_streams(place, reterr);
    case ways_by_deferred_call:
        return ways_Place_later(place, reterr);
    case ways_to_raw_object:
        return by_begin(raw, reterr);
    case ways_to_raw_object_oneway:
        return ways_Place_hear(raw, reterr);
    case ways_to_forwarder:
        return ways_Place_tell(forwarder, reterr);
    case ways_to_forwarder_oneway:
        return ways_Place_hear(forwarder, reterr);
    case ways_to_forwarder_streams:
        status = by_result_stream(forwarder, reterr);
        status = status == CORBEL_OK ? by_argument_stream(forwarder, reterr) : status;
        return status == CORBEL_OK ? by_both_streams(forwarder, reterr) : status;
    default:
        return raw_way(how, ways_Place_as_object(place), reterr);
    }
}

static corbel_status place_go(void *self, corbel_request *request, ways_Way how, ways_Place *place, ways_Place *raw,
                              ways_Place *forwarder, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const corbel_status status = any_way(((ways_place *)self)->runtime, how, place, raw, forwarder, &error);
    if (status != CORBEL_OK) {
        return error.status == status ? corbel_request_forward(request, &error) : status;
    }
    char *const line = teller_line(corbel_request_context(request));
    *ret = corbel_request_strdup(request, line);
    free(line);
    return CORBEL_OK;
}

static corbel_status place_go_uri(void *self, corbel_request *request, ways_Way how, const char *place, const char *raw,
                                  const char *forwarder, const char **ret)
{
    corbel_error error = CORBEL_ERROR_INIT;
    const char *const uris[] = { place, raw, forwarder };
    ways_Place *found[3] = { NULL, NULL, NULL };
    corbel_status status = CORBEL_OK;
    for (size_t i = 0; i < LENGTH_OF(found) && status == CORBEL_OK; i++) {
        status = ways_Place_from_uri(((ways_place *)self)->runtime, uris[i], &found[i], &error);
    }
    status = status != CORBEL_OK ? corbel_request_forward(request, &error)
                                 : place_go(self, request, how, found[0], found[1], found[2], ret);
    for (size_t i = 0; i < LENGTH_OF(found); i++) {
        ways_Place_unref(found[i]);
    }
    return status;
}

/* ---- places ---- */

static const ways_Place_servant place_servant = {
    .tell = place_tell,
    .hear = place_hear,
    .next = place_next,
    .pair = place_pair,
    .missing = place_missing,
    .lines = place_lines,
    .words = place_words,
    .echo = place_echo,
    .later = place_later,
    .go = place_go,
    .go_uri = place_go_uri,
    .noted = place_noted,
};

void ways_place_start(ways_place *place)
{
    static const char *const ids[] = { "place", "raw", "forwarder" };
    corbel_error error = CORBEL_ERROR_INIT;
    memset(place, 0, sizeof *place);
    pthread_mutex_init(&place->lock, NULL);
    pthread_cond_init(&place->changed, NULL);
    MUST(corbel_runtime_new(NULL, &place->runtime, &error));
    MUST(corbel_daemon_new(place->runtime, NULL, &place->daemon, &error));
    place->object = ways_Place_new(place->runtime, &place_servant, place, NULL);
    place->raw = corbel_raw_new(place->runtime, NULL, 0, raw_note, place, NULL);
    place->forwarder = corbel_raw_new(place->runtime, NULL, CORBEL_RAW_EVERYTHING, raw_forward, place, NULL);
    corbel_object *const objects[] = { ways_Place_as_object(place->object), place->raw, place->forwarder };
    for (size_t i = 0; i < LENGTH_OF(objects); i++) {
        MUST(corbel_daemon_register(place->daemon, ids[i], objects[i], &error));
        MUST(corbel_daemon_uri(place->daemon, ids[i], &place->uris[i], &error));
    }
}

void ways_place_stop(ways_place *place)
{
    while (place->laters != NULL) {
        ways_later *const later = place->laters;
        place->laters = later->next;
        pthread_join(later->thread, NULL);
        free(later);
    }
    corbel_daemon_unref(place->daemon);
    corbel_object_unref(place->forwarder);
    corbel_object_unref(place->raw);
    ways_Place_unref(place->object);
    for (size_t i = 0; i < LENGTH_OF(place->uris); i++) {
        corbel_string_free(place->uris[i]);
    }
    corbel_runtime_unref(place->runtime);
    for (size_t i = 0; i < place->n_notes; i++) {
        free(place->notes[i]);
    }
    pthread_cond_destroy(&place->changed);
    pthread_mutex_destroy(&place->lock);
}
