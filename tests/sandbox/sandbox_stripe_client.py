"""A merchant of the sandbox's Stripe: httpx, forms and a key, without the library's adapter."""

from __future__ import annotations

from typing import Any

import httpx

from payfallback.testing.sandbox import Credentials


class StripeMerchant:
    """The account whose keys are given; a context manager. Amounts are in Stripe's units, the currency is USD."""

    def __init__(self, url: str, keys: Credentials, timeout: float = 5.0) -> None:
        self.keys = keys
        self.http = httpx.Client(base_url=url, auth=(keys["secret_key"], ""), timeout=timeout, trust_env=False)

    def __enter__(self) -> StripeMerchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, key: str = "", **form: Any) -> httpx.Response:
        """One request; `metadata_x` is written `metadata[x]`."""
        fields = {
            name.replace("metadata_", "metadata[") + ("]" if "metadata_" in name else ""): text
            for name, text in form.items()
        }
        headers = {"idempotency-key": key} if key else {}
        return self.http.post(f"/v1/{path}", data=fields, headers=headers)

    def create(self, number: str, amount: int = 1250, *, key: str = "", **more: Any) -> httpx.Response:
        """An intent with our number in it; with a card that pays unless `payment_method` says otherwise."""
        given = {"currency": "usd", "payment_method": "pm_card_visa", "metadata_order": number[:-2], **more}
        given = {name: text for name, text in given.items() if text is not None}
        return self.post("payment_intents", key, amount=amount, metadata_attempt=number, **given)

    def made(self, number: str, **more: Any) -> str:
        """The id of a new intent."""
        return str(self.create(number, **more).json()["id"])

    def confirm(self, intent: str, key: str = "", **more: Any) -> httpx.Response:
        """Pay."""
        return self.post(f"payment_intents/{intent}/confirm", key, **more)

    def paid(self, number: str, **more: Any) -> str:
        """The id of a new intent that was paid."""
        intent = self.made(number, **more)
        assert self.confirm(intent).json()["status"] == "succeeded"
        return intent

    def cancel(self, intent: str) -> httpx.Response:
        """Let it go."""
        return self.post(f"payment_intents/{intent}/cancel")

    def capture(self, intent: str, **more: Any) -> httpx.Response:
        """Take what is set aside."""
        return self.post(f"payment_intents/{intent}/capture", **more)

    def query(self, intent: str) -> httpx.Response:
        """With its charge."""
        return self.http.get(f"/v1/payment_intents/{intent}", params={"expand[]": "latest_charge"})

    def search(self, number: str) -> list[str]:
        """The ids of the intents with our number."""
        found = self.http.get("/v1/payment_intents/search", params={"query": f"metadata['attempt']:'{number}'"})
        return [each["id"] for each in found.json()["data"]]

    def refund(self, intent: str, key: str = "", **more: Any) -> httpx.Response:
        """Give back all that is left, or `amount`."""
        return self.post("refunds", key, payment_intent=intent, **more)

    def refunds(self, intent: str) -> list[dict[str, Any]]:
        """What went back of an intent."""
        return list(self.http.get("/v1/refunds", params={"payment_intent": intent}).json()["data"])
