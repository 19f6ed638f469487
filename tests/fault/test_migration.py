"""The schema changes while the service serves: nobody notices but those who look."""
from fault.stage import Stage, times
from support.server import command, wait_until

NEWER = "INSERT INTO schema_migrations (version, name, sha256) SELECT max(version) + 1, 'later', 'x' FROM schema_migrations"
CHANGES = ["SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN later_{0} text DEFAULT 'x'", "SET lock_timeout = '2s'; ALTER TABLE customers ADD COLUMN later_{0} bigint",
           "CREATE INDEX CONCURRENTLY later_{0} ON orders (updated_at)", "SET lock_timeout = '2s'; ALTER TABLE refunds ADD COLUMN later_{0} text"]


def _change(stage, statement):
    """With a lock_timeout, and again, as a migration does: who waits for a lock holds up those behind."""
    def done():
        try:
            stage.sql(statement)
            return True
        except Exception as error:  # pylint: disable=broad-except
            assert "lock timeout" in str(error), error
            return False
    wait_until(done, 60, statement)


def test_a_newer_schema_under_a_running_service(cluster, template):
    """An older program goes on with the connections that it has. (A new one that it makes is refused: it cannot know.)"""
    with Stage(cluster, template, "migration", seed=23) as stage:
        with stage.load:
            stage.load.wait_acknowledged(30)
            done = command("migrate", database_url=cluster.url(stage.database))
            assert done.returncode == 0, done.stderr
            for number in range(times(1, 4)):
                for statement in CHANGES:
                    _change(stage, statement.format(number))
                    stage.faults += 1
                    stage.load.wait_acknowledged(15)
            stage.sql(NEWER)
            stage.load.wait_acknowledged(30)
        refused = [(request.kind, reply.status, reply.document) for request, reply in stage.load.journal.replies() if reply.status != 412 and (reply.status or 599) >= 500]
        assert not refused, refused[:3]
        stage.sql("DELETE FROM schema_migrations WHERE name = 'later'")
        stage.verdict()
