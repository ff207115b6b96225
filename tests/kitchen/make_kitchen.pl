#!/usr/bin/perl
# Writes the kitchen sink: kitchen.idl, with each type of the language in each place where one may stand, and kitchen_calls.inc,
# with a servant that gives back what it gets and a table of functions that call the generated stubs.
#   make_kitchen.pl FOLDER
# And kitchen_rows.txt, a line a type, for make_flow.pl: name|shape|what goes in|that, from the address of a C value.
use strict;
use warnings;

my $folder = shift @ARGV or die "usage: make_kitchen.pl FOLDER\n";

# Name, shape in C, type in IDL (with an array's dimensions behind it), and what must be declared before it. Shapes: scalar (by
# value), flat (plain aggregates, by address), text (const char *), view (by value), block (what is returned in a block), and the
# references' own types.
my @types = (
    [ 'Boolean', 'scalar', 'boolean' ],
    [ 'Octet', 'scalar', 'octet' ],
    [ 'Char', 'scalar', 'char' ],
    [ 'WChar', 'scalar', 'wchar' ],
    [ 'Int8', 'scalar', 'int8' ],
    [ 'UInt8', 'scalar', 'uint8' ],
    [ 'Short', 'scalar', 'short' ],
    [ 'UShort', 'scalar', 'unsigned short' ],
    [ 'Long', 'scalar', 'long' ],
    [ 'ULong', 'scalar', 'unsigned long' ],
    [ 'LongLong', 'scalar', 'long long' ],
    [ 'ULongLong', 'scalar', 'unsigned long long' ],
    [ 'Float', 'scalar', 'float' ],
    [ 'Double', 'scalar', 'double' ],
    [ 'LongDouble', 'scalar', 'long double' ],
    [ 'Colour', 'scalar', 'ColourEnum', 'enum ColourEnum { RED, GREEN, BLUE };' ],
    [ 'Level', 'scalar', 'LevelEnum', '@bit_bound(8) enum LevelEnum { @value(-100) LOW, @value(0) MIDDLE, @value(100) HIGH };' ],
    [ 'Flags', 'scalar', 'FlagsMask', '@bit_bound(3) bitmask FlagsMask { FIRST, SECOND, @position(2) THIRD };' ],
    [ 'Flags16', 'scalar', 'Flags16Mask', '@bit_bound(12) bitmask Flags16Mask { SIXTEEN };' ],
    [ 'Flags32', 'scalar', 'Flags32Mask', 'bitmask Flags32Mask { @position(31) THIRTY_TWO };' ],
    [ 'Flags64', 'scalar', 'Flags64Mask', '@bit_bound(64) bitmask Flags64Mask { @position(63) SIXTY_FOUR };' ],
    [ 'String', 'text', 'string' ],
    [ 'String7', 'text', 'string<7>' ],
    [ 'WString', 'text', 'wstring' ],
    [ 'WString4', 'text', 'wstring<4>' ],
    [ 'Fixed', 'text', 'fixed<7,2>' ],
    [ 'Fixed31', 'text', 'fixed<31,31>' ],
    [ 'Fixed9', 'text', 'fixed<9,0>' ],
    [ 'TypeCode', 'text', 'CORBA::TypeCode' ],
    [ 'Reference', 'kitchen_Thing *', 'Thing' ],
    [ 'Object', 'corbel_object *', 'Object' ],
    [ 'Any', 'corbel_any *', 'any' ],
    [ 'Struct', 'block', 'Pair', 'struct Pair { string text; long number; };' ],
    [ 'Nested', 'block', 'Outer', 'struct Outer { Pair first; sequence<Pair> rest; Thing thing; ColourEnum colour; };' ],
    [ 'Span', 'flat', 'SpanStruct', '@final struct SpanStruct { long long from; long long to; };' ],
    [ 'Bits', 'flat', 'BitsSet', 'bitset BitsSet { bitfield<1> one; bitfield<3> three; bitfield<4>; bitfield<12> twelve; bitfield<40> forty; };' ],
    [ 'Empty', 'block', 'EmptyStruct', 'struct EmptyStruct { };' ],
    [ 'Heir', 'block', 'HeirStruct', 'struct HeirStruct : Pair { double more; };' ],
    [ 'Numbered', 'block', 'NumberedStruct', 'struct NumberedStruct { @id(7) long seven; @id(2) string two; @id(30) sequence<long> thirty; };' ],
    [ 'Optional', 'block', 'OptionalStruct', 'struct OptionalStruct { @optional long number; @optional string text; @optional boolean flag; '
            . '@optional Pair pair; @optional sequence<long> numbers; @optional sequence<octet> octets; @optional map<string, long> ages; '
            . '@optional Thing thing; @optional ColourEnum colour; @optional double places[3]; @optional SpanStruct span; @optional any what; '
            . '@optional fixed<5,2> price; };' ],
    [ 'Defaults', 'block', 'DefaultsStruct', 'struct DefaultsStruct { @default(TRUE) boolean active; @default(-5) long number; @default("EUR") string text; '
            . '@default(2.5) double factor; @default(GREEN) ColourEnum colour; };' ],
    [ 'Ranged', 'block', 'RangedStruct', 'struct RangedStruct { @range(min=-5, max=5) long small; @min(1) unsigned short count; @max(99) octet percent; '
            . '@range(min=-1.5, max=1.5) double angle; @range(min=-9000000000, max=9000000000) long long far; };' ],
    [ 'UnionLong', 'block', 'LongUnion', 'union LongUnion switch (long) { case 1: long number; case -2: case 3: string text; default: Pair pair; };' ],
    [ 'UnionEnum', 'block', 'EnumUnion', 'union EnumUnion switch (ColourEnum) { case RED: double red; case BLUE: sequence<string> blue; };' ],
    [ 'UnionBoolean', 'block', 'BooleanUnion', 'union BooleanUnion switch (boolean) { case TRUE: Thing thing; case FALSE: map<long, string> names; };' ],
    [ 'UnionChar', 'block', 'CharUnion', "union CharUnion switch (char) { case 'a': octet key[4]; case 'z': short table[2][2]; default: any other; };" ],
    [ 'UnionOctet', 'block', 'OctetUnion', 'union OctetUnion switch (octet) { case 0: boolean no; case 255: SpanStruct span; };' ],
    [ 'UnionWChar', 'block', 'WCharUnion', "union WCharUnion switch (wchar) { case L'x': wstring text; default: fixed<5,1> price; };" ],
    [ 'UnionULongLong', 'block', 'ULongLongUnion', 'union ULongLongUnion switch (unsigned long long) { case 18446744073709551615: LongUnion inner; case 0: FlagsMask flags; };' ],
    [ 'Octets', 'view', 'sequence<octet>' ],
    [ 'Octets5', 'view', 'sequence<octet, 5>' ],
    [ 'Longs3', 'view', 'sequence<long, 3>' ],
    [ 'Table', 'view', 'sequence<sequence<short> >' ],
    [ 'Ages', 'view', 'map<string, long>' ],
    [ 'Ages3', 'view', 'map<string, long, 3>' ],
    [ 'ByLong', 'view', 'map<long, Pair>' ],
    [ 'ByULongLong', 'view', 'map<unsigned long long, Thing>' ],
    [ 'ByColour', 'view', 'map<ColourEnum, sequence<double> >' ],
    [ 'ByBoolean', 'view', 'map<boolean, any>' ],
    [ 'ByOctet', 'view', 'map<octet, sequence<octet> >' ],
    [ 'ByWString', 'view', 'map<wstring<6>, map<short, string> >' ],
    [ 'Vector', 'flat', 'double[3]' ],
    [ 'Matrix', 'flat', 'short[2][3]' ],
    [ 'Key', 'flat', 'octet[16]' ],
    [ 'Spans', 'flat', 'SpanStruct[2]' ],
    [ 'Names', 'block', 'string[2][2]' ],
    [ 'Pairs', 'block', 'Pair[2]' ],
    [ 'Lists', 'block', 'T_Longs3[2]' ],
);

