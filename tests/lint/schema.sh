#!/usr/bin/env bash
# Rules of the schema, asked of the catalogue of a migrated database.   schema.sh [URL OF ITS OWNER]
# Without a URL: on a throw-away cluster, migrated with CICLO_BIN. Every row that is printed breaks a rule.
set -euo pipefail
cd "$(dirname "$0")/../.."
url=${1:-}
if [[ -z $url ]]; then
	scratch=$(mktemp -d)
	trap 'docker/cluster.sh drop "$scratch"; rm -rf "$scratch"' EXIT
	docker/cluster.sh start "$scratch"
	url=$(docker/cluster.sh url-owner "$scratch")
	CICLO_DATABASE_URL=$url "${CICLO_BIN:-build/release/ciclo}" migrate > /dev/null
fi

# Files that comments of indexes may name.
queries=$(find sql -name '*.sql' -printf '%f\n' | sort | paste -sd ,)

broken=$(psql -XqAt -F ': ' -v ON_ERROR_STOP=1 -v queries="$queries" "$url" <<'SQL'
CREATE TEMP VIEW tables AS
SELECT oid, relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p');

-- What belongs to one customer: it must be able to live with that customer on one machine. The three tables that find
-- out whose something is, or whether it was asked before, are read before the customer is known; they have their key
-- as their place.
CREATE TEMP VIEW per_customer AS
SELECT t.oid, t.name, a.attnum, a.attnotnull
FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'customer_id' AND NOT a.attisdropped
WHERE t.name NOT IN ('external_ids', 'customer_identities', 'idempotency_keys');

CREATE TEMP VIEW own_indexes AS
SELECT i.indexrelid AS oid, i.indrelid, i.indrelid::regclass::text AS table_name, i.indexrelid::regclass::text AS name,
       i.indisunique, i.indkey, EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u')) AS by_constraint
FROM pg_index i JOIN tables t ON t.oid = i.indrelid;

SELECT name, 'a table without a comment' FROM tables WHERE obj_description(oid, 'pg_class') IS NULL
UNION ALL
SELECT c.relname, 'a view without a comment' FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm') AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT p.proname, 'a function without a comment' FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
UNION ALL
SELECT name, 'an index without a comment' FROM own_indexes WHERE NOT by_constraint AND obj_description(oid, 'pg_class') IS NULL
UNION ALL
SELECT name, 'the comment of an index names the query that it serves, NAME.sql' FROM own_indexes
WHERE NOT by_constraint AND obj_description(oid, 'pg_class') !~ '[a-z_]+\.sql'
UNION ALL
SELECT o.name, 'its comment names ' || m.file[1] || ', which is not there'
FROM own_indexes o, regexp_matches(obj_description(o.oid, 'pg_class'), '([a-z_]+\.sql)', 'g') AS m(file)
WHERE m.file[1] <> ALL (string_to_array(:'queries', ','))
UNION ALL
SELECT name, 'a table without a primary key' FROM tables t
WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'p')
UNION ALL
SELECT name, 'customer_id may be NULL' FROM per_customer WHERE NOT attnotnull
UNION ALL
SELECT o.name, 'unique without customer_id' FROM own_indexes o JOIN per_customer p ON p.oid = o.indrelid
WHERE o.indisunique AND p.attnum <> ALL (o.indkey::int2[])
UNION ALL
SELECT c.conname, 'a foreign key between tables of a customer without customer_id'
FROM pg_constraint c JOIN per_customer p ON p.oid = c.conrelid JOIN per_customer q ON q.oid = c.confrelid
WHERE c.contype = 'f' AND NOT EXISTS (SELECT FROM unnest(c.conkey, c.confkey) AS k(own, other)
                                      WHERE k.own = p.attnum AND k.other = q.attnum)
UNION ALL
SELECT t.tgname, 'a trigger' FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL
SELECT r.rulename, 'a rule' FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class
UNION ALL
SELECT a.attrelid::regclass::text || '.' || a.attname, 'time without a zone' FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid
WHERE a.atttypid IN ('timestamp'::regtype, 'time'::regtype) AND NOT a.attisdropped
UNION ALL
SELECT a.attrelid::regclass::text || '.' || a.attname, 'floating point: money and rates are exact' FROM pg_attribute a
JOIN tables t ON t.oid = a.attrelid WHERE a.atttypid IN ('real'::regtype, 'double precision'::regtype) AND NOT a.attisdropped
ORDER BY 1, 2;
SQL
)
[[ -z $broken ]] || { echo "$broken"; exit 1; }
