import json

import pytest

from concierge.client import address
from concierge.client.address import Refused
from concierge.errors import UserError


@pytest.mark.parametrize(
    "url",
    [
        "http://shop:8080",
        "http://shop:8080/",
        "http://shop:8080/v1",
        "http://shop:8080/v1/",
        "ws://shop:8080",
        "shop:8080",
    ],
)
def test_a_server_goes_by_many_names(url: str) -> None:
    assert address.http(url, "/v1/models") == "http://shop:8080/v1/models"
    assert address.realtime(url) == "ws://shop:8080/v1/realtime"


def test_tls_and_a_path_are_kept() -> None:
    assert address.http("https://house.example/ai/v1", "/v1/models") == "https://house.example/ai/v1/models"
    assert (
        address.realtime("https://house.example", "sess_1")
        == "wss://house.example/v1/realtime?session_id=sess_1"
    )


@pytest.mark.parametrize("url", ["http://", "ftp://shop", "unix:///tmp/socket", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UserError, match="is not a server's address"):
        address.http(url, "/")


def test_a_refusal_is_told_in_the_servers_words() -> None:
    body = json.dumps({"error": {"message": "Incorrect API key provided."}}).encode()
    refusal = Refused.by_http("http://shop", 401, body)
    assert (
        str(refusal)
        == "http://shop refuses: Incorrect API key provided. Give a key with --key or CONCIERGE_API_KEY."
    )
    assert not refusal.temporary


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "no"}', b"null"])
def test_a_refusal_without_words(body: bytes) -> None:
    refusal = Refused.by_http("http://shop", 503, body)
    assert "HTTP 503" in str(refusal)
    assert refusal.temporary
