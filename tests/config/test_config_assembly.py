"""Settings become providers, capabilities and a policy that is safe, or an error with the line to mend."""

from __future__ import annotations

from typing import Any

import pytest
from config_keys import key_pair
from config_shop import Shop, told

from payfallback._assemble import Assembled, assemble
from payfallback._assemble.accounts import SHIPPED
from payfallback._clock import SystemClock
from payfallback._config_checks import PROVIDERS
from payfallback.config import ConfigProblems
from payfallback.errors import ConfigError
from payfallback.providers.wrap import Wrapped, wrap

CLOCK = SystemClock()


def assembled(shop: Shop, **wrapped: Any) -> Assembled:
    """What a client would run on."""
    return assemble(shop.load(), clock=CLOCK, wrapped=wrapped)


def refused(shop: Shop, **wrapped: Any) -> ConfigProblems:
    """What a client would be refused with."""
    with pytest.raises(ConfigProblems) as caught:
        assembled(shop, **wrapped)
    return caught.value


def test_a_client_gets_a_provider_for_each_channel(real_shop: Shop, own: Wrapped) -> None:
    """Every channel has the provider of its account; two channels of one account share it."""
    made = assembled(real_shop, own=own)
    assert made.channels["huabei"] is made.channels["card"] is made.providers["own"] is own
    assert made.channels["baitiao"].account.id == "jdpay/110224535//production"
    assert made.policy.channels["wechat"].account.id == "wechatpay/1900000109/wxd678efh567hjk6h/sandbox"
    assert made.journal_url == real_shop.environ["PAYFALLBACK_JOURNAL"]


def test_channels_carry_what_their_product_can_do(real_shop: Shop, own: Wrapped) -> None:
    """Capabilities come from the adapter; what the file says of times and limits comes from the file."""
    channels = assembled(real_shop, own=own).policy.channels
    assert channels["wechat"].capabilities.starts == "shopper"
    assert channels["wechat"].capabilities.query_after == 5.0
    assert (channels["wechat"].timeout, channels["wechat"].expiry) == (2.5, 120.0)
    assert channels["huabei"].capabilities.close
    assert channels["card"].last


def test_a_wrapped_channel_keeps_its_own_account_and_timeout(real_shop: Shop, own: Wrapped) -> None:
    """A wrapped provider says itself whom it pays, and its timeout holds where the file says none."""
    card = assembled(real_shop, own=own).policy.channels["card"]
    assert card.account.id == "bank/acct_1//production"
    assert card.account.name == "own"
    assert card.timeout == 2.0
    real_shop.replace("[channels.card]", '[channels.card]\ntimeout = "7s"')
    assert assembled(real_shop, own=own).policy.channels["card"].timeout == 7.0


def test_waits_become_a_tenacity_strategy(real_shop: Shop, own: Wrapped) -> None:
    """`first_wait` and `longest_wait` shape a random exponential wait; without them the library's own holds."""
    channels = assembled(real_shop, own=own).policy.channels
    wait: Any = channels["wechat"].retry.wait
    assert (wait.multiplier, wait.max) == (0.1, 2.0)
    assert channels["card"].retry.wait is None


def test_the_whole_policy_is_filled_in(real_shop: Shop, own: Wrapped) -> None:
    """Autonomy, share and times reach the policy that decides."""
    real_shop.replace('autonomy = "switch"', 'autonomy = "offer"\nshare = 0.5')
    policy = assembled(real_shop, own=own).policy
    assert (policy.autonomy, policy.share, policy.within, policy.pay_by) == ("offer", 0.5, 5.0, 1800.0)
    assert [route.name for route in policy.routes] == ["credit-first", "small", "the rest"]


def test_callables_that_were_not_handed_in_are_named(real_shop: Shop) -> None:
    """A channel whose callables are missing says how to hand them in."""
    said = told(refused(real_shop))
    assert any("channel 'card' is wrapped by your own code" in each and 'wrapped={"own"' in each for each in said)


def test_callables_for_nobody_are_named(real_shop: Shop, own: Wrapped) -> None:
    """Callables under a name that the file does not have are a mistake, with a near match."""
    assert any("no account 'owm'" in each and "did you mean own?" in each for each in told(refused(real_shop, owm=own)))


def test_callables_of_another_merchant_are_refused(real_shop: Shop) -> None:
    """The file and the code must name one merchant, or evidence would be held against the wrong account."""
    other = wrap(lambda attempt: None, reads=lambda attempt, result: None, account="bank/acct_2", last=True)
    error = refused(real_shop, own=other)
    assert "is 'acct_1' in the file and 'acct_2' in your code" in str(error)
    assert error.line == real_shop.line_of('merchant = "acct_1"')


def test_an_unknown_product_is_refused_with_a_near_match(real_shop: Shop, own: Wrapped) -> None:
    """A product that the provider does not have names the one that was meant."""
    error = refused(real_shop.replace('product = "baitiao"', 'product = "baitaio"'), own=own)
    assert "has no product 'baitaio' (did you mean baitiao?)" in str(error)
    assert error.line == real_shop.line_of('product = "baitaio"')


def test_terms_that_a_product_cannot_be_asked_for_are_refused(real_shop: Shop, own: Wrapped) -> None:
    """A payment code carries no number of instalments, so a channel of it cannot offer any."""
    error = refused(real_shop.replace('product = "baitiao"', 'product = "baitiao_code"'), own=own)
    assert "product 'baitiao_code' cannot be asked for 'baitiao/12'" in str(error)
    assert error.line == real_shop.line_of("terms   =")


