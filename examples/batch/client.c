/* batch-client: calls calculators one by one and in batches: thousands of calls in a few messages, a batch that stops at its
 * first error and one that goes on, a batch over two objects, and one of oneways. */
#include "batch.corbel.h"

enum { MANY = 2000, STEPS = 4 };

/* A reference to the same calculator whose calls wait in the batch. */
static batch_Calculator *in_batch(batch_Calculator *calculator, corbel_batch *batch)
{
    corbel_options options = CORBEL_OPTIONS_INIT;
    options.batch = batch;
    return batch_Calculator_with(calculator, &options);
}

static int failed(corbel_error *error)
{
    return corbel_error_print(error, stderr);
}

static int many(corbel_runtime *runtime, batch_Calculator *calculator)
{
    static corbel_call *calls[MANY];
    corbel_error error = CORBEL_ERROR_INIT;
    int64_t one_by_one = 0, together = 0;
    int32_t sum = 0;

    for (int32_t i = 0; i < MANY; i++) {
        if (batch_Calculator_add(calculator, i, i, &sum, &error)) {
            return failed(&error);
        }
        one_by_one += sum;
    }
    corbel_batch *batch = corbel_batch_new(runtime, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    batch_Calculator *batched = in_batch(calculator, batch);
    for (int32_t i = 0; i < MANY; i++) {
        calls[i] = batch_Calculator_add_begin(batched, i, i);
    }
    int result = corbel_batch_run(batch, &error) ? failed(&error) : 0;
    for (int32_t i = 0; i < MANY; i++) { /* each call is finished, whatever became of it */
        if (batch_Calculator_add_finish(calls[i], &sum, &error)) {
            result = failed(&error);
        } else {
            together += sum;
        }
    }
    printf("%d calls one by one: %lld; in a batch: %lld\n", MANY, (long long)one_by_one, (long long)together);
    batch_Calculator_unref(batched);
    corbel_batch_unref(batch);
    return result;
}

/* Its third call divides by zero. */
static void with_an_error(corbel_runtime *runtime, batch_Calculator *calculator, corbel_batch_mode mode)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_batch *batch = corbel_batch_new(runtime, mode);
    batch_Calculator *batched = in_batch(calculator, batch);
    corbel_call *calls[STEPS] = {
        batch_Calculator_divide_begin(batched, 100, 5),
        batch_Calculator_divide_begin(batched, 100, 8),
        batch_Calculator_divide_begin(batched, 100, 0),
        batch_Calculator_divide_begin(batched, 100, 10),
    };
    if (corbel_batch_run(batch, &error)) {
        printf("  %s\n", error.message);
        const batch_DivideByZero *raised = batch_DivideByZero_of(&error);
        if (raised != NULL) {
            printf("  %d cannot be divided by zero\n", (int)raised->dividend);
        }
    }
    for (int i = 0; i < STEPS; i++) {
        int32_t quotient = 0;
        if (batch_Calculator_divide_finish(calls[i], &quotient, &error)) {
            printf("  call %d: %s\n", i + 1, corbel_status_name(error.status));
        } else {
            printf("  call %d: %d\n", i + 1, (int)quotient);
        }
    }
    corbel_error_clear(&error);
    batch_Calculator_unref(batched);
    corbel_batch_unref(batch);
}

/* The calls are run in the order in which they were begun, on whatever object of that process. The batch is used twice. */
static int over_two(corbel_runtime *runtime, batch_Calculator *a, batch_Calculator *b)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_batch *batch = corbel_batch_new(runtime, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    batch_Calculator *first = in_batch(a, batch), *second = in_batch(b, batch);
    int result = 0;

    for (int32_t round = 1; round <= 2 && result == 0; round++) {
        int32_t product = 0, sum = 0;
        corbel_call *multiplied = batch_Calculator_multiply_begin(first, 6, 7 * round);
        corbel_call *added = batch_Calculator_add_begin(second, 6, 7 * round);
        result = corbel_batch_run(batch, &error) ? failed(&error) : 0;
        if (batch_Calculator_multiply_finish(multiplied, &product, &error) || batch_Calculator_add_finish(added, &sum, &error)) {
            result = failed(&error);
        }
        printf("two calculators: %d and %d\n", (int)product, (int)sum);
    }
    batch_Calculator_unref(first);
    batch_Calculator_unref(second);
    corbel_batch_unref(batch);
    return result;
}

/* There is nothing to finish, and nothing to wait for. */
static int oneways(corbel_runtime *runtime, batch_Calculator *calculator)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_batch *batch = corbel_batch_new(runtime, CORBEL_BATCH_CONTINUE);
    batch_Calculator *batched = in_batch(calculator, batch);
    int result = 0;

    if (batch_Calculator_log(batched, "one", &error) || batch_Calculator_log(batched, "two", &error) ||
        batch_Calculator_log(batched, "three", &error) || corbel_batch_run(batch, &error)) {
        result = failed(&error);
    }
    batch_Calculator_unref(batched);
    corbel_batch_unref(batch);
    return result;
}

int main(void)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    batch_Shelf *shelf = NULL;
    batch_Calculator *abacus = NULL, *slide_rule = NULL;
    uint32_t calls = 0;
    int result = 0;

    if (corbel_runtime_new(NULL, &runtime, &error) || batch_Shelf_from_uri(runtime, "corbelname:example.batch", &shelf, &error) ||
        batch_Shelf_take(shelf, "abacus", &abacus, &error) || batch_Shelf_take(shelf, "slide rule", &slide_rule, &error)) {
        goto failed;
    }
    if (many(runtime, abacus)) {
        result = 1;
    }
    puts("stopping at the first error:");
    with_an_error(runtime, slide_rule, CORBEL_BATCH_STOP_AT_FIRST_ERROR);
    puts("going on:");
    with_an_error(runtime, slide_rule, CORBEL_BATCH_CONTINUE);
    if (over_two(runtime, abacus, slide_rule) || oneways(runtime, abacus)) {
        result = 1;
    }
    if (batch_Calculator_get_calls(slide_rule, &calls, &error)) {
        goto failed;
    }
    printf("the slide rule was called %u times\n", (unsigned)calls);
    if (batch_Calculator_get_calls(abacus, &calls, &error)) { /* behind the oneways, which have been printed now */
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    batch_Calculator_unref(abacus);
    batch_Calculator_unref(slide_rule);
    batch_Shelf_unref(shelf);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
