from starlette.responses import Response

from gateway.contract import Handlers
from gateway.documentation import redoc_page, swagger_page
from gateway.documents import openapi_json
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
    return swagger_page("platform")


@HANDLERS.on("getRedoc")
async def get_redoc(_parts: Parts, _request: Request) -> Response:
    return redoc_page("platform")
