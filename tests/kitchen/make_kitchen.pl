#!/usr/bin/perl
# Writes the kitchen sink: kitchen.idl, with each type of the language in each place where one may stand, and kitchen_calls.inc,
# with a servant that gives back what it gets and a table of functions that call the generated stubs.
#   make_kitchen.pl FOLDER
use strict;
use warnings;

my $folder = shift @ARGV or die "usage: make_kitchen.pl FOLDER\n";

# Name, shape in C, type in IDL, and what must be declared before it. Shapes: scalar (by value), flat (plain aggregates, by
# address), text (const char *), view (by value), block (a struct or union that is returned in a block), and the references' own
# types.
my @types = (
    [ 'Boolean', 'scalar', 'boolean' ],
    [ 'Octet', 'scalar', 'octet' ],
    [ 'Char', 'scalar', 'char' ],
    [ 'Short', 'scalar', 'short' ],
    [ 'UShort', 'scalar', 'unsigned short' ],
    [ 'Long', 'scalar', 'long' ],
    [ 'ULong', 'scalar', 'unsigned long' ],
    [ 'LongLong', 'scalar', 'long long' ],
    [ 'ULongLong', 'scalar', 'unsigned long long' ],
    [ 'Float', 'scalar', 'float' ],
    [ 'Double', 'scalar', 'double' ],
    [ 'Colour', 'scalar', 'ColourEnum', 'enum ColourEnum { RED, GREEN, BLUE };' ],
    [ 'String', 'text', 'string' ],
    [ 'String7', 'text', 'string<7>' ],
    [ 'Reference', 'kitchen_Thing *', 'Thing' ],
    [ 'Struct', 'block', 'Pair', 'struct Pair { string text; long number; };' ],
    [ 'Nested', 'block', 'Outer', 'struct Outer { Pair first; sequence<Pair> rest; Thing thing; ColourEnum colour; };' ],
    [ 'Octets', 'view', 'sequence<octet>' ],
    [ 'Octets5', 'view', 'sequence<octet, 5>' ],
    [ 'Longs3', 'view', 'sequence<long, 3>' ],
    [ 'Table', 'view', 'sequence<sequence<short> >' ],
);

open my $idl, '>', "$folder/kitchen.idl" or die "$folder/kitchen.idl: $!\n";
print $idl "/** Each type in each place. */\nmodule kitchen {\n    interface Thing {\n        readonly attribute long number;\n    };\n\n";
my @rows; # name, shape, C type
for my $type (@types) {
    my ($name, $shape, $text, $before) = @$type;
    print $idl "    $before\n" if defined $before;
    print $idl "    typedef $text T_$name;\n";
    print $idl "    typedef sequence<T_$name> Q_$name;\n";
    print $idl "    struct S_$name {\n        T_$name m;\n    };\n";
    print $idl "    exception E_$name {\n        T_$name m;\n    };\n";
    my $value = $shape eq 'text' ? 'const char *' : $shape =~ /\*/ ? $shape : "kitchen_T_$name ";
    push @rows, { name => "T_$name", shape => $shape =~ /\*/ ? 'reference' : $shape, value => $value, exception => "E_$name" };
    push @rows, { name => "Q_$name", shape => 'view', value => "kitchen_Q_$name " };
    push @rows, { name => "S_$name", shape => 'block', value => "kitchen_S_$name " };
}
print $idl "\n    interface Sink {\n";
for my $row (@rows) {
    my $name = $row->{name};
    print $idl "        $name call_$name(in $name a, inout $name b, out $name c);\n";
    print $idl "        void raise_$name(in $name a) raises ($row->{exception});\n" if defined $row->{exception};
}
print $idl "    };\n};\n";
close $idl or die "$folder/kitchen.idl: $!\n";

# How a value of the shape is taken, given back to a caller, and filled in by a servant.
sub in_type
{
    my $row = shift;
    return $row->{shape} =~ /^(flat|block)$/ ? "const $row->{value}*" : $row->{value};
}

sub out_type
{
    my $row = shift;
    return 'char **' if $row->{shape} eq 'text';
    return "$row->{value}**" if $row->{shape} eq 'block';
    return "$row->{value}*";
}

