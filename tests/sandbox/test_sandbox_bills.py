"""The sandbox's daily files of Alipay and UnionPay, asked for and read by programs that know nothing of us."""

from __future__ import annotations

import io
import secrets
import time
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import alipay
import httpx
import pytest
from sandbox_alipay_client import AlipayMerchant
from sandbox_unionpay_client import UnionPayMerchant, now

from payfallback.testing.sandbox import Sandbox

BEIJING = timezone(timedelta(hours=8))
ADDRESS = "/v3/alipay/data/dataservice/bill/downloadurl/query"
# UnionPay's demo: 42 columns, a space between them
LENGTHS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15]
LENGTHS += [1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98]


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """At noon of the next day in Beijing, so that no day ends in the middle of a test."""
    moment = datetime.fromtimestamp(sandbox.now, BEIJING)
    noon = moment.replace(hour=12, minute=0, second=0) + timedelta(days=1)
    sandbox.advance(noon.timestamp() - sandbox.now)
    return sandbox


@pytest.fixture
def day(sandbox: Sandbox) -> str:
    """The sandbox's day."""
    return datetime.fromtimestamp(sandbox.now, BEIJING).strftime("%Y-%m-%d")


# ---------------------------------------------------------------- Alipay


def asked_v3(ali: AlipayMerchant, **query: str) -> httpx.Response:
    """Ask through v3: a GET, whose signature covers its address."""
    target = f"{ADDRESS}?{'&'.join(f'{name}={text}' for name, text in query.items())}"
    said = f"app_id={ali.known['app_id']},nonce={secrets.token_hex(16)},timestamp={int(time.time() * 1000)}"
    sign = ali.signed(f"{said}\nGET\n{target}\n\n")
    return ali.http.get(ali.url + target, headers={"authorization": f"ALIPAY-SHA256withRSA {said},sign={sign}"})


def test_alipays_details(sandbox: Sandbox, ali: AlipayMerchant, day: str) -> None:
    """A payment and a refund of part of it: GBK lines under their head, in a zip whose names are GBK as well."""
    ali.code("A100101", "59.99")
    ali.refund("A100101", "9.99", "R1")
    told = asked_v3(ali, bill_type="trade", bill_date=day)
    assert (told.status_code, ali.vouched(told)) == (200, True)
    with zipfile.ZipFile(io.BytesIO(ali.http.get(told.json()["bill_download_url"]).content)) as archive:
        names = [info.filename.encode("cp437").decode("gbk") for info in archive.infolist()]
        files = dict(zip(names, map(archive.read, archive.namelist()), strict=True))
    stem = f"{sandbox.credentials['alipay']['seller_id']}0156_{day.replace('-', '')}_业务明细"
    assert set(files) == {f"{stem}.csv", f"{stem}(汇总).csv"}
    lines = files[f"{stem}.csv"].decode("gbk").split("\r\n")
    head, *rows = (line.split(",") for line in lines if line and not line.startswith("#"))
    read = [dict(zip(head, (cell.strip() for cell in row), strict=True)) for row in rows]
    columns = ("商户订单号", "业务类型", "订单金额（元）", "退款批次号/请求号")
    assert [tuple(line[name] for name in columns) for line in read] == [
        ("A100101", "交易", "59.99", ""),
        ("A100101", "退款", "-9.99", "R1"),
    ]
    assert lines[2].startswith(f"#起始日期：[{day[:4]}年{day[5:7]}月{day[8:]}日 00:00:00]")
    assert any("业务明细列表结束" in line for line in lines)


def test_python_alipay_sdk_gets_alipays_bill(ali: AlipayMerchant, day: str) -> None:
    """Through the gateway it gets an answer whose signature it verifies, and the same file."""
    ali.code("A100101", "59.99")
    sdk = alipay.AliPay(
        appid=ali.known["app_id"],
        app_private_key_string=ali.known["private_key"],
        alipay_public_key_string=ali.known["alipay_public_key"],
    )
    sdk._gateway = f"{ali.url}/gateway.do"  # the SDK has no setting for its host
    asked = {"bill_type": "trade", "bill_date": day}
    told = sdk.server_api("alipay.data.dataservice.bill.downloadurl.query", asked)
    assert zipfile.is_zipfile(io.BytesIO(ali.http.get(told["bill_download_url"]).content))
    told = sdk.server_api("alipay.data.dataservice.bill.downloadurl.query", {**asked, "bill_date": "2020-01-01"})
    assert (told["code"], told["sub_code"]) == ("40004", "isp.bill_not_exist")


