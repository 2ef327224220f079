"""The platform's envelope: `{"success": true, "data": ...}`, and how a page says where it is."""

from typing import Any

from gateway.contracts.platform.fields import Pages
from gateway.web.fields import JSON
from gateway.web.responses import JSONResponse


def success(data: Any, status: int = 200) -> JSONResponse:
    return JSONResponse({"success": True, "data": data}, status)


def message(text: str) -> JSONResponse:
    return success({"message": text})


def pagination(pages: Pages, total: int) -> JSON:
    return {"page": pages.page, "limit": pages.limit, "total": total, "total_pages": -(-total // pages.limit)}
