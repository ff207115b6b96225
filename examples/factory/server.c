/* factory-server [LISTEN]: hosts a factory of robots, example.factory. Robots have no ids and no names at the name server: each
 * lives while somebody holds a reference to it, and says so when it ends. */
#include "factory.corbel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct robot {
    char *name;
    pthread_mutex_t lock; /* of built */
    robots_Robot *built;  /* the last one; NULL: none yet */
} robot;

static corbel_status robot_new(corbel_request *request, const char *name, robots_Robot **ret);

/* What this robot built is asked through its reference, as the robot of another process would be. */
static corbel_status tell(void *self, corbel_request *request, const char **ret)
{
    robot *r = self;
    corbel_error error = CORBEL_ERROR_INIT;
    char *rest = NULL;

    pthread_mutex_lock(&r->lock);
    robots_Robot *built = robots_Robot_ref(r->built);
    pthread_mutex_unlock(&r->lock);
    if (built == NULL) {
        *ret = corbel_request_strdup(request, r->name);
        return CORBEL_OK;
    }
    const corbel_status status = robots_Robot_tell(built, &rest, &error);
    robots_Robot_unref(built);
    if (status != CORBEL_OK) {
        return corbel_request_forward(request, &error);
    }
    *ret = corbel_request_printf(request, "%s, who built %s", r->name, rest);
    corbel_string_free(rest);
    return CORBEL_OK;
}

static corbel_status build(void *self, corbel_request *request, const char *name, robots_Robot **ret)
{
    robot *r = self;
    const corbel_status status = robot_new(request, name, ret);
    if (status != CORBEL_OK) {
        return status;
    }
    pthread_mutex_lock(&r->lock);
    robots_Robot *before = r->built;
    r->built = robots_Robot_ref(*ret); /* *ret itself is given away to the caller */
    pthread_mutex_unlock(&r->lock);
    robots_Robot_unref(before);
    return CORBEL_OK;
}

static const robots_Robot_servant robot_servant = { .tell = tell, .build = build };

/* Runs once, when nothing holds the robot any more: no caller, no session, no other robot. */
static void robot_finalize(void *self)
{
    robot *r = self;
    printf("%s is finalized\n", r->name);
    robots_Robot_unref(r->built); /* which may be the last that held that one */
    pthread_mutex_destroy(&r->lock);
    free(r->name);
    free(r);
}

static corbel_status robot_new(corbel_request *request, const char *name, robots_Robot **ret)
{
    robot *r = calloc(1, sizeof *r);
    char *copy = strdup(name);
    if (r == NULL || copy == NULL || pthread_mutex_init(&r->lock, NULL) != 0) {
        free(r);
        free(copy);
        return corbel_request_fail(request, CORBEL_NO_MEMORY, "no memory for another robot");
    }
    r->name = copy;
    *ret = robots_Robot_new(corbel_request_runtime(request), &robot_servant, r, robot_finalize);
    return CORBEL_OK;
}

/* The reference in *ret is given away: from here on the caller's session holds the robot, and nobody else. */
static corbel_status plant_build(void *self, corbel_request *request, const char *name, robots_Robot **ret)
{
    (void)self;
    return robot_new(request, name, ret);
}

static const robots_Plant_servant plant_servant = { .build = plant_build };

int main(int argc, char **argv)
{
    corbel_error error = CORBEL_ERROR_INIT;
    corbel_runtime *runtime = NULL;
    corbel_daemon *daemon = NULL;
    robots_Plant *plant = NULL;
    int result = 0;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* each line when it is written, into a pipe too */
    if (corbel_runtime_new(NULL, &runtime, &error) || corbel_daemon_new(runtime, argc > 1 ? argv[1] : NULL, &daemon, &error)) {
        goto failed;
    }
    plant = robots_Plant_new(runtime, &plant_servant, NULL, NULL);
    corbel_object *object = robots_Plant_as_object(plant);
    if (corbel_daemon_register(daemon, "example.factory", object, &error) ||
        corbel_daemon_publish(daemon, "example.factory", object, NULL, true, &error) ||
        corbel_daemon_shutdown_on_signals(daemon, &error) || corbel_daemon_ready(daemon, object, stdout, &error) ||
        corbel_daemon_run(daemon, &error)) {
        goto failed;
    }
    goto done;
failed:
    result = corbel_error_print(&error, stderr);
done:
    robots_Plant_unref(plant);
    corbel_daemon_unref(daemon);
    corbel_runtime_unref(runtime);
    corbel_error_clear(&error);
    return result;
}
