"""How a track is named on the wire."""

from soundstage.common.v1 import common_pb2 as pb

from chassis.errors import FieldError, Invalid
from chassis.ids import parse
from services.insights.tracks.track import Ref


def ref(message: pb.Ref) -> Ref:
    """Raises Invalid when it names nothing, or by a malformed id."""
    match message.WhichOneof("ref"):
        case "id":
            return Ref(id=parse(message.id, field="track"))
        case "number":
            return Ref(number=message.number)
        case _:
            raise Invalid(fields=[FieldError("track", "is required")])


def message(named: Ref) -> pb.Ref:
    return pb.Ref(number=named.number or 0) if named.id is None else pb.Ref(id=str(named.id))
