"""A row of the table before it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from local.blast_radius.inside import Act, Filter, Place
from local.blast_radius.running import OPERATOR, Running

DECODER: tuple[Filter, ...] = ("service", "limits", "decoder")
SERVICE: tuple[Filter, ...] = ("service",)
WITHOUT_PERMISSION = "EACCES"


@dataclass(frozen=True, slots=True)
class Try:
    """Acts, and where they are made."""

    place: Place
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an intruder in `process` tries, `expected` as what refuses it, and the controls, which must succeed."""

    name: str
    process: str
    says: str
    expected: str
    tried: Try
    controls: tuple[Try, ...]

    def elsewhere(self, place: Place) -> "Attempt":
        """The same attempt from another place, for a wall that is taken down."""
        return replace(self, tried=replace(self.tried, place=place))


@dataclass(frozen=True, slots=True)
class Actor:
    """Makes a process's rows: attempts from one place, each under a name that begins with the actor's."""

    name: str
    place: Place
    prefix: str = ""

    def attempt(self, name: str, says: str, expected: str, tried: list[Act], *controls: Try) -> Attempt:
        """A row."""
        return Attempt(
            f"{self.name}-{name}", self.place.member.name, self.prefix + says, expected, self.does(*tried), controls
        )

    def beside(self, control: Try, tries: Mapping[str, tuple[str, str, list[Act]]]) -> list[Attempt]:
        """Rows that share a control."""
        return [self.attempt(name, says, expected, acts, control) for name, (says, expected, acts) in tries.items()]

    def unlike(self, holder: "Actor", expected: str, tries: Mapping[str, tuple[str, list[Act]]]) -> list[Attempt]:
        """Rows of what the holder can do, and does as their control."""
        return [self.attempt(name, says, expected, acts, holder.does(*acts)) for name, (says, acts) in tries.items()]

    def does(self, *acts: Act) -> Try:
        """These acts from here: as a control for others."""
        return Try(self.place, acts)


class Cast:
    """Everyone who attempts something or shows that it can be done."""

    def __init__(self, running: Running) -> None:
        self._members = running.members
        self.operator = self._actor("operator", OPERATOR)
        self.gateway = self._actor("gateway", "gateway")
        self.metadata = self._actor("metadata", "metadata_service")
        self.signer = self._actor("signer", "signer_service")
        self.sweeper = self._actor("sweeper", "sweeper")
        self.keys = self._actor("keys", "keys")
        self.image = self._actor("image", "image_service", SERVICE)
        self.decoder = self._actor("decoder", "image_service", DECODER, "decoding: ")
        # What the signer holds, carried out of its namespace by whoever copied it.
        self.signer_abroad = Actor("signer-abroad", self.signer.place.without("net"), "carried out, ")

    def _actor(self, name: str, member: str, filters: tuple[Filter, ...] = (), prefix: str = "") -> Actor:
        return Actor(name, Place(self._members[member], filters), prefix)
