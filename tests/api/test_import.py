"""`ciclo import`: what files may look like, where their lines go, and how bad ones are reported."""
import json
import os
import pty
import re
import signal

import pytest

from support.client import to_json
from support.importer import Between, run_import, start_import, state_of, url_of, write
from support.process import end
from support.server import command

AT = "2026-01-10T10:00:00Z"
MIB = 1 << 20


def _order(number, **fields):
    return {"external_id": f"o{number}", "customer": {"external_id": f"c{number % 5}"}, "ordered_at": AT, "currency": "EUR", "total": number + 1, **fields}


def _lines(items):
    return "".join(to_json(item) + "\n" for item in items)


def _orders(shop):
    return {order["external_id"]: order for order in shop.api.pages("/v1/orders")}


# NDJSON ------------------------------------------------------------------------------------------------


def test_lines_of_json_come_in(new_shop, tmp_path):
    shop = new_shop()
    file = write(tmp_path / "orders.ndjson", _lines(_order(number) for number in range(25)))
    out, err = run_import(url_of(shop), "--batch", 10, file)
    assert re.fullmatch(rf"{file}: 25 lines: 25 created, 0 unchanged, 0 failed in \d+\.\d s\n", out) and err == ""
    assert sorted(order["total"] for order in _orders(shop).values()) == list(range(1, 26))
    assert os.listdir(tmp_path) == ["orders.ndjson"], "nothing stays beside it"
    out, _ = run_import(url_of(shop), "--batch", 10, file)
    assert "25 lines: 0 created, 25 unchanged, 0 failed" in out


def test_bad_lines_are_reported_by_their_number_and_the_others_are_kept(new_shop, tmp_path):
    shop = new_shop()
    good = [to_json(_order(number)) for number in range(7)]
    bad = to_json(_order(8, currency="euro", items="x"))
    text = "\n".join(["\ufeff" + good[0], "", good[1], "{nonsense", "  \t", good[2] + "\r", bad, good[3], "[]", "", "", good[4], good[5], "\x00", good[6]])
    file, errors = write(tmp_path / "orders-2026.jsonl", text), tmp_path / "bad.ndjson"
    out, err = run_import(url_of(shop), "--batch", 3, "--errors", errors, file, status=1)
    assert "11 lines: 7 created, 0 unchanged, 4 failed in" in out
    assert [line.split(" ")[0] for line in err.splitlines()] == [f"{file}:{number}:" for number in (4, 7, 9, 14)]
    assert " 400 invalid_json " in err.splitlines()[0]
    assert re.search(r":7: 422 validation_failed \(.*#/currency: .*; #/items: ", err) or re.search(r":7: 422 validation_failed \(#/items: .*; #/currency: ", err)
    written = [json.loads(line) for line in errors.read_text().splitlines()]
    assert [entry["line"] for entry in written] == [4, 7, 9, 14] and {entry["file"] for entry in written} == {file}
    assert {error["pointer"] for error in written[1]["problem"]["errors"]} == {"#/currency", "#/items"}
    assert set(_orders(shop)) == {f"o{number}" for number in range(7)}


def test_a_line_over_1_mib_is_a_bad_line(new_shop, tmp_path):
    shop = new_shop()
    long = to_json(_order(1, storefront="x" * (3 * MIB)))
    file = write(tmp_path / "orders.ndjson", "\n".join([to_json(_order(0)), long, to_json(_order(2)), long]))
    for batch in (1, 2, 100):
        out, err = run_import(url_of(shop), "--batch", batch, file, status=1)
        assert "4 lines: " in out and " 2 failed" in out
        assert [line.split(" ")[:3] for line in err.splitlines()] == [[f"{file}:{number}:", "413", "body_too_large"] for number in (2, 4)]
    assert set(_orders(shop)) == {"o0", "o2"}


