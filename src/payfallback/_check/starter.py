"""The configuration that `payfallback init` writes: both shipped providers, against the local sandbox."""

from __future__ import annotations

from collections.abc import Mapping

_SECRETS = (
    *("jdpay_merchant.txt", "jdpay_private_key.pem", "jdpay_provider_public_key.pem", "jdpay_secret.txt"),
    *("wechatpay_mchid.txt", "wechatpay_appid.txt", "wechatpay_serial.txt", "wechatpay_private_key.pem"),
    *("wechatpay_platform_public_key_id.txt", "wechatpay_platform_public_key.pem", "wechatpay_apiv3_key.txt"),
)

_STARTER = """\
# A payfallback configuration for the local sandbox (`payfallback sandbox`). No real money moves.
# Look at it with `payfallback check` and `payfallback explain --amount 5999.00 --choice baitiao/12`.
version = 1

# How far it goes by itself: observe -> retry -> offer -> switch. Beside code that takes payments today, begin with
# "observe": it charges once, on the chosen channel, and records what it would have done.
autonomy = "switch"

[defaults]
within = "5s"           # `pay` answers within this time; what is open then is Pending, and `recover` finishes it
pay_by = "30m"          # after this no charge starts: what is open is closed, and a later capture is refunded
max_in_flight = 40      # calls per channel and process; above it the channel is passed over

[journal]
url = "{journal}" # beside this file; written before anything is sent
{seal}
# ---------------------------------------------------------------- who is paid

[accounts.jd]
provider = "jdpay"
environment = "sandbox" # for JD itself, leave this line out: evidence of one environment proves nothing in another
base_url = "{jdpay}" # and this one
merchant = "${{file:{jdpay_merchant}}}"
notify_url = "{notify}"
sign = [{{ id = "2026", key = "${{file:{jdpay_private_key}}}" }}] # the first signs
verify = [{{ id = "2026", key = "${{file:{jdpay_provider_public_key}}}" }}] # all verify
secret = "${{file:{jdpay_secret}}}"

[accounts.wechat]
provider = "wechatpay"
environment = "sandbox"
base_url = "{wechatpay}"
merchant = "${{file:{wechatpay_mchid}}}"
app = "${{file:{wechatpay_appid}}}"
notify_url = "{notify}"
sign = [{{ id = "${{file:{wechatpay_serial}}}", key = "${{file:{wechatpay_private_key}}}" }}]
verify = [{{ id = "${{file:{wechatpay_platform_public_key_id}}}", key = "${{file:{wechatpay_platform_public_key}}}" }}]
secret = "${{file:{wechatpay_apiv3_key}}}"
options = {{ device_ip = "127.0.0.1" }} # the till's address, which payment codes need

# ---------------------------------------------------------------- ways to pay

[channels.baitiao]      # JD Baitiao on JD's own cashier page
account = "jd"
product = "baitiao"
terms = [12, 6, "full"]
timeout = "3s"
label = {{ "zh-CN" = "京东白条", en = "JD Baitiao" }}

[channels.baitiao_code] # the shopper's payment code, in a store; in full only
account = "jd"
product = "baitiao_code"
timeout = "3s"
label = {{ "zh-CN" = "京东白条（付款码）", en = "JD Baitiao, payment code" }}

[channels.wechat]       # a QR code on the page
account = "wechat"
product = "native"
timeout = "3s"
expiry = "2m"           # how long the QR code can be paid
label = {{ "zh-CN" = "微信支付", en = "WeChat Pay" }}

[channels.wechat_code]
account = "wechat"
product = "codepay"
timeout = "3s"
label = {{ "zh-CN" = "微信支付（付款码）", en = "WeChat Pay, payment code" }}

# ---------------------------------------------------------------- in which order: the first route that matches

[[routes]]
name = "store"
when = {{ attributes = {{ place = "store" }} }}
order = ["baitiao_code", "wechat_code"]

[[routes]]
name = "instalments"
when = {{ currency = "CNY", amount = {{ from = "100.00", to = "50000.00" }} }}
order = ["baitiao/12", "baitiao/6", "baitiao/full", "wechat"]
always_ask = ["baitiao/full"]   # nobody who agreed to instalments is charged in full by itself

[[routes]]                      # every other order
name = "the rest"
order = ["wechat", "baitiao/full"]
"""


def starter_config(
    sandbox_urls: Mapping[str, str],
    credential_folder: str = "sandbox-keys",
    *,
    notify_url: str = "http://127.0.0.1:8000/notify/{channel}",
    journal_url: str = "sqlite:///payments.db",
    seal: str = "",
) -> str:
    """The text of a configuration against a sandbox.

    sandbox_urls: the addresses of `jdpay` and `wechatpay`. credential_folder: where the sandbox keeps its test keys
    (its `key_dir`), relative to the configuration. seal: a reference such as ${file:seal.key}, or nothing.
    """
    names = {file.partition(".")[0]: f"{credential_folder}/{file}" for file in _SECRETS}
    return _STARTER.format(
        jdpay=sandbox_urls["jdpay"],
        wechatpay=sandbox_urls["wechatpay"],
        notify=notify_url,
        journal=journal_url,
        seal=f'seal = "{seal}"\n' if seal else "",
        **names,
    )