def test_alipays_address_lives_half_a_minute(sandbox: Sandbox, ali: AlipayMerchant, day: str) -> None:
    """Then it is asked for again."""
    ali.code("A100101", "59.99")
    address = asked_v3(ali, bill_type="trade", bill_date=day).json()["bill_download_url"]
    sandbox.advance(31.0)
    assert ali.http.get(address).status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"bill_type": "trade", "bill_date": "2020-01-01"}, "isp.bill_not_exist"),
        ({"bill_type": "trade", "bill_date": "2020"}, "INVAILID_ARGUMENTS"),
        ({"bill_type": "signcustomer", "bill_date": "2020-01-01"}, "TYPE_NOT_SUPPORTED"),
    ],
)
def test_alipay_has_no_bill(ali: AlipayMerchant, query: dict[str, str], code: str) -> None:
    """In the codes that merchants meet and those of the official SDK's model."""
    told = asked_v3(ali, **query)
    assert (told.status_code, told.json()["code"], ali.vouched(told)) == (400, code, True)


def test_a_day_ends_at_midnight(sandbox: Sandbox, ali: AlipayMerchant, day: str) -> None:
    """A refund of the next day stands in the next day's bill."""
    ali.code("A100101", "59.99")
    sandbox.advance(86400.0)
    ali.refund("A100101", "59.99", "R1")
    rows = []
    for each in (day, datetime.fromtimestamp(sandbox.now, BEIJING).strftime("%Y-%m-%d")):
        file = ali.http.get(asked_v3(ali, bill_type="trade", bill_date=each).json()["bill_download_url"]).content
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            details = max((archive.read(name).decode("gbk") for name in archive.namelist()), key=len)
        rows.append([line.split(",")[2].strip() for line in details.splitlines() if "A100101" in line])
    assert rows == [["交易"], ["退款"]]


# ---------------------------------------------------------------- UnionPay


@pytest.fixture
def union(sandbox: Sandbox) -> Iterator[UnionPayMerchant]:
    """A merchant of its UnionPay."""
    with UnionPayMerchant(sandbox.url("unionpay"), sandbox.credentials["unionpay"]) as merchant:
        yield merchant


def transferred(union: UnionPayMerchant, settle_date: str, **more: str) -> dict[str, str]:
    """The answer to a file transfer, which must be genuine."""
    fields = {
        "version": "5.1.0",
        "encoding": "UTF-8",
        "signMethod": "01",
        "certId": union.known["cert_id"],
        "merId": union.known["merchant"],
        "accessType": "0",
        "txnType": "76",
        "txnSubType": "01",
        "bizType": "000000",
        "fileType": "00",
        "settleDate": settle_date,
        "txnTime": now(),
    }
    return union.answer(union.http.post(f"{union.url}/", data=union.signed({**fields, **more})))


def test_unionpays_file(union: UnionPayMerchant, day: str) -> None:
    """A consumption and a refund of part of it, in columns of the lengths that UnionPay's demo reads."""
    union.code("AAAA0101", 5999)
    union.refund("AAAA0101", amount=999, under="AAAA0101R1")
    ref = union.answer(union.query("AAAA0101"))["queryId"]
    told = transferred(union, day[5:].replace("-", ""))
    assert told["fileName"] == f"{union.known['merchant']}_{day.replace('-', '')}.zip"
    with zipfile.ZipFile(io.BytesIO(zlib.decompress(b64decode(told["fileContent"])))) as archive:
        (name,) = (name for name in archive.namelist() if "ZM_" in name)
        lines = archive.read(name).splitlines()
    assert name == f"INN{day[2:].replace('-', '')}88ZM_{union.known['merchant']}"
    read = []
    for line in lines:
        assert len(line) == sum(LENGTHS) + len(LENGTHS) - 1
        starts = [sum(LENGTHS[:n]) + n for n in range(len(LENGTHS))]
        read.append([line[at : at + LENGTHS[n]].decode("gbk").strip() for n, at in enumerate(starts)])
    assert [(row[19], row[11], row[6], row[26], row[27]) for row in read] == [
        ("01", "AAAA0101", "000000005999", "", union.known["merchant"]),
        ("04", "AAAA0101R1", "000000000999", ref, union.known["merchant"]),
    ]
    assert read[0][9] == ref


def test_unionpays_clearing_day_ends_at_23(sandbox: Sandbox, union: UnionPayMerchant, day: str) -> None:
    """What is paid an hour before midnight belongs to the next day."""
    sandbox.advance(11.5 * 3600)
    union.code("AAAA0101", 5999)
    following = (datetime.fromisoformat(day) + timedelta(days=1)).strftime("%m%d")
    assert transferred(union, day[5:].replace("-", ""))["respCode"] == "98"
    assert transferred(union, following)["respCode"] == "00"


@pytest.mark.parametrize(
    ("more", "code"),
    [({"settleDate": "0230"}, "10"), ({"settleDate": "11"}, "10"), ({"fileType": "11"}, "10"), ({"merId": "1"}, "31")],
)
def test_unionpay_gives_no_file(union: UnionPayMerchant, more: dict[str, str], code: str) -> None:
    """A day that is none, another kind of file, another merchant."""
    assert transferred(union, "0101", **more)["respCode"] == code
