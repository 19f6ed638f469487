"""The yardstick runs the product's own statements: what the service sends for one request is read from
PostgreSQL's log and written out as a pgbench script, with the values that must differ as variables.

Variables of the scripts: n (counts up, 8 digits), c (number of the client, 12 digits; both make ids that are as
monotonic as UUIDv7), k (customer of the pool), found_customer_id (what the look-up of that customer answered).
"""
import collections
import re

ARGUMENTS = ":n::text, :c::text, :k::text, :found_customer_id::text"
ORDER_ID = "%1$s-0000-7000-8000-%2$s"
FIRST_CLIENT = 100000000000
CALLS = 3


def record(cluster, request):
    """[(statement, {number: text or None})] that the last of a few calls of request() made the service send. What
    was not sent for each of them is not part of it: the service looks at its keys and settings now and then."""
    cluster.log_statements(True)
    before = sum(1 for _ in cluster.statements())
    for _ in range(CALLS):
        request()
    cluster.log_statements(False)
    found = [entry for entry in map(_parse, list(cluster.statements())[before:]) if entry]
    count = collections.Counter(statement for statement, _ in found)
    found = [entry for entry in found if count[entry[0]] % CALLS == 0]
    return found[-(len(found) // CALLS):]


def _parse(entry):
    match = re.match(r"duration: [0-9.]+ ms  (?:execute [^:]*|statement): (.*)$", entry.get("message", ""), re.S)
    if not match or entry.get("user") != "ciclo_app":
        return None
    values = {int(n): None if value == "NULL" else value[1:-1].replace("''", "'")
              for n, value in re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", entry.get("detail", ""))}
    return match.group(1).strip().rstrip(";"), values


def script(statements, replacements, pipelined=False):
    """pgbench script of recorded statements; replacements: [(text that was sent, template with %1$s ...)]."""
    lines = ["\\set n :n + 1", f"\\set c {FIRST_CLIENT} + :client_id", "\\set k random(10000000, 10000000 + :pool - 1)"]
    inside = False
    for statement, values in statements:
        if pipelined and statement.upper().startswith("BEGIN"):
            lines.append("\\startpipeline")
        inside = inside or statement.upper().startswith("BEGIN")
        text, looks_up = _with_variables(statement, values, replacements)
        lines.append(text + (" \\gset found_" if looks_up and not inside else ";"))
        if statement.upper().startswith("COMMIT"):
            inside = False
            if pipelined:
                lines.append("\\endpipeline")
    return "\n".join(lines) + "\n"


def _with_variables(statement, values, replacements):
    """(statement with expressions in place of its parameters, does it look the customer up?)"""
    def expression(match):
        value = values.get(int(match.group(1)))
        if value is None:
            return "nullif(:n::text, :n::text)"  # a literal NULL would be planned away
        template = value.replace("%", "%%")
        for sent, variable in replacements:
            template = template.replace(sent, variable)
        if template == value.replace("%", "%%"):
            return _literal(value)
        return f"format({_literal(template)}, {_arguments(template)})"
    code = re.sub(r"--[^\n]*", "", statement)
    looks_up = any(value is not None and "%3$s" in dict(replacements).get(sent, "") and sent in value
                   for value in values.values() for sent, _ in replacements)
    # pgbench takes ":word" for a variable also inside literals: a space keeps JSON apart, and means the same.
    return " ".join(re.sub(r"\$(\d+)", expression, code).split()), looks_up


def _arguments(template):
    """Only what the template names: the customer is not known before it was looked up."""
    highest = max(int(n) for n in re.findall(r"%(\d)\$s", template))
    return ", ".join(ARGUMENTS.split(", ")[:highest])


def _literal(text):
    return "'" + re.sub(r":(?=[A-Za-z_])", ": ", text).replace("'", "''") + "'"
