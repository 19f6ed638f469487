"""`ciclo import` is interrupted in every way there is, and repeated: no line is lost, none is doubled, none reported twice."""
import json
import os
import random
import re
import signal
import time
from collections import Counter

import pytest

from support.client import to_json
from support.importer import Between, free_port, run_import, start_import, state_of, takes_signals, url_of, write
from support.process import end
from support.server import command, wait_until

AT = "2026-01-10T10:00:00Z"


def _nameless(count):
    """Orders without an external_id, told apart by their totals. Every 20th is bad."""
    return [{"customer": {"external_id": f"c{number % 7}"}, "ordered_at": AT, "currency": "EUR", "total": number if number % 20 else -1} for number in range(count)]


def _file(tmp_path, items, name="orders.ndjson"):
    return write(tmp_path / name, "".join(to_json(item) + "\n" for item in items))


def _totals(shop):
    return Counter(total for total, in shop.sql("SELECT total FROM orders"))


def _wanted(items):
    return Counter(item["total"] for item in items if item["total"] >= 0)


def _unread(port):
    """Whether a connection to the port holds what its server has not read."""
    with open("/proc/net/tcp", encoding="ascii") as sockets:
        next(sockets)
        fields = [line.split() for line in sockets]
    return any(local.endswith(f":{port:04X}") and state == "01" and not queues.endswith(":00000000") for _, local, _, state, queues, *_ in fields)


def _bad_lines(path):
    return [json.loads(line)["line"] for line in open(path, encoding="utf-8")]


@pytest.fixture
def steady(new_shop):
    """A shop that comes back on the same port."""
    return new_shop(CICLO_LISTEN=f"127.0.0.1:{free_port()}")


def test_killed_at_random_moments_it_loses_and_doubles_nothing(steady, tmp_path):
    items, errors = _nameless(4000), tmp_path / "bad"
    file, url = _file(tmp_path, items), url_of(steady)
    dice, seen = random.Random(4711), [None]
    arguments = ["--batch", 10, "--retry", 30, "--errors", errors, file]
    for turn in range(12):
        process = start_import(url, *arguments)
        wait_until(lambda: (state_of(file) or {}).get("offset") != seen[-1] or process.poll() is not None, 30, "it goes on")
        time.sleep(dice.uniform(0, 0.03))
        if turn % 4 == 1:
            steady.server.kill()
            time.sleep(dice.uniform(0, 0.03))
            if turn % 8 == 1:
                steady.start()
        end(process, signal.SIGKILL, 5)
        process.communicate()
        seen.append((state_of(file) or {}).get("offset"))
        if not steady.server.alive():
            steady.start()
    assert None not in seen[1:], "it was not finished while it was being killed"
    assert seen[1:] == sorted(seen[1:]) and len(set(seen)) > 5, seen
    out, _ = run_import(url, *arguments, status=1)
    assert "4000 lines: " in out and " 200 failed " in out and "begun by an earlier run" in out
    assert _totals(steady) == _wanted(items)
    assert _bad_lines(errors) == list(range(1, 4000, 20)), "each bad line once, in order"
    assert state_of(file) is None


def test_answers_that_are_lost_do_no_harm(new_shop, tmp_path):
    shop, items = new_shop(), _nameless(200)
    file = _file(tmp_path, items)
    with Between(shop.server.port, ["lose", "pass", "drop", "lose", "lose", "pass", "lose"]) as between:
        out, err = run_import(between.url, "--batch", 20, file, status=1)
        assert "200 lines: " in out and " 10 failed" in out
        assert "trying again for 60 s" in err
        assert len(between.keys) == 15 and len(set(between.keys)) == 10, "ten batches and five repetitions, each under its own key"
    assert _totals(shop) == _wanted(items)


