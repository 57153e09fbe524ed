"""The control server, for programs in any language, and its pages, for people."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sandbox_jd_client import JdMerchant
from sandbox_wechat_client import WeChatMerchant, state

from payfallback.testing.sandbox import Sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the control server."""
    with httpx.Client(base_url=sandbox.control_url, trust_env=False, verify=False) as client:
        yield client


def test_health_says_where_everything_is(sandbox: Sandbox, control: httpx.Client) -> None:
    """Every address, for whoever starts the sandbox as another process."""
    urls = {f"{name}_url": url for name, url in sandbox.urls.items()}
    assert control.get("/health").json() == {"ok": True, **urls, "control_url": sandbox.control_url}


def test_faults_over_http(control: httpx.Client, jd: JdMerchant) -> None:
    """POST puts a fault in force, GET lists it, DELETE lifts it."""
    given = {"provider": "jdpay", "fault": "http_503", "operation": "query", "times": 5, "after": 0, "for_seconds": 60}
    assert control.post("/faults", json=given).status_code == 200
    assert jd.query("A100101").status_code == 503
    listed = control.get("/faults").json()["faults"]
    assert [(rule["fault"], rule["operation"], rule["struck"]) for rule in listed] == [("http_503", "query", 1)]
    control.delete("/faults", params={"provider": "wechatpay"})
    assert jd.query("A100101").status_code == 503
    assert control.delete("/faults", params={"provider": "jdpay"}).json() == {"faults": []}
    assert jd.query("A100101").status_code == 200


def test_refusing_connections_over_http(control: httpx.Client, jd: JdMerchant) -> None:
    """When the control server has answered, connections are refused; when it has again, they are not."""
    control.post("/faults", json={"provider": "jdpay", "fault": "refused"})
    with pytest.raises(httpx.ConnectError):
        jd.query("A100101")
    control.delete("/faults")
    assert jd.query("A100101").status_code == 200


def test_the_shoppers_hand_and_the_books_over_http(control: httpx.Client, wechat: WeChatMerchant) -> None:
    """A program can pay or refuse as a shopper, and read every capture and request."""
    wechat.native("A100101")
    wechat.native("A100102")
    assert control.post("/pay", json={"provider": "wechatpay", "number": "A100101"}).json()["state"] == "paid"
    refused = {"provider": "wechatpay", "number": "A100102", "cause": "shopper_cancelled"}
    assert control.post("/refuse", json=refused).json()["state"] == "open"
    entries = control.get("/ledger", params={"about": "A1001"}).json()["entries"]
    assert [(entry["kind"], entry["number"], entry["amount"]) for entry in entries] == [("capture", "A100101", 599900)]
    assert control.get("/ledger", params={"about": "A1002"}).json() == {"entries": []}
    lines = control.get("/requests").json()["requests"]
    assert [(line["operation"], line["endpoint"], line["number"], line["status"]) for line in lines] == [
        ("charge", "native", "A100101", 200),
        ("charge", "native", "A100102", 200),
    ]


def test_clock_and_notifications_over_http(sandbox: Sandbox, control: httpx.Client) -> None:
    """The clock goes forward only; the way of notifying is chosen by name."""
    before = control.get("/clock").json()["now"]
    assert control.post("/clock", json={"advance": 60}).json()["now"] - before >= 60
    assert control.post("/clock", json={"advance": -1}).status_code == 400
    assert control.post("/notifications", json={"provider": "jdpay", "mode": "off"}).json() == {"sent": []}
    assert control.post("/notifications", json={"provider": "jdpay", "mode": "loud"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/faults", "not json", 400),
        ("/faults", '{"provider": "jdpay"}', 400),
        ("/faults", '{"provider": "jdpay", "fault": "slow", "times": "3"}', 400),
        ("/faults", '{"provider": "jdpay", "fault": "slow", "times": true}', 400),
        ("/faults", '{"provider": "jdpay", "fault": "slow", "colour": "red"}', 400),
        ("/faults", '{"provider": "nobody", "fault": "slow"}', 400),
        ("/pay", '{"provider": "jdpay", "number": "X1"}', 404),
        ("/pay", '{"provider": "nobody", "number": "X1"}', 400),
        ("/clock", "[]", 400),
    ],
)
def test_bad_input_is_answered_with_what_is_wrong(control: httpx.Client, path: str, body: str, status: int) -> None:
    """Never a stack trace: a sentence that says what to send."""
    response = control.post(path, content=body)
    assert response.status_code == status
    assert len(response.json()["error"]) > 10