open my $c, '>', "$folder/kitchen_calls.inc" or die "$folder/kitchen_calls.inc: $!\n";
print $c "/* Written by make_kitchen.pl. */\n";
my $index = 0;
for my $row (@rows) {
    my ($name, $shape) = ($row->{name}, $row->{shape});
    my $in = in_type($row);
    my $out = out_type($row);
    my $fill = "$row->{value}*";
    my $plain = $shape =~ /^(scalar|flat)$/;
    my $star = $shape =~ /^(flat|block)$/ ? '' : '&';
    $row->{index} = $index;
    # The servant: ret is a, c is b, b is a.
    print $c "\nstatic corbel_status serve_$name(void *self, corbel_request *request, ${in}a, ",
        $plain ? "${fill}inout_b, " : "${in}b, ${fill}ret_b, ", "${fill}ret_c, ${fill}ret)\n{\n";
    print $c "    (void)self;\n    kitchen_count($index);\n";
    if ($plain) {
        my $value = $shape eq 'flat' ? '*a' : 'a';
        print $c "    (void)request;\n    *ret = $value;\n    *ret_c = *inout_b;\n    *inout_b = $value;\n    return CORBEL_OK;\n}\n";
    } else {
        print $c "    const corbel_type *const type = kitchen_type($index);\n";
        print $c "    corbel_status status = corbel_request_copy(request, type, ${star}a, ret);\n";
        print $c "    status = status == CORBEL_OK ? corbel_request_copy(request, type, ${star}b, ret_c) : status;\n";
        print $c "    return status == CORBEL_OK ? corbel_request_copy(request, type, ${star}a, ret_b) : status;\n}\n";
    }
    if (defined $row->{exception}) {
        my $exception = "kitchen_$row->{exception}";
        my $m = $shape =~ /^(flat|block)$/ ? '*a' : 'a';
        print $c "static corbel_status serve_raise_$name(void *self, corbel_request *request, ${in}a)\n{\n    (void)self;\n";
        print $c "    const $exception e = { .m = $m };\n    return ${exception}_raise(request, &e);\n}\n";
        print $c "static corbel_status raise_$name(kitchen_Sink *self, const void *a, corbel_error *reterr)\n{\n";
        my $take = take($row, 'a');
        print $c "    return kitchen_Sink_raise_$name(self, $take, reterr);\n}\n";
        print $c "static const void *of_$name(const corbel_error *error)\n{\n    const $exception *const e = ${exception}_of(error);\n";
        print $c "    return e != NULL ? &e->m : NULL;\n}\n";
    }
    # The caller: a and b are addresses of C values, the others where outputs go.
    print $c "static corbel_status call_$name(kitchen_Sink *self, const void *a, const void *b, void *ret_b, void *ret_c, void *ret,\n",
        "                                 corbel_error *reterr)\n{\n";
    my ($a, $b) = (take($row, 'a'), take($row, 'b'));
    if ($plain) {
        print $c "    memcpy(ret_b, b, sizeof(", $row->{value} =~ s/ $//r, "));\n";
        print $c "    return kitchen_Sink_call_$name(self, $a, ret_b, ret_c, ret, reterr);\n}\n";
    } else {
        print $c "    return kitchen_Sink_call_$name(self, $a, $b, ret_b, ret_c, ret, reterr);\n}\n";
    }
    $index++;
}

sub take
{
    my ($row, $name) = @_;
    my $value = $row->{value} =~ s/ $//r;
    return $name if $row->{shape} =~ /^(flat|block)$/;
    return "*(const char *const *)$name" if $row->{shape} eq 'text';
    return $row->{shape} eq 'reference' ? "*($value const *)$name" : "*(const $value *)$name";
}

print $c "\nconst kitchen_Sink_servant kitchen_servant = {\n";
for my $row (@rows) {
    print $c "    .call_$row->{name} = serve_$row->{name},\n";
    print $c "    .raise_$row->{name} = serve_raise_$row->{name},\n" if defined $row->{exception};
}
print $c "};\n\nconst kitchen_row kitchen_rows[] = {\n";
for my $row (@rows) {
    my $raise = defined $row->{exception} ? "raise_$row->{name}, of_$row->{name}" : 'NULL, NULL';
    print $c "    { \"call_$row->{name}\", call_$row->{name}, $raise },\n";
}
print $c "};\n";
close $c or die "$folder/kitchen_calls.inc: $!\n";
