"""`reconcile`: the bill of a day, fetched from the provider's own server, against the journal on disk."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cli_desk import Desk, TestShop

from payfallback.results import Paid
from wechat_sdk import wechat_sdk

BEIJING = timezone(timedelta(hours=8))


def today() -> str:
    """The day at the provider."""
    return datetime.now(BEIJING).date().isoformat()


def test_a_bill_is_fetched_and_matches(desk: Desk, shop: TestShop) -> None:
    """Asked for, downloaded, its hash held against the signed one; everything in it is known."""
    assert isinstance(shop.in_store("STORE1", by="wechat_code"), Paid)
    told = desk.run("reconcile", "wechat_code", "--day", today())
    assert told.code == 0
    assert "1 line in the bill of wechatpay/" in told.out
    assert "        1 match" in told.out


def test_a_capture_without_an_answer_is_learned_from_the_bill(desk: Desk, shop: TestShop) -> None:
    """The reply was lost and no recovery ran: the bill tells, and the order is paid."""
    shop.lose_the_answer("STORE1", "88.00", by="wechat_code")
    told = desk.run("reconcile", "wechat_code", "--day", today(), "--json")
    assert told.code == 0
    assert told.json["counts"] == {"learned": 1}
    assert told.json["findings"][0]["order_id"] == "STORE1"
    assert isinstance(shop.payments.status("STORE1"), Paid)


def test_what_is_for_a_person_ends_with_4(desk: Desk, shop: TestShop, tmp_path: Path) -> None:
    """A number that no order has stands in the report; the file is packed, and was fetched with another SDK."""
    shop.in_store("STORE1", by="wechat_code")
    file = tmp_path / "bill.gz"
    file.write_bytes(gzip.compress(gzip.decompress(fetched_otherwise(shop)).replace(b"STORE1", b"OTHERS")))
    told = desk.run("reconcile", "wechat_code", file, "--day", today())
    assert told.code == 4
    assert "1 whose number no order here has" in told.out
    assert re.search(r"unknown\s+OTHERS01", told.out)


def fetched_otherwise(shop: TestShop) -> bytes:
    """The file as wechatpayv3 asks for and downloads it."""
    sdk = wechat_sdk(shop.sandbox)
    code, told = sdk.trade_bill(today())
    assert code == 200
    code, file = sdk.download_bill(json.loads(told)["download_url"])
    assert code == 200
    return file if isinstance(file, bytes) else file.encode("latin-1")


def test_a_day_without_a_bill_says_so(desk: Desk, shop: TestShop) -> None:
    """Nothing was paid on that day, or it is not over."""
    told = desk.run("reconcile", "wechat_code", "--day", "2020-01-01")
    assert told.code == 2
    assert "WeChat Pay has no bill of that day" in told.err


def test_wrong_use_is_said_in_words(desk: Desk, shop: TestShop, tmp_path: Path) -> None:
    """A channel without bills, a day that is none, a file that is not there."""
    assert "has no bills" in desk.run("reconcile", "baitiao", "--day", today()).err
    assert "is no day" in desk.run("reconcile", "wechat_code", "--day", "yesterday").err
    missing = desk.run("reconcile", "wechat_code", tmp_path / "none.csv", "--day", today())
    assert missing.code == 2
    assert "No such file" in missing.err
