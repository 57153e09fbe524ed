"""What the starter configuration says of each provider: its account, its channels, and its steps in the routes.

The file names are those under which the sandbox keeps its test keys. `%(url)s` is the provider's address in the
sandbox, `%(keys)s` the folder of its keys, `%(notify)s` where the shop takes notifications.
"""

from __future__ import annotations

from payfallback._values import value


@value(kw_only=True)
class Part:
    """One provider. The steps are option ids: in a store, for instalments, in full on the web, in other currencies.

    asks: steps that are always asked for, whatever was ticked. told_once: the channel in the address at which the shop
    is notified, for a provider that is told it once and not with each request.
    """

    account: str
    channels: str
    store: tuple[str, ...] = ()
    instalments: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    abroad: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    told_once: str = ""


_JDPAY = Part(
    account="""\
[accounts.jd]
provider = "jdpay"
environment = "sandbox" # for JD itself, leave this line out: evidence of one environment proves nothing in another
base_url = "%(url)s" # and this one
merchant = "${file:%(keys)s/jdpay_merchant.txt}"
notify_url = "%(notify)s"
sign = [{ id = "2026", key = "${file:%(keys)s/jdpay_private_key.pem}" }] # the first signs
verify = [{ id = "2026", key = "${file:%(keys)s/jdpay_provider_public_key.pem}" }] # all verify
secret = "${file:%(keys)s/jdpay_secret.txt}"
""",
    channels="""\
[channels.baitiao]      # JD Baitiao on JD's own cashier page
account = "jd"
product = "baitiao"
terms = [12, 6, "full"]
timeout = "3s"
label = { "zh-CN" = "京东白条", en = "JD Baitiao" }

[channels.baitiao_code] # the shopper's payment code, in a store; in full only
account = "jd"
product = "baitiao_code"
timeout = "3s"
label = { "zh-CN" = "京东白条（付款码）", en = "JD Baitiao, payment code" }
""",
    store=("baitiao_code",),
    instalments=("baitiao/12", "baitiao/6"),
    full=("baitiao/full",),
    asks=("baitiao/full",),
)

_WECHATPAY = Part(
    account="""\
[accounts.wechat]
provider = "wechatpay"
environment = "sandbox"
base_url = "%(url)s"
merchant = "${file:%(keys)s/wechatpay_mchid.txt}"
app = "${file:%(keys)s/wechatpay_appid.txt}"
notify_url = "%(notify)s"
sign = [{ id = "${file:%(keys)s/wechatpay_serial.txt}", key = "${file:%(keys)s/wechatpay_private_key.pem}" }]
secret = "${file:%(keys)s/wechatpay_apiv3_key.txt}"
options = { device_ip = "127.0.0.1" } # the till's address, which payment codes need

[[accounts.wechat.verify]]
id = "${file:%(keys)s/wechatpay_platform_public_key_id.txt}"
key = "${file:%(keys)s/wechatpay_platform_public_key.pem}"
""",
    channels="""\
[channels.wechat]       # a QR code on the page
account = "wechat"
product = "native"
timeout = "3s"
expiry = "2m"           # how long the QR code can be paid
label = { "zh-CN" = "微信支付", en = "WeChat Pay" }

[channels.wechat_code]
account = "wechat"
product = "codepay"
timeout = "3s"
label = { "zh-CN" = "微信支付（付款码）", en = "WeChat Pay, payment code" }
""",
    store=("wechat_code",),
    full=("wechat",),
)

