"""Fetching a bill, step by step: what is asked, whom the file is taken from, and what a file on its way may become."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import alipay_counterpart
import pytest
import unionpay_counterpart as up
from alipay_counterpart import alipay
from bill_files import DAY, MERCHANT, zipped, zm_row
from bill_shop import PROVIDERS, Meddler, Shop, configured, noon

import payfallback as pf
from payfallback.errors import BillUnavailable, ConfigError
from payfallback.ports import HttpRequest, HttpResponse
from payfallback.providers import _unionpay_bill
from payfallback.testing.sandbox import Sandbox
from sandbox_time import SandboxTime


@pytest.mark.parametrize(
    ("channel", "why"), [("wechat_code", "the bill's hash is not"), ("unionpay_code", "is not signed")]
)
def test_a_file_that_changes_on_its_way_is_refused(tmp_path: Path, channel: str, why: str) -> None:
    """WeChat Pay's hash and UnionPay's signature do not fit any more."""
    with Sandbox(key_dir=tmp_path / "keys") as sandbox, Meddler(sandbox.urls[PROVIDERS[channel]]) as between:
        noon(sandbox)
        clock = SandboxTime(sandbox)
        file = configured(sandbox, tmp_path / "keys", tmp_path, **{PROVIDERS[channel]: between.url})
        with pf.Payments.from_config(file, clock=clock, sleep=clock.sleep) as payments:
            shop = Shop(sandbox, payments, channel)
            shop.pays("BILL000001")
            assert shop.met() == {"matched": 1}
            between.meddles = True
            with pytest.raises(BillUnavailable, match=why):
                shop.met()


# ---------------------------------------------------------------- Alipay


def asked_alipay(told: Mapping[str, Any], status: int = 200, **more: Any) -> tuple[HttpRequest, Any]:
    """The first request, and the steps after Alipay's signed answer to it."""
    steps = alipay(**more).bill(DAY)
    return next(steps), lambda: steps.send(alipay_counterpart.answered(dict(told), status))


def test_alipay_is_asked_with_a_signed_address() -> None:
    """v3 signs the path with its query; a GET has no body."""
    request, _ = asked_alipay({})
    assert request.method == "GET"
    assert request.body == b""
    target = urlsplit(request.url)
    assert target.path == "/v3/alipay/data/dataservice/bill/downloadurl/query"
    assert parse_qs(target.query) == {"bill_type": ["trade"], "bill_date": ["2026-11-11"]}
    assert "content-type" not in request.headers


@pytest.mark.parametrize(
    ("told", "fetched_from"),
    [
        ("http://dwbillcenter.alipay.com/downloadBillFile.resource?a=b", "https://dwbillcenter.alipay.com/"),
        ("https://dwbillcenter.alipay.com/downloadBillFile.resource?a=b", "https://dwbillcenter.alipay.com/"),
        ("http://127.0.0.1:8703/downloadBillFile.resource?a=b", "http://127.0.0.1:8703/"),
    ],
)
def test_the_file_is_fetched_over_tls(told: str, fetched_from: str) -> None:
    """Alipay's answers name an address without it; only a sandbox on this machine goes without."""
    _, answer = asked_alipay({"bill_download_url": told})
    assert answer().url == f"{fetched_from}downloadBillFile.resource?a=b"


@pytest.mark.parametrize("told", ["", "ftp://a/b", "http://shop.example:81/x", "http://[", "file:///etc/passwd", "//a"])
def test_an_odd_address_is_not_followed(told: str) -> None:
    """Whatever stands in the answer, nothing else is fetched."""
    _, answer = asked_alipay({"bill_download_url": told})
    with pytest.raises(BillUnavailable, match="names no address"):
        answer()


@pytest.mark.parametrize("code", ["BILL_NOT_EXIST", "isp.bill_not_exist", "NO_BILL_DATA"])
def test_alipay_has_no_bill(code: str) -> None:
    """In the model's spelling and in the one that is met."""
    _, answer = asked_alipay({"code": code, "message": "账单不存在"}, 400)
    with pytest.raises(BillUnavailable, match="Alipay has no bill of that day"):
        answer()


def test_alipay_refuses_a_bill() -> None:
    """Any other code is named; one that nobody signed is named as such."""
    _, answer = asked_alipay({"code": "INVAILID_ARGUMENTS"}, 400)
    with pytest.raises(BillUnavailable, match="gives no bill: INVAILID_ARGUMENTS"):
        answer()
    steps = alipay().bill(DAY)
    next(steps)
    with pytest.raises(BillUnavailable, match=r"\(HTTP 400, invalid-signature\) is not signed"):
        steps.send(HttpResponse(status=400, body=json.dumps({"code": "invalid-signature"}).encode()))


