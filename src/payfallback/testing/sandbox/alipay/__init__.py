"""Alipay's OpenAPI, v3 and the v2 gateway, as its servers behave."""
