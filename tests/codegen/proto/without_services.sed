# For protoc-c 1.4: no services; and of names that differ by underscores only, which it would join to one, the first goes.
/^service .*{}$/d
/^service /,/^}/d
/^message Thing_get_label__[a-z]* {}$/d
/^message Thing_get_label__/,/^}/d
