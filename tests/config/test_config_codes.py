"""A merchant's own rows in a provider's table of codes: what they may say, and what needs a word of its own."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import Any

import pytest
from config_keys import key_pair
from config_shop import Shop, told
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from payfallback._assemble import assemble
from payfallback._check import Report, check
from payfallback._clock import SystemClock
from payfallback._core.operations import Answer, Kind, Operation
from payfallback.config import ConfigProblems
from payfallback.model import Money, Option
from payfallback.ports import HttpResponse, Wire
from payfallback.providers.wrap import Wrapped
from payfallback.taxonomy import Cause, Verdict

CLOCK = SystemClock()
CONFIRMED = 'verdict = "declined"\nconfirmed_by = "WeChat Pay support, ticket 4711"'


def rows(shop: Shop, *entries: str, account: str = "wx") -> Shop:
    """The shop with rows of its own."""
    text = "".join(f"[[accounts.{account}.codes]]\n{entry}\n\n" for entry in entries)
    return shop.replace("[accounts.own]", f"{text}[accounts.own]")


def checked(shop: Shop, own: Wrapped) -> Report:
    """What `check` says."""
    shop.environ["PAYFALLBACK_JOURNAL"] = f"sqlite:///{shop.folder}/payments.db"
    return check(shop.load(), clock=CLOCK, wrapped={"own": own})


def wechat(shop: Shop, own: Wrapped) -> Wire:
    """The adapter that the file makes."""
    made = assemble(shop.load(), clock=CLOCK, wrapped={"own": own}).providers["wx"]
    assert isinstance(made, Wire)
    return made


def answer(
    adapter: Wire, code: str, kind: Kind = Kind.CHARGE, product: str = "native", *, signed: bool = True
) -> Answer:
    """What WeChat Pay's error proves."""
    body = json.dumps({"code": code, "message": "made up"}).encode()
    asked = Operation(
        kind=kind,
        option=Option("wechat"),
        product=product,
        number="A100101",
        order_id="A1001",
        amount=Money(100, "CNY"),
        refund_number="A100101R1",
    )
    return adapter.read(asked, HttpResponse(status=400, headers=_signed(body) if signed else {}, body=body))


def _signed(body: bytes) -> dict[str, str]:
    stamp, nonce = str(int(time.time())), "c5ac7061fccab6bf3e254dcf98995b8c"
    key: Any = load_pem_private_key(key_pair()[0].encode(), None)
    signature = key.sign(f"{stamp}\n{nonce}\n{body.decode()}\n".encode(), PKCS1v15(), SHA256())
    return {
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": nonce,
        "wechatpay-serial": "PUB_KEY_ID_0114232134912410000000000000",
        "wechatpay-signature": b64encode(signature).decode(),
    }


def test_a_row_can_explain(real_shop: Shop, own: Wrapped) -> None:
    """A cause of the merchant's replaces the table's; what the code proves stays as it was."""
    adapter = wechat(rows(real_shop, 'code = "NOTENOUGH"\ncause = "credit_exhausted"'), own)
    plain, by_code = answer(adapter, "NOTENOUGH"), answer(adapter, "NOT_ENOUGH", product="codepay")
    assert (plain.verdict, plain.cause, plain.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)
    assert (by_code.verdict, by_code.cause, by_code.final) == (Verdict.DECLINED, Cause.CREDIT_EXHAUSTED, False)


def test_a_row_can_be_more_careful(real_shop: Shop, own: Wrapped) -> None:
    """A refusal that the table takes for final is asked about, where the merchant knows better."""
    entry = 'code = "ORDER_CLOSED"\nverdict = "unknown"\ncause = "awaiting_provider"'
    found = answer(wechat(rows(real_shop, entry), own), "ORDERCLOSED")
    assert (found.verdict, found.cause, found.final) == (Verdict.UNKNOWN, Cause.AWAITING_PROVIDER, False)


def test_a_new_code_becomes_known(real_shop: Shop, own: Wrapped) -> None:
    """It is no news any more, and in the operation that it is confirmed for it ends the attempt."""
    entry = f'code = "BRAND_NEW"\noperation = "v2:micropay"\ncause = "account_frozen"\n{CONFIRMED}'
    adapter = wechat(rows(real_shop, entry), own)
    known, elsewhere = answer(adapter, "BRAND_NEW", product="codepay"), answer(adapter, "BRAND_NEW")
    assert (known.verdict, known.cause, known.final, known.unlisted) == (
        Verdict.DECLINED,
        Cause.ACCOUNT_FROZEN,
        True,
        False,
    )
    assert (elsewhere.verdict, elsewhere.final, elsewhere.unlisted) == (Verdict.UNKNOWN, False, True)


def test_no_row_gives_weight_to_what_nobody_signed(real_shop: Shop, own: Wrapped) -> None:
    """An unsigned answer proves nothing, whatever a row says; nor does a row let a close or a query end anything."""
    adapter = wechat(rows(real_shop, f'code = "TRADE_ERROR"\n{CONFIRMED}'), own)
    assert answer(adapter, "TRADE_ERROR").final
    assert answer(adapter, "TRADE_ERROR", signed=False).verdict is Verdict.UNKNOWN
    assert not answer(adapter, "TRADE_ERROR", Kind.CLOSE).final
    assert answer(adapter, "TRADE_ERROR", Kind.QUERY).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("code", "words"),
    [("TRADE_ERROR", "leaves the outcome open"), ("BRAND_NEW", "is in no table")],
)
def test_an_open_outcome_needs_a_word_of_its_own(real_shop: Shop, own: Wrapped, code: str, words: str) -> None:
    """As declined, another channel would charge while this one still may: refused unless somebody confirmed it."""
    shop = rows(real_shop, f'code = "{code}"\nverdict = "declined"')
    with pytest.raises(ConfigProblems) as caught:
        wechat(shop, own)
    assert caught.value.line == shop.line_of(f'code = "{code}"') + 1
    assert words in str(caught.value)
    assert 'confirmed_by = "who, where, when"' in str(caught.value)


