"""Which addresses a connection may reach. The resolved address counts, not the name."""

import ipaddress
import queue
import socket
import threading
from dataclasses import dataclass

from connectors.errors import ConnectorError, SettingsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


class AddressRefusedError(ConnectorError):
    """The address is not one this connection may reach."""

    code = "address_refused"


class NotResolvedError(ConnectorError):
    """The name of the host could not be resolved."""

    code = "not_resolved"
    retryable = True


@dataclass(frozen=True, slots=True)
class AllowList:
    """Public addresses, and what was allowed besides them. Link-local needs a network of its own."""

    private: bool = False
    networks: tuple[Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """May this address be reached?"""
        address = _embedded(address)
        if any(address in network for network in self.networks if network.version == address.version):
            return True
        if any(address in network for network in _PRIVATE if network.version == address.version):
            return self.private
        return address.is_global and not address.is_multicast


def read_allow_list(private: bool, networks: str) -> AllowList:
    """Networks separated by commas or white space.

    Errors: SettingsError
    """
    try:
        return AllowList(
            private, tuple(ipaddress.ip_network(part) for part in networks.replace(",", " ").split())
        )
    except ValueError as error:
        raise SettingsError(f"allow_networks: {error}", {"faults": [f"allow_networks: {error}"]}) from None


def pinned_address(host: str, port: int, allowed: AllowList, seconds: float) -> str:
    """Resolve once and choose the first allowed address; the connection is made to it and to no other.

    Errors: NotResolvedError, AddressRefusedError
    """
    found = _resolve(host, port, seconds)
    for address in found:
        if allowed.allows(address):
            return str(address)
    names = ", ".join(sorted({str(address) for address in found}))
    raise AddressRefusedError(f"{host} is {names}, which this connection may not reach", {"addresses": names})


def _embedded(address: Address) -> Address:
    """The IPv4 address inside a mapped, 6to4 or NAT64 one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour or address
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _resolve(host: str, port: int, seconds: float) -> list[Address]:
    """Ask the system, in a thread: getaddrinfo knows no timeout."""
    answers: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows])
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise NotResolvedError(f"{host} was not resolved in time") from None
    if isinstance(answer, Exception):
        raise NotResolvedError(f"{host} can't be resolved: {answer}")
    return answer
