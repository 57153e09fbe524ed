"""What WeChat Pay APIv3 can do, product by product, with where each value is said.

pay.weixin.qq.com: /doc/v3/merchant/4012525167 and 4012525171 (prepay), 4012382150 (payment code), /doc/v2/merchant/
4011937125 (payment code, timings). wechatpay-apiv3/wechatpay-skills: WeChat Pay's own list of questions and answers.
"""

from __future__ import annotations

from payfallback._values import changed
from payfallback.errors import ConfigError
from payfallback.policy import Capabilities

DAY = 86400.0

_REFUND_READ = "trade_state REFUND stands for a refund of any part; it is read as the trade's money gone back"

_PREPAY = Capabilities(
    starts="shopper",  # the charge only returns a link or a prepay id; nothing moves before the shopper pays with it
    query_after=5.0,  # 4011937125: wait 5 s after a system error; also taken after a silence
    query_every=3.0,  # [I]
    close=True,
    close_after=0.0,  # 4012525171 names no earliest time
    close_advised_after=300.0,  # older and global documentation: no sooner than 5 minutes after creation
    close_names_trade=False,  # 204 without a body, whatever it did
    resend=60.0,  # 4012525171: the same request again until time_expire, and a time_expire is at least a minute off
    expiry=True,  # time_expire
    expiry_min=60.0,  # 4012525171: an earlier one is moved to a minute after the order
    expiry_default=120.0,  # [I] design §7: 60-120 s for a first attempt
    not_found_after=None,  # 4012525171: what arrives after its time_expire is given another minute, not refused
    refund_until=365 * DAY,  # wechatpay-skills: one year, not to be prolonged
    leaves=False,  # design §7: what is shown is offered to leave, not left by itself
    settle=75.0,  # design §7: close, then a query says CLOSED, 4-75 s
    number="[0-9A-Za-z_*|-]{6,32}",  # 4012791877
    assumptions=(
        "asked every 3 s while it is shown",
        "after time_expire the trade still reads NOTPAY: it is closed, and a query has to show CLOSED",
        _REFUND_READ,
    ),
)

_CODEPAY = Capabilities(
    starts="server",
    query_after=5.0,  # 4011937125: wait 5 s, then query
    query_every=5.0,  # wechatpay-skills: every 5 s (4011937125: about every 10 s)
    close=True,  # reverse; a plain close is refused (wechatpay-skills, 268449641)
    close_after=15.0,  # 4011937125: no reverse before 15 s
    close_names_trade=False,  # it answers appid, mchid and out_trade_no, and not what it did
    close_refunds=True,  # 4011937125: a paid trade is refunded
    close_until=7 * DAY,  # global documentation of reverse: within 7 days
    resend=None,  # 4011937125: after a system error ask, do not send again
    expiry=True,  # the payment code's own life stands for it: codepay takes no time_expire
    expiry_min=60.0,  # wechatpay-skills: a payment code is renewed every minute
    expiry_default=60.0,
    not_found_after=15.0,  # [I] with the code's 60 s: 75 s, design §7
    lives=60.0,  # design §7
    refund_until=365 * DAY,
    settle=75.0,  # design §7: 17, 50 or 75 s
    number="[0-9A-Za-z_*-]{6,32}",  # 4012382150: no |
    inputs=("code",),
    assumptions=(
        "a payment code is refused 60 s after the charge was built (it is renewed every minute), which stands for an "
        "absolute expiry; not found 15 s later is final",
        "no table of v3 codes for codepay was found: the v2 table of payment codes is read in its place, without "
        "regard to underscores",
        _REFUND_READ,
    ),
)

_PRODUCTS = {
    "native": _PREPAY,
    "h5": _PREPAY,
    "jsapi": changed(_PREPAY, inputs=("openid",)),
    "app": _PREPAY,
    "codepay": _CODEPAY,
}


def capabilities(product: str) -> Capabilities:
    """Of one product. Raises `ConfigError` for one that this adapter does not have."""
    found = _PRODUCTS.get(product)
    if found is None:
        raise ConfigError(f"wechatpay has no product {product!r}", hint=f"one of {', '.join(_PRODUCTS)}")
    return found