def test_only_this_machines_names_are_answered(control: httpx.Client) -> None:
    """A page of another site cannot reach the control server under a name of its own."""
    assert control.get("/health", headers={"host": "evil.example"}).status_code == 400


def test_the_page_of_books_shows_who_was_charged_twice(sandbox: Sandbox, control: httpx.Client, jd: JdMerchant) -> None:
    """One row a number, in Chinese or English, with what was taken, what went back, and a mark for a second capture."""
    assert "还没有交易" in control.get("/").text
    sandbox.fault("jdpay", "key_ignored")
    jd.code("A100101", note="A-1001")
    jd.code("A100101", note="A-1001")
    jd.refund("A100101", 100)
    chinese, english = control.get("/").text, control.get("/", params={"lang": "en"}).text
    for page in (chinese, english):
        assert page.count("A100101</a>") == 1
        assert all(text in page for text in ("A-1001", "¥11,998.00", "¥1.00", "¥11,997.00", "×2"))
    assert "京东支付" in chinese
    assert "captured more than once" in control.get("/", headers={"accept-language": "en-GB,en"}).text


def test_a_shopper_pays_on_the_cashier_page(sandbox: Sandbox, control: httpx.Client, wechat: WeChatMerchant) -> None:
    """The page shows the order and its amount; the button pays it; then there is nothing left to press."""
    wechat.native("A100101")
    page = control.get("/pay/A100101").text
    assert all(text in page for text in ("A100101", "¥5,999.00", "耳机", "待支付", 'value="pay"', 'value="refuse"'))
    after = control.post("/pay/A100101?lang=en", data={"do": "pay"}, follow_redirects=True).text
    assert "paid" in after
    assert 'value="pay"' not in after
    assert state(wechat.query("A100101")) == "SUCCESS"
    control.post("/pay/A100101", data={"do": "pay"})
    assert len(sandbox.captures()) == 1


def test_a_shopper_refuses_on_the_cashier_page(sandbox: Sandbox, control: httpx.Client, jd: JdMerchant) -> None:
    """A refusal for a cause ends JD's trade, and the page says why."""
    jd.qr("A100101", installmentNum=12)
    assert "12 期" in control.get("/pay/A100101").text
    form = {"do": "refuse", "cause": "credit_exhausted"}
    assert "额度不足" in control.post("/pay/A100101", data=form, follow_redirects=True).text
    assert jd.read(jd.query("A100101").content)["status"] == "3"


def test_a_number_that_both_providers_know(
    sandbox: Sandbox, control: httpx.Client, jd: JdMerchant, wechat: WeChatMerchant
) -> None:
    """The address of a page names its provider, so that the same number at another is not paid in its place."""
    jd.qr("A100101")
    wechat.native("A100101")
    control.post("/pay/A100101?provider=wechatpay", data={"do": "pay"})
    assert [entry.provider for entry in sandbox.captures()] == ["wechatpay"]
    assert control.get("/pay/A100109").status_code == 404


def test_the_page_leads_back_to_the_shop(control: httpx.Client, wechat: WeChatMerchant) -> None:
    """What a shop adds to h5_url as redirect_url is offered as a link, if it is a web address."""
    page = wechat.prepay("h5", "A100101").json()["h5_url"]
    assert 'href="http://127.0.0.1:9/back"' in control.get(f"{page}&redirect_url=http://127.0.0.1:9/back").text
    assert "javascript:" not in control.get(f"{page}&redirect_url=javascript:alert(1)").text


def test_what_a_merchant_sends_is_text_on_the_page(control: httpx.Client, wechat: WeChatMerchant) -> None:
    """Titles and orders are shown, not run."""
    wechat.native("A100101", description="<script>alert(1)</script>", attach='"><img src=x>')
    for path in ("/", "/pay/A100101"):
        page = control.get(path).text
        assert "<script>" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page
