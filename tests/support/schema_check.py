#!/usr/bin/env python3
"""schema_check.py SCHEMA FILE: holds a JSON file against a JSON schema.

Knows what docs/report.schema.json uses, so that the tests need no package: type, const, enum,
required, properties, additionalProperties, unevaluatedProperties, items, minItems, minimum,
pattern, oneOf, allOf, $ref. Anything else in a schema is an error.
"""
import json
import re
import sys

TYPES = {
    "object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str), "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
KNOWN = set("""$schema $defs $ref title description type const enum required properties items
    additionalProperties unevaluatedProperties minItems minimum pattern oneOf allOf""".split())


class Wrong(Exception):
    pass


def resolve(root, schema):
    while "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def names(root, schema):
    """Properties that a schema and all that it is made of tell about."""
    schema = resolve(root, schema)
    known = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        known |= names(root, part)
    return known


def check(root, schema, value, path="$"):
    schema = resolve(root, schema)
    if unknown := set(schema) - KNOWN:
        raise Wrong(f"the schema uses {unknown}, which this check does not know")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[t](value) for t in types):
        raise Wrong(f"{path}: expected {types}, found {value!r:.60}")
    if "const" in schema and value != schema["const"]:
        raise Wrong(f"{path}: expected {schema['const']!r}, found {value!r:.60}")
    if "enum" in schema and value not in schema["enum"]:
        raise Wrong(f"{path}: expected one of {schema['enum']}, found {value!r:.60}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Wrong(f"{path}: {value!r:.60} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        raise Wrong(f"{path}: {value} is below {schema['minimum']}")
    for part in schema.get("allOf", []):
        check(root, part, value, path)
    if "oneOf" in schema:
        check_one(root, schema["oneOf"], value, path)
    if isinstance(value, dict):
        check_members(root, schema, value, path)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            raise Wrong(f"{path}: has {len(value)} items")
        for i, item in enumerate(value):
            check(root, schema.get("items", {}), item, f"{path}[{i}]")


def check_one(root, choices, value, path):
    failures = []
    for choice in choices:
        try:
            check(root, choice, value, path)
        except Wrong as wrong:
            failures.append(str(wrong))
    if len(failures) != len(choices) - 1:
        raise Wrong(f"{path}: not one of {len(choices)} forms: {'; '.join(failures)}")


def check_members(root, schema, value, path):
    for name in schema.get("required", []):
        if name not in value:
            raise Wrong(f"{path}.{name} is missing")
    closed = not (schema.get("additionalProperties", True) and
                  schema.get("unevaluatedProperties", True))
    if closed and (extra := set(value) - names(root, schema)):
        raise Wrong(f"{path}: nobody expects {sorted(extra)}")
    for name, part in schema.get("properties", {}).items():
        if name in value:
            check(root, part, value[name], f"{path}.{name}")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    with open(sys.argv[2], encoding="utf-8") as f:
        value = json.load(f)
    try:
        check(schema, schema, value)
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
