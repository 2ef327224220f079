"""Swagger UI and ReDoc of each contract, from a wheel that carries their files: nothing is loaded from elsewhere."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import fastapi_offline
from fastapi import APIRouter, Depends, HTTPException
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway import cors, documents

ASSETS = "/docs/assets"
FILES = Path(fastapi_offline.__file__).parent / "static"
ICON = f"{ASSETS}/favicon.png"
# Both pages set styles from scripts; ReDoc searches in a worker that it creates from a blob.
POLICY = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.S)
NAMES = ("platform", "discovery", "audience", "insights", "partner")

router = APIRouter(prefix="/docs")


def _known(name: str) -> str:
    if name not in NAMES:
        raise HTTPException(404)
    return name


Contract = Annotated[str, Depends(_known)]


@router.get("")
async def index() -> Response:
    return RedirectResponse(f"/docs/{NAMES[0]}")


@router.get("/{name}")
async def swagger(name: Contract) -> Response:
    return swagger_page(name)


@router.get("/{name}/redoc")
async def redoc(name: Contract) -> Response:
    return redoc_page(name)


@router.get("/{name}/openapi.json")
async def openapi(name: Contract) -> Response:
    return cors.opened(Response(documents.openapi_json(name), media_type="application/json"))


def swagger_page(name: str) -> Response:
    """Swagger UI, for trying requests."""
    return _response(*_swagger(name))


def redoc_page(name: str) -> Response:
    """ReDoc, for reading."""
    return _response(*_redoc(name))


@cache
def _swagger(name: str) -> tuple[bytes, str]:
    page = get_swagger_ui_html(
        openapi_url=f"/docs/{name}/openapi.json",
        title=f"Soundstage: {name}",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=ICON,
        swagger_ui_parameters={"persistAuthorization": True, "docExpansion": "none"},
    )
    return _framed(page, "/docs/{name}")


@cache
def _redoc(name: str) -> tuple[bytes, str]:
    page = get_redoc_html(
        openapi_url=f"/docs/{name}/openapi.json",
        title=f"Soundstage: {name}",
        redoc_js_url=f"{ASSETS}/redoc.standalone.js",
        with_google_fonts=False,
        redoc_favicon_url=ICON,
    )
    return _framed(page, "/docs/{name}/redoc")


def _framed(page: HTMLResponse, link: str) -> tuple[bytes, str]:
    """The page below links to all contracts, with a policy that lets only its own scripts run."""
    links = " | ".join(f'<a href="{link.format(name=name)}">{name}</a>' for name in NAMES)
    html = bytes(page.body).replace(b"<body>", f"<body><nav>{links}</nav>".encode(), 1)
    digests = [b64encode(sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(html)]
    return html, POLICY.format(hashes=" ".join(f"'sha256-{digest}'" for digest in digests))


def _response(html: bytes, policy: str) -> Response:
    return cors.opened(HTMLResponse(html, headers={"content-security-policy": policy}))
