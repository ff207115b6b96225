# For scripts that run a program with a planted offence: source it, call plant for each, end with planted_end COUNT.
planted_failures=0
planted_checks=0

# plant STATUS TEXT CMD...: the command must end with STATUS (a number; bad: any but 0) and write TEXT, a regular expression.
plant()
{
    local wanted=$1 text=$2 output status
    shift 2
    output=$("$@" 2>&1 </dev/null)
    status=$?
    planted_checks=$((planted_checks + 1))
    if [ "$wanted" = bad ] && [ "$status" -ne 0 ]; then
        wanted=$status
    fi
    if [ "$status" != "$wanted" ] || ! grep -q -E "$text" <<<"$output"; then
        printf 'FAILED: %s: status %s instead of %s, or it does not say "%s":\n%s\n' "$*" "$status" "$wanted" "$text" "$output"
        planted_failures=$((planted_failures + 1))
    fi
}

# Exits 0 only if COUNT offences were planted and every one was caught as itself.
planted_end()
{
    printf '%d planted, %d not caught\n' "$planted_checks" "$planted_failures"
    [ "$planted_failures" -eq 0 ] && [ "$planted_checks" -eq "$1" ]
    exit
}