def test_batches_stay_small_when_lines_are_long(shop, tmp_path):
    file = write(tmp_path / "orders.ndjson", _lines(_order(number, storefront="x" * (MIB // 2)) for number in range(20)))
    with Between(shop.server.port) as between:
        _, err = run_import(between.url, "--batch", 10000, file, status=1)
        assert len(between.keys) == 2, "10 MiB in requests of at most 8"
    assert [line.split(" ")[0] for line in err.splitlines()] == [f"{file}:{number}:" for number in range(1, 21)]


def test_only_the_first_hundred_bad_lines_are_shown(shop, tmp_path):
    file, errors = write(tmp_path / "orders.ndjson", "{}\n" * 250), tmp_path / "bad"
    out, err = run_import(url_of(shop), "--errors", errors, file, status=1)
    assert " 250 failed" in out
    assert len(err.splitlines()) == 101 and err.splitlines()[-1] == "More bad lines are not shown; all are in the file of --errors."
    assert [json.loads(line)["line"] for line in errors.read_text().splitlines()] == list(range(1, 251))
    assert "--errors FILE takes them all" in run_import(url_of(shop), file, status=1)[1]


def test_what_a_file_says_does_not_reach_the_terminal_as_it_is(shop, tmp_path):
    file = write(tmp_path / "orders.ndjson", to_json(_order(1, **{"\x1b[2Jevil\x07": 1})) + "\n")
    _, err = run_import(url_of(shop), file, status=1)
    assert "evil" in err and not set(err) & {"\x1b", "\x07"}


# CSV ---------------------------------------------------------------------------------------------------


def test_csv_has_types_nesting_quotes_and_lines_in_cells(new_shop, tmp_path):
    shop = new_shop()
    text = ("\ufeffexternal_id,customer.external_id,customer.email,customer.interests,ordered_at,currency,items.0.sku,items.0.quantity,items.0.unit_price,"
            "items.1.sku,items.1.unit_price,exchange_rate,test,storefront\r\n"
            f'7,c1,ann@example.com,"[""tea"", ""coffee""]",{AT},EUR,a,2,100,b,50,,TRUE,"Main ""the"" shop,\r\nupstairs"\r\n'
            "\r\n"
            f"008,c2,,,{AT},USD,,,,b,75,0.5,,\r\n")
    file = write(tmp_path / "orders.csv", text)
    out, err = run_import(url_of(shop), file)
    assert "2 lines: 2 created" in out and err == ""
    orders = _orders(shop)
    assert orders["7"]["storefront"] == 'Main "the" shop,\r\nupstairs' and orders["7"]["test"] is True
    assert [(item["sku"], item["quantity"], item["unit_price"]) for item in orders["7"]["items"]] == [("a", 2, 100), ("b", 1, 50)]
    assert [item["sku"] for item in orders["008"]["items"]] == ["b"] and orders["008"]["exchange_rate"] is not None
    customer = shop.api.get("/v1/customers/external:c1").json
    assert customer["email"] == "ann@example.com" and customer["interests"] == ["tea", "coffee"]


def test_bad_records_of_csv_have_the_number_of_their_first_line(new_shop, tmp_path):
    shop = new_shop()
    rows = [b"external_id,customer,ordered_at,currency,total,storefront",   # 1
            b'a,external:c,%s,EUR,1,"two\nlines"' % AT.encode(),            # 2, 3
            b"b,external:c,%s,EUR,twelve," % AT.encode(),                   # 4
            b"",                                                            # 5
            b'c,external:c,%s,EUR,"2\n2",' % AT.encode(),                   # 6, 7
            b"d,external:c,%s,EUR,3" % AT.encode(),                         # 8
            b"e,external:c,%s,EUR,3,caf\xe9" % AT.encode(),                 # 9
            b'f,external:c,%s,EUR,3,a "quote"' % AT.encode(),               # 10
            b'g,external:c,%s,EUR,4,"and on' % AT.encode(),                 # 11
            b'h,external:c,%s,EUR,5,' % AT.encode()]                        # 12
    shop.customer("c")
    file, errors = write(tmp_path / "orders.csv", b"\n".join(rows)), tmp_path / "bad"
    out, err = run_import(url_of(shop), "--batch", 2, "--errors", errors, file, status=1)
    assert "8 lines: 2 created, 0 unchanged, 6 failed" in out
    assert [json.loads(line)["line"] for line in errors.read_text().splitlines()] == [4, 6, 8, 9, 10, 11]
    for number, word in ((4, r"\(#/total: "), (6, r"\(#/total: "), (8, "has 5 cells, the header has 6"), (9, "column 6 .*not valid UTF-8"), (10, "a quote in a cell"), (11, "never closed")):
        assert re.search(rf"^{file}:{number}: 422 validation_failed .*{word}", err, re.MULTILINE), (number, err)
    assert set(_orders(shop)) == {"a", "h"}


@pytest.mark.parametrize("header, word", [("external_id,colour", '"colour", which is no field'), ("external_id,external_id", "twice"), ("customer,customer.email", "has fields as well"),
                                          ("external_id;total", '"external_id;total", which is no field'), ("external_id,", '""'), ('a"b', "a quote in a cell"), ("", "no header"), ("\xff\xfe", "")])
def test_a_header_that_cannot_be_right_is_refused_before_anything_is_sent(shop, tmp_path, header, word):
    with Between(shop.server.port) as between:
        _, err = run_import(between.url, write(tmp_path / "orders.csv", header + "\n1,2\n" if header else ""), status=64)
        assert word in err and not between.keys
    assert state_of(tmp_path / "orders.csv") is None


# where from, where to ------------------------------------------------------------------------------------


def test_standard_input_is_ndjson_or_what_is_said(new_shop):
    shop = new_shop()
    out, _ = run_import(url_of(shop), "--as", "orders", "-", given=_lines([_order(1), _order(2)]).encode())
    assert out.startswith("standard input: 2 lines: 2 created")
    run_import(url_of(shop), "--as=orders", "--format=csv", "-", given=f"external_id,customer.email,ordered_at,currency,total\no3,a@example.com,{AT},EUR,1\n".encode())
    assert set(_orders(shop)) == {"o1", "o2", "o3"}
    _, err = run_import(url_of(shop), "--as", "orders", "-", given=b"{\n", status=1)
    assert err.startswith("standard input:1: 400 invalid_json")


def test_the_same_standard_input_again_doubles_nothing(new_shop):
    shop = new_shop()
    items = [{key: value for key, value in _order(number).items() if key != "external_id"} for number in range(30)]
    for _ in range(2):
        run_import(url_of(shop), "--as", "orders", "--batch", 7, "-", given=_lines(items).encode())
    assert len(shop.api.pages("/v1/orders")) == 30


def test_a_collection_of_a_thing_is_named(new_shop, tmp_path):
    shop = new_shop()
    shop.api.post("/v1/surveys", {"external_id": "n ps", "kind": "nps", "name": "N"})
    file = write(tmp_path / "answers.csv", f"score,answered_at,customer.external_id,comment\n9,{AT},c1,good\n3,{AT},c2,\n")
    run_import(url_of(shop), "--as", "surveys/external:n ps/responses", file)
    assert sum(shop.api.get("/v1/nps", query={"from": "2026-01-01", "to": "2026-02-01"}).json["distribution"]) == 2
    _, err = run_import(url_of(shop), "--as", "surveys/external:other/responses", file, status=2)
    assert "404 not_found" in err


@pytest.mark.parametrize("name, arguments, word", [
    ("things.csv", [], "say --as COLLECTION\nThe collections are: customers, orders"), ("orders.csv", ["--as", "things"], "no collection \"things\""),
    ("orders.txt", [], "say --format ndjson or csv"), ("orders.json", [], "say --format"), ("orders.csv", ["--format", "xml"], "--format is ndjson or csv"),
    ("orders.csv", ["--batch", "0"], "--batch takes a number of 1 to 10000"), ("orders.csv", ["--batch", "10001"], "1 to 10000"), ("orders.csv", ["--batch", "x"], "1 to 10000"),
    ("orders.csv", ["--nonsense"], "--nonsense"), ("orders.csv", ["--url", "ftp://x"], "http://host:port"), ("orders.csv", ["--url", "http://u:p@x"], "without a user"),
    ("orders.csv", ["--key", "a\nb"], "the API key is not of the form"), (None, [], "which file?"), ("/orders.csv", [], "No such file"), ("../orders.csv", [], "No such file")])
def test_a_command_that_is_not_right_sends_nothing(shop, tmp_path, name, arguments, word):
    files = [] if name is None else [tmp_path / name if name[0] not in "/." else "/nowhere" + name]
    for file in files:
        if file is not None and str(file).startswith(str(tmp_path)):
            write(file, "external_id\n1\n")
    with Between(shop.server.port) as between:
        _, err = run_import(between.url, *arguments, *files, status=64)
        assert word in err and not between.keys


def test_help_says_how_it_ends_and_that_command_lines_are_seen(shop):
    out, _ = run_import(url_of(shop), "--help")
    assert "others can see command lines" in out and "130 stopped" in out
    assert "ciclo import FILE..." in command("--help", database_url="unused").stdout


def test_several_files_are_one_command(new_shop, tmp_path):
    shop = new_shop()
    customers = write(tmp_path / "customers.csv", "external_id,name\nc0,Ann\nc1,\n,nobody\n")
    orders = write(tmp_path / "orders.ndjson", _lines(_order(number, customer="external:c0") for number in range(3)))
    errors = tmp_path / "bad"
    out, _ = run_import(url_of(shop), "--errors", errors, customers, orders, status=1)
    assert [line.split(":")[0] for line in out.splitlines()] == [customers, orders]
    assert [(json.loads(line)["file"], json.loads(line)["line"]) for line in errors.read_text().splitlines()] == [(customers, 4)]
    assert sorted(os.listdir(tmp_path)) == ["bad", "customers.csv", "orders.ndjson"]


def test_errors_never_overwrite_an_input(shop, tmp_path):
    file = write(tmp_path / "orders.ndjson", _lines([_order(1)]))
    _, err = run_import(url_of(shop), "--errors", file, file, status=64)
    assert "would write over" in err and (tmp_path / "orders.ndjson").read_text() == _lines([_order(1)])


# the terminal ------------------------------------------------------------------------------------------------


def _on_terminal(url, *arguments):
    """What is written to a terminal on standard error."""
    master, slave = pty.openpty()
    process = start_import(url, *arguments, stderr=slave, TERM="xterm")
    os.close(slave)
    seen = b""
    try:
        while True:
            part = os.read(master, 65536)
            if not part:
                break
            seen += part
    except OSError:
        pass  # the other side is closed
    finally:
        os.close(master)
        process.wait(60)
        end(process, signal.SIGKILL, 5)
        process.stdout.close()
    return seen.decode()


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(new_shop, tmp_path):
    shop = new_shop()
    items = [_order(number) for number in range(400)]
    items[250]["total"] = -1
    file = write(tmp_path / "orders.ndjson", _lines(items))
    seen = _on_terminal(url_of(shop), "--batch", 20, file)
    drawn = re.findall(r"\r(orders\.ndjson \[=* *\] +(\d+) %  (\d+) lines  \d+ lines/s(?:  [\d:]+ left)?)\x1b\[K", seen)
    assert len(drawn) >= 2 and all(len(text) < 80 for text, _, _ in drawn), seen
    shares = [int(share) for _, share, _ in drawn]
    assert shares == sorted(shares) and shares[-1] <= 100
    assert "\r\x1b[K" + file + ":251: 422" in seen, "the bar is taken off before something is said"
    assert seen.endswith("\x1b[K"), "and at the end"
    _, err = run_import(url_of(shop), "--batch", 20, file, status=1, TERM="xterm")
    assert "\x1b" not in err and "\r" not in err