def test_a_repeated_import_doubles_nothing_whoever_has_the_file(new_shop, tmp_path):
    shop, items = new_shop(), _nameless(90)
    for name in ("orders.ndjson", "orders-copy.ndjson"):
        out, _ = run_import(url_of(shop), "--batch", 20, _file(tmp_path, items, name), status=1)
    assert "90 lines: 0 created, 85 unchanged, 5 failed" in out
    assert _totals(shop) == _wanted(items)


def test_equal_lines_of_a_file_are_facts_of_their_own(new_shop, tmp_path):
    shop = new_shop()
    file = _file(tmp_path, _nameless(2)[1:] * 50)
    run_import(url_of(shop), "--batch", 7, file)
    run_import(url_of(shop), "--batch", 7, "--restart", file)
    assert _totals(shop) == {1: 50}


def test_sigint_ends_after_the_answer_and_says_how_to_go_on(new_shop, tmp_path):
    shop, items = new_shop(), _nameless(800)
    file = _file(tmp_path, items)
    process = start_import(url_of(shop), "--batch", 10, file)
    wait_until(lambda: (state_of(file) or {"offset": 0})["offset"] > 0, 20, "the first batch is in")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    state = state_of(file)
    assert f"stopped at line {state['line']}; the same command goes on from there" in err.decode()
    assert state["unanswered"] is False and state["batch"] == 10 and 0 < state["offset"] < os.path.getsize(file)
    done = state["created"]
    assert sum(_totals(shop).values()) == done
    run_import(url_of(shop), file, status=1)
    assert _totals(shop) == _wanted(items), "the size of the batches was that of the first run"


@pytest.mark.parametrize("signals", [1, 2])
def test_a_service_that_hangs_does_not_hold_a_signal_up(new_shop, tmp_path, signals):
    shop, items = new_shop(), _nameless(30)
    file, url = _file(tmp_path, items), url_of(shop)
    os.kill(shop.server.process.pid, signal.SIGSTOP)
    try:
        process = start_import(url, file)
        wait_until(lambda: _unread(shop.server.port), 20, "it has sent a batch")
        begin = time.monotonic()
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        process.communicate(timeout=20)
        took = time.monotonic() - begin
    finally:
        os.kill(shop.server.process.pid, signal.SIGCONT)
    assert process.returncode == 130 and (took < 3 if signals == 2 else 3 < took < 9)
    run_import(url, file, status=1)
    assert _totals(shop) == _wanted(items)


def test_a_stopped_input_is_left_at_once(new_shop, tmp_path):
    shop = new_shop()
    reader, writer = os.pipe()
    os.write(writer, b'{"half')
    process = start_import(url_of(shop), "--as", "orders", "-", stdin=reader)
    os.close(reader)
    wait_until(lambda: takes_signals(process), 20, "it has begun")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=10)
    os.close(writer)
    assert process.returncode == 130 and "send the same input again: what is in is not doubled" in err.decode()


def test_a_service_that_is_away_is_waited_for_and_the_same_command_goes_on(steady, tmp_path):
    items, url = _nameless(40), url_of(steady)
    file = _file(tmp_path, items)
    steady.server.stop()
    _, err = run_import(url, "--retry", 1, file, status=2)
    assert "trying again for 1 s" in err and "not finished at line 1" in err and "the same command goes on" in err
    assert not state_of(file)["unanswered"], "nobody was there"
    with Between(0, ["drop"] * 99) as between:
        lost = _file(tmp_path, items, "orders-lost.ndjson")
        run_import(between.url, "--retry", 1, lost, status=2)
        assert state_of(lost)["unanswered"], "it cannot know"
    process = start_import(url, "--retry", 30, file)
    time.sleep(1)
    steady.start()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and b"40 lines: 38 created, 0 unchanged, 2 failed" in out
    assert _totals(steady) == _wanted(items)


