"""The shopper's page as it is served."""

import httpx

from concierge.access import COOKIE
from tests.servers import Server

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' https: data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def test_every_answer_has_the_strict_policy(server: Server) -> None:
    for path in ("/", "/main.js", "/v1/house", "/nowhere", "/healthz", "/v1/models"):
        headers = server.get(path).headers
        directives = dict(
            part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
        )
        assert directives == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert "server" not in headers


def test_the_cookie_is_the_browsers_alone(server: Server) -> None:
    cookie = server.get("/").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie, "this connection is not encrypted"
    secure = httpx.get(server.url, headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert "Secure" in secure
    value = cookie.split("=")[1].split(";")[0]
    assert len(value) >= 43
    assert server.get("/").headers["set-cookie"] != cookie
    assert "set-cookie" not in server.get("/", cookies={COOKIE: value}).headers


def test_files_are_revalidated(server: Server) -> None:
    first = server.get("/main.js")
    assert first.headers["cache-control"] == "no-cache"
    again = server.get("/main.js", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_only_the_pages_own_files(server: Server) -> None:
    for path in (
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/..%2fpyproject.toml",
        "/images/../voice.md",
    ):
        assert httpx.get(httpx.URL(server.url).copy_with(raw_path=path.encode())).status_code == 404


def test_house_and_products(server: Server) -> None:
    house = server.get("/v1/house").json()
    assert house.keys() == {"name", "tagline", "currency", "locale", "greeting", "suggestions"}
    assert house["name"]
    assert len(house["suggestions"]) == 4
    missing = server.get("/v1/products/no-such-piece")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "product_not_found")
    assert server.get("/v1/products?ids=none").json() == {"products": []}
    assert server.get("/v1/products?ids=" + "x," * 200).status_code == 400
