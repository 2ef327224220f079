from soundstage.marketplace.v1 import orders_pb2 as orders
from soundstage.marketplace.v1 import products_pb2 as products
from soundstage.marketplace.v1.orders_pb2_grpc import OrdersServiceStub
from soundstage.marketplace.v1.products_pb2_grpc import ProductsServiceStub

from chassis.client import Channel
from gateway.calls.wire import ask


class Marketplace:
    def __init__(self, address: str) -> None:
        files = (products.DESCRIPTOR, orders.DESCRIPTOR)
        channel = Channel(address, *(service for file in files for service in file.services_by_name.values()))
        self.close = channel.close
        self._products = ProductsServiceStub(channel.grpc)
        self._orders = OrdersServiceStub(channel.grpc)

    async def list_products(self, request: products.ListProductsRequest) -> products.ListProductsResponse:
        return await ask(self._products.List, request)

    async def add_product(self, request: products.AddProductRequest) -> products.AddProductResponse:
        return await ask(self._products.Add, request)

    async def change_product(self, request: products.ChangeProductRequest) -> products.ChangeProductResponse:
        return await ask(self._products.Change, request)

    async def get_download(self, request: products.GetProductDownloadRequest) -> products.GetProductDownloadResponse:
        return await ask(self._products.GetDownload, request)

    async def add_order(self, request: orders.AddOrderRequest) -> orders.AddOrderResponse:
        return await ask(self._orders.Add, request)

    async def list_orders(self, request: orders.ListOrdersRequest) -> orders.ListOrdersResponse:
        return await ask(self._orders.List, request)

    async def get_order(self, request: orders.GetOrderRequest) -> orders.GetOrderResponse:
        return await ask(self._orders.Get, request)
