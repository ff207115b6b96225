"""Random messages of every type of everything.idl, packed by Python's protobuf; round_trip (argv 1) reads and writes each with
Corbel's codec and with protobuf-c; what comes back is unpacked here and must be the same message. argv 2: where the modules are."""
import random
import subprocess
import sys

sys.path.insert(0, sys.argv[2])
import everything_pb2  # noqa: E402

TYPES = ["Basic", "Lists", "Presence", "message", "Heir", "Empty", "Wrong", "Value", "Flag", "Bits", "Node"]
REFERENCES = {"target", "thing", "things"}  # tags of a table that is not there
COUNTS = {"grid": 6, "rows": 2, "columns": 2, "map_array": 2}
BYTES = {"ld": 16}
MOST = {"flag": 1, "level": 7, "word": 2047, "near": 5, "small": 3, "wide_mask": 1 << 39, "numbers": 255}
rng = random.Random(1)


def single(field, owner):
    kind = field.cpp_type
    if field.message_type is not None:
        made = owner()
        fill(made, field.name)
        return made
    if field.name == "price":
        return rng.choice(["", "12.5", "-3", "99999.99"])
    if field.type == field.TYPE_BYTES:
        size = BYTES.get(field.name, 0) or {"Lists": 16, "Presence": 4, "Flag": 3}.get(field.containing_type.name, 3)
        return b"\0" * 14 + b"\xff\x3f" if field.name == "ld" else bytes(rng.randrange(256) for _ in range(size))
    if field.type == field.TYPE_STRING:
        return "".join(rng.choice("ab\u00e9 z") for _ in range(rng.randrange(5)))
    if field.type == field.TYPE_BOOL:
        return rng.random() < 0.5
    if field.enum_type is not None:
        return rng.choice(list(field.enum_type.values_by_number))
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return rng.choice([0.0, 0.5, -2.25])
    if field.name == "wide_mask":
        return rng.choice([0, 1 << 39])
    most = MOST.get(field.name, 127)
    low = -min(most, 100) if field.type in (field.TYPE_SINT32, field.TYPE_SINT64) else 0
    return rng.randint(low, most)


def fill(message, inside=""):
    name = message.DESCRIPTOR.name
    if name == "Any":
        message.type = "long"
        message.value = b"\x08\x02"
        return
    chosen = {}
    for oneof in message.DESCRIPTOR.oneofs:
        chosen[oneof.name] = rng.choice([None] + list(oneof.fields))
    if name == "Value":
        chosen["value"] = message.DESCRIPTOR.fields[1 + message.DESCRIPTOR.oneofs[0].index + rng.randrange(3)]
        message._d = {"number": 0, "text": 1, "longs": 2}[chosen["value"].name]
    if name == "Flag":
        chosen["value"] = message.DESCRIPTOR.oneofs[0].fields[rng.randrange(2)]
        message._d = chosen["value"].name == "bytes"
    for field in message.DESCRIPTOR.fields:
        if field.name == "_d" or field.name in REFERENCES or field.name == "children" and inside == "children":
            continue
        one = field.containing_oneof
        if one is not None and chosen[one.name] is not field:
            continue
        if one is not None and one.name in ("lucky_presence", "none_presence") and chosen[one.name] is None:
            continue
        put = getattr(message, field.name)
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        if is_map:
            for _ in range(rng.randrange(3)):
                key = single(field.message_type.fields_by_name["key"], None)
                value = field.message_type.fields_by_name["value"]
                key = abs(key) if isinstance(key, int) and not isinstance(key, bool) else key
                if value.message_type is not None:
                    fill(put[key], field.name)
                else:
                    put[key] = single(value, None)
        elif field.label == field.LABEL_REPEATED:
            n = COUNTS.get(field.name, rng.randrange(4))
            n = 3 if name in ("rows_item", "row_list_item") else 4 if name == "grid_items" else n
            if field.name == "by_colour":
                for colour in sorted(rng.sample([0, 1, 2], rng.randrange(4))):
                    put.add(key=colour, value=0.5)
            elif field.name in ("by_number", "nested"):
                for i in range(rng.randrange(4)):
                    item = put.add(key=i + 1 if field.name == "by_number" else "abc"[i])
                    if field.name == "by_number":
                        item.value.extend([i, -i])
                    else:
                        item.value[i] = "one"
            elif field.message_type is not None:
                for _ in range(n):
                    fill(put.add(), field.name)
            else:
                put.extend(single(field, None) for _ in range(n))
        elif field.message_type is not None:
            if rng.random() < 0.8 or name in ("Basic",) or one is not None:
                put.SetInParent()
                fill(put, field.name)
        else:
            setattr(message, field.name, single(field, None))


def prepare(message):
    """What Corbel always writes, so that the same comes back."""
    if message.DESCRIPTOR.name == "Presence":
        message.lucky = message.lucky
        message.none = message.none


def prune(message):
    """A struct of zeros is not written where a struct always is."""
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        if field.label == field.LABEL_REPEATED:
            for one in value:
                prune(one)
        else:
            prune(value)
            if value.ByteSize() == 0 and message.DESCRIPTOR.name != "Presence" and field.containing_oneof is None:
                message.ClearField(field.name)


cases = []
for i in range(300 * len(TYPES)):
    name = TYPES[i % len(TYPES)]
    made = getattr(everything_pb2, name)()
    fill(made)
    prepare(made)
    prune(made)
    cases.append((name, made))
lines = "".join(f"{name} {made.SerializeToString(deterministic=True).hex()}.\n" for name, made in cases)
done = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, timeout=100, check=True)
answers = done.stdout.split("\n")[:-1]
assert len(answers) == len(cases), (len(answers), len(cases))
wrong = 0
for (name, made), answer in zip(cases, answers):
    for who, said in zip(("Corbel", "protobuf-c"), answer.split("|")):
        back = getattr(everything_pb2, name)()
        try:
            back.ParseFromString(bytes.fromhex(said.rstrip(".")))
        except ValueError:
            back = None
        if back != made:
            wrong += 1
            if wrong < 8:
                print(f"{name}, {who}: {said[:200]}\n{made}--- came back as\n{back}")
print(f"{len(cases)} messages of {len(TYPES)} types, {wrong} wrong")
sys.exit(wrong != 0)
