from gateway.contract import Handlers
from gateway.documents import openapi_json, page_html
from gateway.parts import Parts
from gateway.web.answers import Answer, bytes_answer, json_answer
from gateway.web.requests import Request

HANDLERS = Handlers()


@HANDLERS.on("getJwks")
async def get_keys(parts: Parts, _request: Request) -> Answer:
    return json_answer(200, await parts.keys.published(), [(b"cache-control", b"public, max-age=60")])


@HANDLERS.on("getOpenApiDocument")
async def get_document(_parts: Parts, _request: Request) -> Answer:
    return bytes_answer(200, openapi_json("platform"), b"application/json")


@HANDLERS.on("getSwaggerUi")
async def get_swagger(_parts: Parts, _request: Request) -> Answer:
    return bytes_answer(200, page_html("/swagger/doc.json", is_interactive=True), b"text/html; charset=utf-8")


@HANDLERS.on("getRedoc")
async def get_redoc(_parts: Parts, _request: Request) -> Answer:
    return bytes_answer(200, page_html("/swagger/doc.json", is_interactive=False), b"text/html; charset=utf-8")
