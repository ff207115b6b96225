#!/usr/bin/perl
# Writes kitchen_flow.inc: a servant that gives each item of its streams back, and a table of functions that call the generated
# stubs. What a type's stream is called is read from the header that corbelc has made.
#   make_flow.pl ROWS HEADER OUTPUT
use strict;
use warnings;

my ($rows, $header, $output) = @ARGV;
die "usage: make_flow.pl ROWS HEADER OUTPUT\n" unless defined $output;

open my $in, '<', $header or die "$header: $!\n";
my $text = do { local $/; <$in> };
close $in;
my %stream;
while ($text =~ /\(\*flow_(\w+)\)\(\s*void \*self,\s+corbel_request \*request,\s+(\w+) \*items,\s+(\w+) \*ret\);/g) {
    die "flow_$1: $2 in, $3 out\n" if $2 ne $3;
    $stream{$1} = $2;
}

open my $list, '<', $rows or die "$rows: $!\n";
open my $c, '>', $output or die "$output: $!\n";
print $c "/* Written by make_flow.pl. */\n";
my @names;
while (my $line = <$list>) {
    chomp $line;
    my ($name, $shape, $type, $take) = split /\|/, $line;
    my $stream = $stream{$name} or die "flow_$name is not in $header\n";
    my $address = $shape =~ /^(flat|block)$/ ? 'item' : '&item';
    push @names, $name;
    print $c <<"END";

static corbel_status serve_flow_$name(void *self, corbel_request *request, $stream *items, $stream *ret)
{
    ${type}item;
    (void)self;
    (void)request;
    while (${stream}_next(items, &item) && ${stream}_put(ret, item)) {
        flow_count();
    }
    return CORBEL_OK;
}
static corbel_status flow_$name(kitchen_Flow *self, const void *const *values, size_t n, flow_seen seen, void *user,
                                corbel_error *reterr)
{
    $stream *items = NULL, *ret = NULL;
    ${type}item;
    corbel_call *const call = kitchen_Flow_flow_${name}_begin(self, &items, &ret);
    for (size_t i = 0; i < n; i++) { /* who writes all before reading may wait for ever: nobody keeps so much */
        const void *const value = values[i];
        if (!${stream}_put(items, $take) || !${stream}_next(ret, &item)) {
            break;
        }
        seen(user, $address);
    }
    ${stream}_end(items);
    while (${stream}_next(ret, &item)) {
        seen(user, $address);
    }
    return kitchen_Flow_flow_${name}_finish(call, reterr);
}
END
}
print $c "\nstatic const kitchen_Flow_servant flow_servant = {\n";
print $c "    .flow_$_ = serve_flow_$_,\n" for @names;
print $c "};\n\nstatic const flow_row flow_rows[] = {\n";
print $c "    { \"flow_$_\", flow_$_ },\n" for @names;
print $c "};\n";
close $c or die "$output: $!\n";
