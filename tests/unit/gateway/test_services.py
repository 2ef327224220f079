from deploy.local.ports import SERVICES
from gateway.calls.services import Services, protocols
from gateway.config import Settings


async def test_a_stub_can_call_every_method_of_its_protocol() -> None:
    """And its channel knows the protocol, which says what may be retried."""
    services = Services(Settings())
    try:
        stubs = {type(stub).__name__: stub for stub in vars(services).values() if type(stub).__name__.endswith("Stub")}
        known = {f"{p.name}Stub": p for service in SERVICES for p in protocols(f"soundstage.{service}.v1")}
        assert len(stubs) > 20 and stubs.keys() <= known.keys()
        for name, stub in stubs.items():
            assert all(hasattr(stub, method.name) for method in known[name].methods)
    finally:
        await services.close()