_ALIPAY = Part(
    account="""\
[accounts.ali]
provider = "alipay"
environment = "sandbox"
base_url = "%(url)s"
merchant = "${file:%(keys)s/alipay_seller_id.txt}"
app = "${file:%(keys)s/alipay_app_id.txt}"
notify_url = "%(notify)s"
sign = [{ id = "2026", key = "${file:%(keys)s/alipay_app_private_key.pem}" }]
verify = [{ id = "alipay", key = "${file:%(keys)s/alipay_public_key.pem}" }]
""",
    channels="""\
[channels.huabei]       # Huabei instalments, from a QR code
account = "ali"
product = "huabei_qr"
terms = [12, 6, 3]
timeout = "3s"
expiry = "2m"
label = { "zh-CN" = "花呗分期", en = "Huabei" }

[channels.alipay]       # on Alipay's page
account = "ali"
product = "page"
timeout = "3s"
expiry = "15m"
label = { "zh-CN" = "支付宝", en = "Alipay" }

[channels.alipay_code]
account = "ali"
product = "code"
timeout = "3s"
label = { "zh-CN" = "支付宝（付款码）", en = "Alipay, payment code" }
""",
    store=("alipay_code",),
    instalments=("huabei/12", "huabei/6"),
    full=("alipay",),
)

_STRIPE = Part(
    account="""\
[accounts.stripe]
provider = "stripe"
environment = "sandbox"
base_url = "%(url)s"
merchant = "${file:%(keys)s/stripe_account.txt}"
notify_url = "%(notify)s" # Stripe is told it as the address of a webhook endpoint
secrets = ["${file:%(keys)s/stripe_secret_key.txt}", "${file:%(keys)s/stripe_webhook_secret.txt}"]
""",
    channels="""\
[channels.card]         # needs inputs["payment_method"], and a page to come back to
account = "stripe"
product = "card"
timeout = "3s"
label = { "zh-CN" = "银行卡", en = "Card" }
""",
    full=("card",),
    abroad=("card",),
    asks=("card",),
    told_once="card",
)

_UNIONPAY = Part(
    account="""\
[accounts.unionpay]
provider = "unionpay"
environment = "sandbox"
base_url = "%(url)s"
merchant = "${file:%(keys)s/unionpay_merchant.txt}"
notify_url = "%(notify)s"
sign = [{ id = "${file:%(keys)s/unionpay_cert_id.txt}", key = "${file:%(keys)s/unionpay_private_key.pem}" }]

[[accounts.unionpay.verify]] # the authorities that issue UnionPay's certificate
id = "root"
key = "${file:%(keys)s/unionpay_root_certificate.pem}"

[[accounts.unionpay.verify]]
id = "middle"
key = "${file:%(keys)s/unionpay_middle_certificate.pem}"
""",
    channels="""\
[channels.unionpay]     # on UnionPay's page, which cannot be closed once it is shown
account = "unionpay"
product = "front"
timeout = "3s"
expiry = "15m"
label = { "zh-CN" = "云闪付", en = "UnionPay" }

[channels.unionpay_code]
account = "unionpay"
product = "code"
timeout = "3s"
label = { "zh-CN" = "云闪付（付款码）", en = "UnionPay, payment code" }
""",
    store=("unionpay_code",),
    full=("unionpay",),
)

_AGGREGATE = Part(
    account="""\
[accounts.jd_aggregate]
provider = "jdpay_aggregate"
environment = "sandbox"
base_url = "%(url)s"
merchant = "${file:%(keys)s/jdpay_aggregate_merchant.txt}"
app = "${file:%(keys)s/jdpay_aggregate_system.txt}"
notify_url = "%(notify)s"
secret = "${file:%(keys)s/jdpay_aggregate_secret.txt}"
options = { md5_key = "${file:%(keys)s/jdpay_aggregate_md5_key.txt}", device_ip = "127.0.0.1" }
""",
    channels="""\
[channels.jd_aggregate] # WeChat Pay's codes by way of JD; last, because it cannot be closed
account = "jd_aggregate"
product = "wechat_code"
timeout = "3s"
label = { "zh-CN" = "京东聚合（付款码）", en = "JD aggregate, payment code" }
""",
    store=("jd_aggregate",),
)

# in the order in which routes try them
PARTS: dict[str, Part] = {
    "jdpay": _JDPAY,
    "alipay": _ALIPAY,
    "wechatpay": _WECHATPAY,
    "stripe": _STRIPE,
    "unionpay": _UNIONPAY,
    "jdpay_aggregate": _AGGREGATE,
}
