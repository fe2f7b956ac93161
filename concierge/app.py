"""The one place where the rooms are wired together into an application, and served."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from concierge import paths, serving
from concierge.api import chat, client_secrets, health, models, page, realtime, sessions, shop
from concierge.api.errors import HANDLERS
from concierge.api.gate import Gate
from concierge.rooms import Rooms
from concierge.settings import Settings


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reloads the catalog.

    The address is printed when all is loaded; until then /healthz answers, and /readyz says what is missing.

    Raises:
        UserError: something that whoever starts the server can mend.
    """
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # sets itself to debug on import
    serving.raise_descriptor_limit()

    def announce() -> None:
        port = listener.getsockname()[1]
        print(f"Concierge is ready at {serving.url(settings.host, port)}", flush=True)

    def give_up() -> None:
        server.should_exit = True

    app = create_app(settings, on_ready=announce, on_failure=give_up)
    rooms: Rooms = app.state.rooms
    server = serving.Server(app, log_level=settings.log_level, on_hangup=rooms.reload)
    with serving.bind(settings.host, settings.port) as listener:
        server.run(sockets=[listener])
    if rooms.failure:
        raise rooms.failure


def create_app(
    settings: Settings,
    *,
    on_ready: Callable[[], None] = lambda: None,
    on_failure: Callable[[], None] = lambda: None,
) -> Starlette:
    """The application, whose rooms open in the background once its lifespan begins.

    `on_ready` is called when all are open; `on_failure` when one cannot be, and `app.state.rooms.failure`
    then says why.

    Raises:
        UserError: the house cannot be read, or the address needs API keys and there are none.
    """
    rooms = Rooms(settings, on_ready=on_ready, on_failure=on_failure)
    middleware = [Middleware(Gate, access=rooms.access)]
    if settings.allowed_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=sorted(rooms.access.origins),
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["*"],
            )
        )
    app = Starlette(
        routes=_routes(rooms), middleware=middleware, exception_handlers=HANDLERS, lifespan=rooms.lifespan
    )
    app.state.rooms = rooms
    return app


def _routes(rooms: Rooms) -> list[BaseRoute]:
    v1: list[BaseRoute] = [
        Route("/models", models.index),
        Route("/models/{model}", models.show),
        Route("/chat/completions", chat.complete, methods=["POST"]),
        WebSocketRoute("/realtime", realtime.connect),
        Route("/realtime/client_secrets", client_secrets.create, methods=["POST"]),
        Route("/sessions/{id}", sessions.delete, methods=["DELETE"]),
        Route("/house", shop.house),
        Route("/products", shop.products),
        Route("/products/{id:path}", shop.product),
    ]
    routes: list[BaseRoute] = [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Mount("/v1", routes=v1),
        Route("/", page.index),
    ]
    if rooms.house.images:
        routes.append(Mount("/images", StaticFiles(directory=rooms.house.images, check_dir=False)))
    routes.append(Mount("/", StaticFiles(directory=paths.WEB)))
    return routes