open my $idl, '>', "$folder/kitchen.idl" or die "$folder/kitchen.idl: $!\n";
print $idl "/** Each type in each place. */\nmodule kitchen {\n    interface Thing {\n        readonly attribute long number;\n    };\n\n";
my @rows; # name, shape, C type
for my $type (@types) {
    my ($name, $shape, $text, $before) = @$type;
    print $idl "    $before\n" if defined $before;
    my ($element, $dimensions) = $text =~ /^([^\[]*)(.*)$/;
    print $idl "    typedef $element T_$name$dimensions;\n";
    print $idl "    typedef sequence<T_$name> Q_$name;\n";
    print $idl "    typedef T_$name A_$name\[2];\n";
    print $idl "    typedef map<short, T_$name> M_$name;\n";
    print $idl "    struct S_$name {\n        T_$name m;\n    };\n";
    print $idl "    struct O_$name {\n        \@optional T_$name m;\n    };\n";
    print $idl "    union U_$name switch (boolean) {\n    case TRUE:\n        T_$name m;\n    };\n";
    print $idl "    exception E_$name {\n        T_$name m;\n    };\n";
    my $value = $shape eq 'text' ? 'const char *' : $shape =~ /\*/ ? $shape : "kitchen_T_$name ";
    push @rows, { name => "T_$name", shape => $shape =~ /\*/ ? 'reference' : $shape, value => $value, exception => "E_$name" };
    my $plain = $shape eq 'scalar' || $shape eq 'flat';
    push @rows, { name => "Q_$name", shape => 'view', value => "kitchen_Q_$name " };
    push @rows, { name => "A_$name", shape => $plain ? 'flat' : 'block', value => "kitchen_A_$name " };
    push @rows, { name => "M_$name", shape => 'view', value => "kitchen_M_$name " };
    push @rows, { name => "S_$name", shape => 'block', value => "kitchen_S_$name " };
    push @rows, { name => "O_$name", shape => 'block', value => "kitchen_O_$name " };
    push @rows, { name => "U_$name", shape => 'block', value => "kitchen_U_$name " };
}
print $idl "\n    interface Sink {\n";
for my $row (@rows) {
    my $name = $row->{name};
    print $idl "        $name call_$name(in $name a, inout $name b, out $name c);\n";
    print $idl "        void raise_$name(in $name a) raises ($row->{exception});\n" if defined $row->{exception};
}
print $idl "    };\n\n    /** Each as an item that flows, in and out: what comes in goes out. */\n    interface Flow {\n";
for my $row (@rows) {
    my $name = $row->{name};
    print $idl "        \@stream sequence<$name> flow_$name(\@stream in sequence<$name> items);\n";
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

# The rest, which stands in the generated header, is written by make_flow.pl.
open my $list, '>', "$folder/kitchen_rows.txt" or die "$folder/kitchen_rows.txt: $!\n";
print $list join('|', $_->{name}, $_->{shape}, in_type($_), take($_, 'value')), "\n" for @rows;
close $list or die "$folder/kitchen_rows.txt: $!\n";

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