def test_check_shows_what_was_confirmed(real_shop: Shop, own: Wrapped) -> None:
    """Every time, with its line, what the table says, and who confirmed it. Rows that only explain are not shown."""
    entries = [
        'code = "NOTENOUGH"\ncause = "credit_exhausted"',
        f'code = "TRADE_ERROR"\n{CONFIRMED}',
        f'code = "BRAND_NEW"\n{CONFIRMED}',
    ]
    shop = rows(real_shop, *entries)
    report = checked(shop, own)
    found = [each for each in report.warnings if each.where[:3] == ("accounts", "wx", "codes")]
    assert report.ok
    assert [each.line for each in found] == [shop.line_of('code = "TRADE_ERROR"') - 1, shop.line_of('"BRAND_NEW"') - 1]
    assert "'TRADE_ERROR' is unknown in the table" in str(found[0])
    assert "'BRAND_NEW' is in no table" in str(found[1])
    assert all("ticket 4711" in str(each) for each in found)


WRONG = {
    "an operation that is none": ('cause = "declined"\noperation = "v2:micropya"', "did you mean v2:micropay?"),
    "an operation that nobody looks up": (
        'cause = "declined"\noperation = "trade_state"',
        "no operation of this provider's",
    ),
    "a verdict that is none": ('verdict = "captured"', "verdict: expected 'declined', 'pending' or 'unknown'"),
    "a cause that is none": ('cause = "credit_exhausted_"', "did you mean credit_exhausted?"),
    "a cause of the library's own": ('cause = "circuit_open"', "only the library itself decides that"),
    "a refusal that leaves it open": ('cause = "timeout"', "leaves open whether money moved"),
    "a word for nothing": ('verdict = "unknown"\nconfirmed_by = "x"', "confirms nothing"),
    "nothing at all": ("", "changes nothing (give it a `verdict` or a `cause`)"),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_wrong_rows(real_shop: Shop, own: Wrapped, wrong: str) -> None:
    """A row that cannot be meant is refused, with its line and what was meant."""
    entry, words = WRONG[wrong]
    shop = rows(real_shop, f'code = "RULE_LIMIT"\n{entry}')
    with pytest.raises(ConfigProblems) as caught:
        wechat(shop, own)
    assert words in "\n".join(told(caught.value))
    assert caught.value.line is not None
    assert abs(caught.value.line - shop.line_of('code = "RULE_LIMIT"')) <= 2


def test_what_says_that_money_moved_cannot_be_changed(real_shop: Shop, own: Wrapped) -> None:
    """Where WeChat Pay says "already paid", no row may say otherwise."""
    with pytest.raises(ConfigProblems, match="which no row can change"):
        wechat(rows(real_shop, f'code = "ORDERPAID"\n{CONFIRMED}'), own)


def test_what_ends_a_trade_or_does_not_know_it_stays(real_shop: Shop, own: Wrapped) -> None:
    """A row for every operation leaves alone what is proof of its own: "not found" to a query, "closed" to a close."""
    explained = 'cause = "account_frozen"\nverdict = "unknown"'
    adapter = wechat(
        rows(real_shop, *(f'code = "{code}"\n{explained}' for code in ("ORDERNOTEXIST", "ORDERCLOSED"))), own
    )
    assert answer(adapter, "ORDER_NOT_EXIST").cause is Cause.ACCOUNT_FROZEN
    assert answer(adapter, "ORDER_NOT_EXIST", Kind.QUERY).verdict is Verdict.NOT_FOUND
    assert answer(adapter, "ORDER_CLOSED", Kind.CLOSE).verdict is Verdict.CLOSED


def test_two_rows_about_one_code(real_shop: Shop) -> None:
    """Which one would hold, nobody could tell."""
    entry = 'code = "RULE_LIMIT"\ncause = "declined"'
    assert any("already" in each for each in told(rows(real_shop, entry, entry).refused()))


def test_your_own_callables_have_no_table(real_shop: Shop, own: Wrapped) -> None:
    """Their reader knows their codes."""
    with pytest.raises(ConfigProblems, match="let its reader know these codes"):
        wechat(rows(real_shop, 'code = "X"\ncause = "declined"', account="own"), own)


def test_jd_pays_refusals_are_explained_and_no_more(real_shop: Shop, own: Wrapped) -> None:
    """They are not signed: a row names the cause, and the trade is asked about all the same."""
    entry = 'code = "EEB0001"\ncause = "account_frozen"\nverdict = "declined"\nconfirmed_by = "JD, INC-7"'
    shop = rows(real_shop, entry, account="jd")
    jd = assemble(shop.load(), clock=CLOCK, wrapped={"own": own}).providers["jd"]
    assert isinstance(jd, Wire)
    body = b"<jdpay><result><code>EEB0001</code><desc>no</desc></result></jdpay>"
    asked = Operation(Kind.CHARGE, Option("baitiao"), "baitiao_code", "A101", Money(1, "CNY"), "A1")
    found = jd.read(asked, HttpResponse(status=200, body=body))
    assert (found.verdict, found.cause, found.final, found.unlisted) == (
        Verdict.UNKNOWN,
        Cause.ACCOUNT_FROZEN,
        False,
        False,
    )
