"""Which network addresses a connection may talk to (against server-side request forgery)."""

import ipaddress
from urllib.parse import urlsplit

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_PORTS = {"http": 80, "https": 443, "sftp": 22}

# Where cloud providers hand out the credentials of the machine, beside link-local 169.254.169.254:
# Azure, Alibaba, Oracle, AWS over IPv6.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"),
    )
)


def destination(address):
    """Say to whom an address leads: another path of a host is the same place, another host or port is not.

    :param str address: URL, folder or nothing.
    :return: ``scheme://host:port`` of a URL; anything else as it is.
    :rtype: str
    """
    address = (address or "").strip()
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return address
    if not parts.scheme or not host:
        return address
    return f"{parts.scheme}://{host}:{port or _PORTS.get(parts.scheme, '')}"


def address_refusal(address, *, allow_private, encrypted):
    """Say why an address must not be talked to.

    Link-local and metadata addresses are never allowed. Private and loopback ones need
    ``allow_private``. Without encryption only those remain: credentials do not cross the internet
    in clear.

    :param str address: IP address of the connected peer.
    :param bool allow_private: the connection is meant for the own network.
    :param bool encrypted: TLS is used.
    :return: the reason in words, or None when it is allowed.
    :rtype: str | None
    """
    ip = _unwrap(ipaddress.ip_address(address.partition("%")[0]))
    if ip in _METADATA or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return f"{ip} is a link-local or metadata address, which no finance system has"
    if ip.is_global:
        return None if encrypted else f"{ip} is on the internet and the connection is not encrypted"
    return None if allow_private else f"{ip} is a private address"


def _unwrap(ip):
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if ip.version == 4:
        return ip
    if ip in _NAT64:
        return ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
