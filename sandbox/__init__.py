"""A bank to talk to: the sandbox counterparty of the Finance Connectivity Suite.

One process, standard library only. Each protocol is a module with a class that offers ``add_routes(router)``;
:class:`sandbox.server.Application` puts them together. A further bank or gateway is a further module and a line there.
"""