@pytest.mark.parametrize("answer", [(503, {"Retry-After": "1"}, b"{}"), (429, {"Retry-After": "1"}, b""), (504, {}, b"x"), (408, {}, b""), (500, {}, b""), (502, {}, b"<html>")])
def test_what_may_pass_is_tried_again_under_the_same_key(shop, tmp_path, answer):
    begin = time.monotonic()
    with Between(shop.server.port, [answer, answer]) as between:
        run_import(between.url, _file(tmp_path, _nameless(2)[1:]))
        assert len(between.keys) == 3 and len(set(between.keys)) == 1
    assert time.monotonic() - begin >= (2 if "Retry-After" in answer[1] else 0.75)


@pytest.mark.parametrize("answer, word", [((200, {}, b"<html>hello"), "200, and not as Ciclo does: <html>hello"), ((200, {}, b'{"results": []}'), "200, and not as Ciclo does"), ((302, {"Location": "/x"}, b""), "302"),
                                          ((422, {"Content-Type": "application/problem+json"}, b'{"code": "idempotency_mismatch", "detail": "other body"}'), "422 idempotency_mismatch: other body")])
def test_what_will_not_pass_ends_it(shop, tmp_path, answer, word):
    file = _file(tmp_path, _nameless(2))
    with Between(shop.server.port, [answer] * 9) as between:
        _, err = run_import(between.url, file, status=2)
        assert word in err and len(between.keys) == 1
    assert state_of(file)["offset"] == 0


def _key(shop, scopes):
    done = command("key", "create", "--scopes", scopes, "--name", "import", database_url=shop.url)
    return re.search(r"ciclo_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}", done.stdout).group()


def test_a_key_is_needed_and_may_change_when_nothing_is_open(steady, tmp_path):
    items = _nameless(60)
    file, errors = _file(tmp_path, items), tmp_path / "bad"
    read, first, second = (_key(steady, scopes) for scopes in ("orders:read", "orders:write", "orders:write"))
    steady.server.stop()
    steady.key = first
    steady.start()
    url = url_of(steady)
    for key, word in ((None, "401 missing_key"), (first[:-3] + "xyz", "401 invalid_key"), (read, "403 missing_scope")):
        _, err = run_import(url, "--errors", errors, file, status=2, **({"CICLO_API_KEY": key} if key else {}))
        assert word in err and "xyz" not in err
        assert "ciclo_" not in open(f"{file}.ciclo-import", encoding="utf-8").read(), "no key stays on disk"
    with Between(steady.server.port, ["drop"] * 99) as between:  # it may have arrived
        process = start_import(between.url, "--restart", "--errors", errors, file, CICLO_API_KEY=first)
        wait_until(lambda: between.keys, 20, "it has been sent")
        end(process, signal.SIGKILL, 5)
        process.communicate()
        _, err = run_import(between.url, "--errors", errors, file, status=64, CICLO_API_KEY=second)
        assert f"may be in under API key {first[6:18]}" in err
    out, _ = run_import(url, "--restart", "--errors", errors, "--key", second, file, status=1)
    assert "60 lines: 57 created, 0 unchanged, 3 failed" in out
    assert _bad_lines(errors) == [1, 21, 41]


def test_a_run_goes_on_only_as_it_was_begun(steady, tmp_path):
    file, url = _file(tmp_path, _nameless(100)), url_of(steady)
    steady.server.stop()
    run_import(url, "--batch", 10, "--retry", 0, file, status=2)
    for arguments, word in ((["--batch", 20], "was begun with --batch 10"), (["--url", url + "/x"], f'was begun with --url "{url}"'), (["--as", "customers"], 'was begun for the collection "orders"'),
                            (["--errors", tmp_path / "bad"], "was begun with another --errors: null"), (["--format", "csv"], "")):
        _, err = run_import(url, *arguments, "--retry", 0, file, status=64)
        assert word in err
    with open(file, "a", encoding="utf-8") as more:
        more.write("{}\n")
    _, err = run_import(url, file, status=64)
    assert "has changed since it was begun" in err and "--restart" in err
    steady.start()
    out, _ = run_import(url, "--restart", file, status=1)
    assert "101 lines: 95 created, 0 unchanged, 6 failed" in out


