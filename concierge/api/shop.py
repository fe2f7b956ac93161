"""GET /v1/house and /v1/products: what the shopper's page shows of the house."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from concierge.access import Refusal
from concierge.rooms import rooms_of

MAX_IDS = 100


async def house(request: Request) -> Response:
    house = rooms_of(request).house
    return JSONResponse(
        {
            "name": house.name,
            "tagline": house.tagline,
            "currency": house.currency,
            "locale": house.locale,
            "greeting": house.greeting,
            "suggestions": house.suggestions,
        }
    )


async def products(request: Request) -> Response:
    """The cards of `ids`, comma-separated, as far as the catalog still has them."""
    ids = [i for i in request.query_params.get("ids", "").split(",") if i]
    if len(ids) > MAX_IDS:
        raise Refusal(400, "invalid_value", f"'ids' may name {MAX_IDS} products.", "ids")
    catalog = rooms_of(request).open.stylist.catalog.products
    return JSONResponse({"products": [catalog[i].as_card() for i in ids if i in catalog]})


async def product(request: Request) -> Response:
    """All that the feed says of one product."""
    found = rooms_of(request).open.stylist.catalog.products.get(request.path_params["id"])
    if found is None:
        raise Refusal(404, "product_not_found", "The catalog has no such product.", "id")
    return JSONResponse(found.as_detail())