@pytest.mark.parametrize(
    ("name", "text"),
    [("jd_2026", "no pem"), ("jd_2026", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")],
    ids=["not PEM", "not a key"],
)
def test_a_key_that_cannot_be_read_is_found_before_the_first_payment(
    real_shop: Shop, own: Wrapped, name: str, text: str
) -> None:
    """A bad key stops the start, names its account and shows nothing of itself."""
    real_shop.secret(f"{name}.pem", text)
    error = refused(real_shop, own=own)
    assert "accounts.jd: key '2026' is not" in str(error)
    assert error.line == real_shop.line_of("[accounts.jd]")
    assert "AAAA" not in str(error)


def test_a_key_of_the_wrong_kind_is_refused(real_shop: Shop, own: Wrapped) -> None:
    """Public where private belongs is a mistake that is found at the start."""
    real_shop.secret("jd_2026.pem", key_pair()[1])
    assert "is not a readable RSA private key" in str(refused(real_shop, own=own))


def test_an_unknown_option_of_a_provider_is_refused(real_shop: Shop, own: Wrapped) -> None:
    """An option that the provider does not know is no silent nothing."""
    real_shop.replace("store_out_id", "store_outid")
    assert "store_outid" in str(refused(real_shop, own=own))


def test_a_number_that_never_fits_is_refused(real_shop: Shop, own: Wrapped) -> None:
    """A template whose numbers the provider would refuse for every order is refused beforehand."""
    real_shop.replace('"{order}{seq:02}"', '"{order}-{seq:02}"')
    error = refused(real_shop, own=own)
    assert "never fits this product's numbers" in str(error)
    assert error.line == real_shop.line_of('"{order}-{seq:02}"')


def test_an_expiry_below_the_products_is_refused(real_shop: Shop, own: Wrapped) -> None:
    """A provider that would prolong a short expiry by itself must not be given one."""
    error = refused(real_shop.replace('expiry = "2m"', 'expiry = "10s"'), own=own)
    assert "takes no expiry below 60 seconds" in str(error)


def test_a_route_that_could_only_wait_is_refused(real_shop: Shop) -> None:
    """A channel that nothing can prove dead may not stand before another one; the three ways out are named."""
    blind = wrap(lambda attempt: None, query=lambda a: None, reads=lambda attempt, result: None, account="bank/acct_1")
    real_shop.replace('order = ["wechat", "card"]', 'order = ["huabei/12", "wechat"]')
    error = refused(real_shop, own=blind)
    assert error.line == real_shop.line_of('"huabei/12", "wechat", "card"]')
    assert error.hint.count("`") == 6
    assert all(way in error.hint for way in ("`close`", "put it last", "`expiry`"))


def test_the_same_channel_put_last_is_accepted(real_shop: Shop) -> None:
    """Declared to be last, a channel that cannot be left may stand anywhere: nothing is tried after it by itself."""
    blind = wrap(
        lambda attempt: None, query=lambda a: None, reads=lambda attempt, result: None, account="bank/acct_1", last=True
    )
    assert assembled(real_shop, own=blind).policy.channels["huabei"].last


def test_everything_wrong_is_told_at_once_here_too(real_shop: Shop) -> None:
    """Missing callables, a wrong product and a bad key come as one error, in the order of the file."""
    real_shop.secret("jd_2026.pem", "no pem")
    real_shop.replace('product = "native"', 'product = "nativ"')
    problems = refused(real_shop).problems
    assert len(problems) == 4
    assert [problem.line for problem in problems] == sorted(problem.line or 0 for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('timeout = "2500ms"', 'timeout = "9s"', "one silent call takes the whole time of `pay` (5 s)"),
        ('expiry = "2m"', 'expiry = "2h"', "is longer than defaults.pay_by"),
        ("[channels.card]", '[channels.card]\nexpiry = "1m"', "takes no expiry, so it is not sent"),
        ("[channels.card]", '[channels.spare]\naccount = "own"\n[channels.card]', "no route leads to this channel"),
        ('notify_url = "https://shop.example/notify/{channel}"\nsign   =', "sign   =", "only known by asking"),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(real_shop: Shop, own: Wrapped, old: str, new: str, said: str) -> None:
    """What works and looks like a mistake is said with its line, and stops nothing."""
    warnings = assembled(real_shop.replace(old, new), own=own).warnings
    assert [said in str(warning) for warning in warnings] == [True]
    assert warnings[0].line


def test_a_relative_journal_lies_beside_the_file(real_shop: Shop, own: Wrapped) -> None:
    """Processes that were started in different directories keep one journal."""
    real_shop.environ["PAYFALLBACK_JOURNAL"] = "sqlite:///data/payments.db?host=shop"
    assert assembled(real_shop, own=own).journal_url == f"sqlite:///{real_shop.folder}/data/payments.db?host=shop"


def test_every_provider_that_a_file_may_name_can_be_built() -> None:
    """The names that are accepted, and those that are suggested, are the providers there are."""
    assert {*SHIPPED, "wrap"} == set(PROVIDERS)


def test_configuration_errors_are_one_kind(real_shop: Shop) -> None:
    """Whoever catches `ConfigError` catches what assembling refuses too."""
    with pytest.raises(ConfigError):
        assembled(real_shop)