def test_an_address_that_has_expired() -> None:
    """It lives 30 seconds."""
    steps = alipay().bill(DAY)
    next(steps)
    steps.send(alipay_counterpart.answered({"bill_download_url": "https://dwbillcenter.alipay.com/x"}))
    with pytest.raises(BillUnavailable, match="HTTP 404"):
        steps.send(HttpResponse(status=404))


# ---------------------------------------------------------------- UnionPay


def asked_union(content: str, code: str = "00", **more: str) -> Any:
    """What becomes of UnionPay's signed answer with this file."""
    steps = up.unionpay().bill(DAY)
    form = up.posted(next(steps))
    told = {name: text for name, text in form.items() if name not in ("certId", "signature", "fileType")}
    try:
        steps.send(up.answered({**told, "respCode": code, "respMsg": "", "fileContent": content, **more}))
    except StopIteration as done:
        return done.value
    raise AssertionError


def packed(file: bytes) -> str:
    """As UnionPay packs it."""
    return b64encode(zlib.compress(file)).decode()


def test_unionpay_is_asked_for_the_clearing_day() -> None:
    """The fields of a file transfer, signed, to the file server beside the gateway."""
    request = next(up.unionpay().bill(DAY))
    assert (request.method, request.url) == ("POST", "https://filedownload.95516.com/")
    asked = up.posted(request)
    assert up.merchant_signed(asked)
    asked.pop("signature")
    assert asked == {
        "version": "5.1.0",
        "encoding": "UTF-8",
        "signMethod": "01",
        "certId": up.CERT_ID,
        "accessType": "0",
        "bizType": "000000",
        "txnType": "76",
        "txnSubType": "01",
        "fileType": "00",
        "merId": MERCHANT,
        "settleDate": "1111",
        "txnTime": up.TIME,
    }


@pytest.mark.parametrize(
    ("base", "option", "files"),
    [
        ("https://gateway.test.95516.com", "", "https://filedownload.test.95516.com/"),
        ("http://127.0.0.1:8705", "", "http://127.0.0.1:8705/"),
        ("https://gateway.95516.com", "https://proxy.shop.example/files", "https://proxy.shop.example/files/"),
    ],
)
def test_where_files_are_asked_for(base: str, option: str, files: str) -> None:
    """Beside the gateway, or where the option says."""
    adapter = up.unionpay(base_url=base, options={"file_url": option})
    assert next(adapter.bill(DAY)).url == files


def test_the_test_systems_days_end_at_half_past_one() -> None:
    """In production they end at 23:00."""
    starts = [
        up.unionpay(base_url=f"https://{host}.95516.com").bill_days.starts for host in ("gateway", "gateway.test")
    ]
    assert starts == [-3600.0, -10.5 * 3600]


@pytest.mark.parametrize("address", ["http://files.shop.example/", "files.shop.example", "http://["])
def test_a_file_address_without_tls_is_refused(address: str) -> None:
    """The file names every order."""
    with pytest.raises(ConfigError, match="file_url"):
        up.unionpay(options={"file_url": address})


def test_unionpays_file_is_unpacked() -> None:
    """base64 of zlib of the zip."""
    file = zipped({"INN26111188ZM_777290058110048": zm_row()})
    assert asked_union(packed(file)) == file


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is cut short"),
        ("!!!!", "no file that can be unpacked"),
        (b64encode(b"PK\x03\x04").decode(), "no file that can be unpacked"),
        (b64encode(zlib.compress(b"x" * 9999)[:-6]).decode(), "is cut short"),
    ],
)
def test_a_signed_answer_without_a_whole_file(content: str, why: str) -> None:
    """What cannot be unpacked is no bill."""
    with pytest.raises(BillUnavailable, match=why):
        asked_union(content)


def test_a_bomb_in_unionpays_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is unpacked than any bill holds."""
    monkeypatch.setattr(_unionpay_bill, "LARGEST_FILE", 1_000_000)
    with pytest.raises(BillUnavailable, match="larger than any bill"):
        asked_union(packed(bytes(5_000_000)))


@pytest.mark.parametrize("more", [{"merId": "777290058110049"}, {"txnTime": "20251112000001"}, {"settleDate": "1112"}])
def test_an_answer_about_another_file(more: dict[str, str]) -> None:
    """Signed by UnionPay, and not what was asked for."""
    with pytest.raises(BillUnavailable, match="about another file"):
        asked_union(packed(b"x"), **more)


@pytest.mark.parametrize(
    ("code", "why"), [("98", "has no file of that day"), ("99", "certificate"), ("34", "file: 34")]
)
def test_unionpay_gives_no_file(code: str, why: str) -> None:
    """98: not made yet, or nothing moved. 99: see UnionPay's demo."""
    with pytest.raises(BillUnavailable, match=why):
        asked_union("", code)
