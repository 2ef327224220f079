from starlette.responses import Response

from gateway.contract import Handlers
from gateway.documents import openapi_json, page_html
from gateway.parts import Parts
from gateway.web.requests import Request
from gateway.web.responses import JSONResponse

HANDLERS = Handlers()


@HANDLERS.on("getJwks")
async def get_keys(parts: Parts, _request: Request) -> Response:
    return JSONResponse(await parts.keys.published(), headers={"cache-control": "public, max-age=60"})


@HANDLERS.on("getOpenApiDocument")
async def get_document(_parts: Parts, _request: Request) -> Response:
    return Response(openapi_json("platform"), media_type="application/json")


@HANDLERS.on("getSwaggerUi")
async def get_swagger(_parts: Parts, _request: Request) -> Response:
    return Response(page_html("/swagger/doc.json", is_interactive=True), media_type="text/html")


@HANDLERS.on("getRedoc")
async def get_redoc(_parts: Parts, _request: Request) -> Response:
    return Response(page_html("/swagger/doc.json", is_interactive=False), media_type="text/html")
