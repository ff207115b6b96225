# Starting, watching and stopping programs from a script. Source it; it defines functions and a trap.
#
#   programs_begin               makes the working folder $work and the trap that stops everything
#   programs_serve NAME CMD...   starts a server and returns when it has printed its ready line; ${ready[NAME]} is its URI
#   programs_run NAME CMD...     runs a program to its end, its input from this function's
#   programs_start NAME CMD...   starts a program that prints no ready line
#   programs_await NAME LINE S   returns when NAME has written LINE to stdout; fails when it has not within S seconds
#   programs_kill NAME           kills what programs_start has started, by SIGKILL: it can do nothing about it
#   programs_stop NAME           sends SIGTERM, waits, fails unless the program exits with 0
#   programs_stop_all            the same for all that still run, the last one started first
#   programs_fail TEXT...        prints a complaint, with what the programs said on stderr
#
# What NAME writes to stdout is kept, byte by byte, in $work/NAME.out, but for the ready line, which holds a port; what it
# writes to stderr in $work/NAME.err. Nothing here sleeps: a ready line is read from a pipe with a deadline, an end is waited
# for. Whatever happens, no program outlives $program_limit seconds, because it runs under timeout(1), or, if programs_start started
# it, this script.
# $program_wrapper, an array, goes before every program that is ours (valgrind, for example).

work=
ready_limit=${CORBEL_READY_LIMIT:-20}
program_limit=${CORBEL_PROGRAM_LIMIT:-120}
declare -A ready=() programs_pid=() programs_reader=() programs_started=()
declare -a programs_order=() program_wrapper=()

programs_begin()
{
    work=$(mktemp -d "${TMPDIR:-/tmp}/corbel.XXXXXX")
    trap programs_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

programs_end()
{
    local status=$? name
    trap - EXIT
    for name in "${programs_order[@]}"; do
        kill "$([ -n "${programs_started[$name]-}" ] && echo -KILL || echo -TERM)" "${programs_pid[$name]}" 2>/dev/null || true
    done
    for name in "${programs_order[@]}"; do
        wait "${programs_pid[$name]}" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$status"
}

programs_fail()
{
    local file
    printf 'FAILED: %s\n' "$*" >&2
    for file in "$work"/*.err "$work"/*/*.err; do
        if [ -s "$file" ]; then
            printf '  %s wrote to stderr:\n' "$(basename "$file" .err)" >&2
            sed 's/^/    /' "$file" >&2
        fi
    done
    return 1
}

programs_serve()
{
    local name=$1 line fd deadline pid status
    shift
    mkdir -p "$(dirname "$work/$name")"
    mkfifo "$work/$name.pipe"
    : >"$work/$name.out"
    timeout --foreground -k 5 "$program_limit" "${program_wrapper[@]}" "$@" >"$work/$name.pipe" 2>"$work/$name.err" </dev/null &
    pid=$!
    programs_pid[$name]=$pid
    programs_order+=("$name")
    exec {fd}<"$work/$name.pipe"
    rm "$work/$name.pipe"
    deadline=$((SECONDS + ready_limit))
    ready[$name]=
    while [ -z "${ready[$name]}" ]; do
        status=0
        IFS= read -r -t "$((deadline > SECONDS ? deadline - SECONDS : 1))" -u "$fd" line || status=$?
        if [ "$status" -gt 128 ]; then # what read says when the time is over
            programs_fail "$name has not printed a ready line within $ready_limit s"
        elif [ "$status" -ne 0 ]; then
            programs_fail "$name ended before it was ready"
        fi
        if [ "$status" -ne 0 ]; then
            exec {fd}<&-
            return 1
        fi
        if [[ $line =~ ^ready\ (corbel:[^[:space:]]+@[^[:space:]]+)$ ]]; then
            ready[$name]=${BASH_REMATCH[1]}
        else
            printf '%s\n' "$line" >>"$work/$name.out"
        fi
    done
    cat <&"$fd" >>"$work/$name.out" &
    programs_reader[$name]=$!
    exec {fd}<&-
}

programs_run()
{
    local name=$1 status=0
    shift
    mkdir -p "$(dirname "$work/$name")"
    timeout --foreground -k 5 "$program_limit" "${program_wrapper[@]}" "$@" >"$work/$name.out" 2>"$work/$name.err" || status=$?
    if [ "$status" -ne 0 ]; then
        programs_fail "$name exited with $status$([ "$status" -eq 124 ] && echo " (stopped after $program_limit s)")"
    fi
}

# Not under timeout(1), which could be asked to end before it knows of the program that it has started, and would leave it behind.
# The kernel kills the program when this script ends, however that happens.
programs_start()
{
    local name=$1
    shift
    mkdir -p "$(dirname "$work/$name")"
    : >"$work/$name.out" # there before programs_await looks
    setpriv --pdeathsig KILL "${program_wrapper[@]}" "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null &
    programs_pid[$name]=$!
    programs_started[$name]=yes
    programs_order+=("$name")
}

programs_await()
{
    local name=$1 wanted=$2 limit=$3 line fd pid deadline status=0
    exec {fd}< <(exec tail -n +1 -f "$work/$name.out")
    pid=$!
    deadline=$((SECONDS + limit))
    line=
    while [ "$line" != "$wanted" ] && [ "$status" -eq 0 ]; do
        IFS= read -r -t "$((deadline > SECONDS ? deadline - SECONDS : 1))" -u "$fd" line || status=$?
        if [ "$SECONDS" -gt "$deadline" ]; then
            status=142
        fi
    done
    exec {fd}<&-
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if [ "$line" != "$wanted" ]; then
        programs_fail "$name has not written '$wanted' within $limit s"
    fi
}

programs_kill()
{
    local name=$1 status=0
    kill -KILL "${programs_pid[$name]}" 2>/dev/null || true
    wait "${programs_pid[$name]}" 2>/dev/null || status=$?
    programs_forget "$name"
    if [ "$status" -ne 137 ]; then
        programs_fail "$name was to be killed, and exited with $status"
    fi
}

# It no longer runs.
programs_forget()
{
    local other rest=()
    for other in "${programs_order[@]}"; do
        [ "$other" = "$1" ] || rest+=("$other")
    done
    programs_order=("${rest[@]}")
}

programs_stop()
{
    local name=$1 status=0
    kill -TERM "${programs_pid[$name]}" 2>/dev/null || true
    wait "${programs_pid[$name]}" || status=$?
    wait "${programs_reader[$name]-}" 2>/dev/null || true
    programs_forget "$name"
    if [ "$status" -ne 0 ]; then
        programs_fail "$name exited with $status after SIGTERM"
    fi
}

programs_stop_all()
{
    local i status=0 names=("${programs_order[@]}")
    for ((i = ${#names[@]} - 1; i >= 0; i--)); do
        programs_stop "${names[i]}" || status=1
    done
    return "$status"
}