def test_two_at_once_on_one_file_are_one_too_many(new_shop, tmp_path):
    shop = new_shop()
    file = _file(tmp_path, _nameless(2000))
    process = start_import(url_of(shop), "--batch", 5, file)
    wait_until(lambda: state_of(file), 20, "it has begun")
    _, err = run_import(url_of(shop), file, status=64)
    assert "is being imported by another process" in err
    end(process, signal.SIGKILL, 5)
    process.communicate()


def test_several_files_go_on_where_the_command_was(steady, tmp_path):
    url, errors = url_of(steady), tmp_path / "bad"
    first, second = (_file(tmp_path, _nameless(60), name) for name in ("orders-1.ndjson", "orders-2.ndjson"))
    third = _file(tmp_path, [{**item, "channel": "third"} for item in _nameless(60)], "orders-3.ndjson")
    with Between(steady.server.port, ["pass"] * 4 + ["drop"] * 99) as between:
        run_import(between.url, "--batch", 20, "--retry", 0, "--errors", errors, first, third, status=2)
        assert _bad_lines(errors) == [1, 21, 41, 1]
        assert state_of(first)["done"] and not state_of(third)["done"]
        _, err = run_import(between.url, "--errors", errors, second, first, status=64)
        assert "in the same order" in err
        between.plan[:] = []
        sent = len(between.keys)
        out, _ = run_import(between.url, "--batch", 20, "--errors", errors, first, third, status=1)
        assert len(between.keys) == sent + 2, "what was done is not sent again"
    assert f"{first}: 60 lines: 57 created, 0 unchanged, 3 failed, all by an earlier run\n" in out
    assert _bad_lines(errors) == [1, 21, 41, 1, 21, 41]
    assert state_of(first) is None and state_of(third) is None
    assert sum(_totals(steady).values()) == 114


def test_a_line_that_failed_goes_in_when_its_cause_is_gone(new_shop, tmp_path):
    shop = new_shop()
    file = _file(tmp_path, [{"customer": f"external:c{number % 3}", "ordered_at": AT, "currency": "EUR", "total": number} for number in range(30)])
    shop.customer("c0")
    out, err = run_import(url_of(shop), file, status=1)
    assert "30 lines: 10 created, 0 unchanged, 20 failed" in out and "unknown_reference" in err
    shop.customer("c1")
    shop.customer("c2")
    out, _ = run_import(url_of(shop), file)
    assert "30 lines: 20 created, 10 unchanged, 0 failed" in out
    out, _ = run_import(url_of(shop), file)
    assert "30 lines: 0 created, 30 unchanged, 0 failed" in out
    assert _totals(shop) == Counter(range(30))


def test_a_file_that_grows_while_it_is_read_is_not_called_finished(new_shop, tmp_path):
    shop = new_shop()
    file = _file(tmp_path, _nameless(100))
    with Between(shop.server.port, [(503, {"Retry-After": "2"}, b"")]) as between:
        process = start_import(between.url, file)
        wait_until(lambda: between.keys, 20, "it has been sent")
        with open(file, "a", encoding="utf-8") as more:
            more.write("{}\n")
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2 and b"changed while it was read" in err


def test_csv_goes_on_behind_its_header(steady, tmp_path):
    url = url_of(steady)
    rows = [f'external:c,{AT},EUR,{number},"a\nb"\n' for number in range(50)]
    steady.customer("c")
    file = write(tmp_path / "orders.csv", "customer,ordered_at,currency,total,storefront\r\n" + "".join(rows[:30]) + "bad\n" + "".join(rows[30:]))
    with Between(steady.server.port, ["pass"] * 2 + ["lose"] + ["drop"] * 99) as between:
        run_import(between.url, "--batch", 10, "--retry", 0, file, status=2)
        assert (state_of(file)["line"], state_of(file)["created"]) == (42, 20)
        between.plan[:] = []
        _, err = run_import(between.url, file, status=1)
    assert f"{file}:62: 422" in err
    assert _totals(steady) == Counter(range(50))
