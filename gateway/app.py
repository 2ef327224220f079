"""The FastAPI application behind the contracts' border: documentation, and what comes that is no contract."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from chassis.errors import NotFound
from gateway import cors, documentation
from gateway.contract import Contract
from gateway.web.faults import MethodNotAllowed


def create_app(home: Contract) -> FastAPI:
    """`home` renders what is not found."""
    # The contracts' own documents are served; FastAPI would describe the pages beside them.
    app = FastAPI(openapi_url=None)
    app.mount(documentation.ASSETS, StaticFiles(directory=documentation.FILES))
    app.include_router(documentation.router)

    @app.exception_handler(HTTPException)
    async def refuse(_request: Request, refusal: HTTPException) -> Response:
        allow = (refusal.headers or {}).get("Allow", "")
        return cors.opened(home.render(MethodNotAllowed(allow) if refusal.status_code == 405 else NotFound()))

    return app
