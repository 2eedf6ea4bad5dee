"""What leaves through the egress guard, and what does not."""

from dataclasses import replace

import pytest

from servicekit.egress.fetch import MOST_REDIRECTS, Fetcher
from servicekit.egress.request import Request
from servicekit.egress.resolve import system_resolver
from servicekit.errors import (
    DeadlineError,
    OctoError,
    PermissionDeniedError,
    UnavailableError,
    ValidationFailedError,
)
from tests.servicekit.egress.conftest import Server, answer, policy_of, served


async def body_of(fetcher: Fetcher, request: Request) -> tuple[int, bytes]:
    async with fetcher.fetch(request) as reply:
        return reply.status, b"".join([chunk async for chunk in reply.body])


def get(url: str, **headers: str) -> Request:
    return Request(method="GET", url=url, headers=headers)


async def test_a_page(server: Server, fetcher: Fetcher) -> None:
    server.answers["/page?a=1"] = answer(b"hello", content_type="text/plain")
    assert await body_of(fetcher, get(f"https://service.test:{server.port}/page?a=1")) == (200, b"hello")
    assert f"host: service.test:{server.port}" in server.asked[0].lower()


async def test_a_post(server: Server, fetcher: Fetcher) -> None:
    server.answers["/form"] = answer(status="201 Created")
    request = Request(
        method="POST", url=f"https://service.test:{server.port}/form", headers={"X-Kind": "a"}, body=b"sent"
    )
    assert await body_of(fetcher, request) == (201, b"")
    assert "x-kind: a" in server.asked[0].lower()
    assert server.asked[0].endswith("\r\n\r\nsent")


async def test_the_servers_name_is_verified(server: Server, fetcher: Fetcher) -> None:
    stranger = replace(fetcher, policy=replace(fetcher.policy, hosts=(f"*:{server.port}",)))
    with pytest.raises(UnavailableError, match="certificate"):
        await body_of(stranger, get(f"https://evil.test:{server.port}/"))
    unknown_authority = replace(fetcher, tls=None)
    with pytest.raises(UnavailableError, match="certificate"):
        await body_of(unknown_authority, get(f"https://service.test:{server.port}/"))
    assert server.asked == []


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        ((), "https://example.org/", False),
        (("example.org",), "https://example.org/", True),
        (("example.org",), "https://EXAMPLE.ORG./", True),
        (("example.org",), "https://example.org:8443/", False),
        (("example.org:8443",), "https://example.org:8443/", True),
        (("example.org:8443",), "https://example.org/", False),
        (("example.org",), "https://www.example.org/", False),
        (("example.org",), "https://example.org.evil.test/", False),
        (("example.org",), "https://evil.test/example.org", False),
        (("example.org",), "https://evil.test#example.org", False),
        (("*.example.org",), "https://www.example.org/", True),
        (("*.example.org",), "https://example.org/", False),
        (("*.example.org",), "https://.example.org/", False),
        (("*.example.org",), "https://evilexample.org/", False),
        (("*",), "https://anything.test/", True),
        (("xn--bcher-kva.example",), "https://bücher.example/", True),
    ],
)
def test_hosts(hosts: tuple[str, ...], url: str, allowed: bool) -> None:
    policy = policy_of(hosts=hosts)
    if allowed:
        policy.check(url)
    else:
        with pytest.raises(OctoError) as caught:
            policy.check(url)
        assert caught.value.reason in {"HOST_NOT_ALLOWED", "URL_NOT_ALLOWED"}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "/path",
        "",
        "https://",
        "https:///path",
        "https://user:password@example.org/",
        "https://example.org@evil.test/",
        "https://example.org\\@evil.test/",
        "https://example.org/\r\nX: y",
        "https://example.org /",
        "https://exa\0mple.org/",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(ValidationFailedError):
        policy_of(hosts=("*",)).check(url)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "[::1]",
     "[::ffff:127.0.0.1]",
     "169.254.169.254", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "10.0.0.1"],
)  # fmt: skip
async def test_inner_addresses_are_refused_however_written(host: str) -> None:
    async with served(tls=False) as server:
        policy = policy_of(hosts=(f"*:{server.port}",), schemes=frozenset({"http"}))
        with pytest.raises((PermissionDeniedError, UnavailableError)) as caught:
            await body_of(Fetcher(policy=policy), get(f"http://{host}:{server.port}/"))
        assert caught.value.reason in {"ADDRESS_NOT_PUBLIC", "HOST_UNKNOWN"}
        assert server.asked == []


async def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "127.0.0.1"]

    fetcher = Fetcher(policy=policy_of(hosts=("*",)), resolver=mixed)
    with pytest.raises(PermissionDeniedError, match="not on the public internet"):
        await body_of(fetcher, get("https://rebind.test/"))


async def test_the_name_is_resolved_once(server: Server, fetcher: Fetcher) -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    server.answers["/"] = answer(b"first")
    request = get(f"https://service.test:{server.port}/")
    assert await body_of(replace(fetcher, resolver=rebinding), request) == (200, b"first")
    assert asked == ["service.test"]


async def test_redirects_are_followed_where_allowed(server: Server, fetcher: Fetcher) -> None:
    server.answers["/a"] = answer(status="302 Found", location="/b")
    server.answers["/b"] = answer(status="307 Temporary", location=f"https://other.test:{server.port}/c")
    server.answers["/c"] = answer(b"end")
    request = get(
        f"https://service.test:{server.port}/a", authorization="secret", cookie="secret", x_kind="kept"
    )
    assert await body_of(fetcher, request) == (200, b"end")
    assert ["secret" in asked for asked in server.asked] == [True, True, False]
    assert "x_kind: kept" in server.asked[2].lower()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "https://127.0.0.1/",
        "http://service.test/",
        "file:///etc/passwd",
        "https://service.test:1/",
    ],
)
async def test_redirects_elsewhere_are_refused(server: Server, fetcher: Fetcher, target: str) -> None:
    server.answers["/"] = answer(status="302 Found", location=target)
    with pytest.raises(OctoError) as caught:
        await body_of(fetcher, get(f"https://service.test:{server.port}/"))
    assert caught.value.reason in {"HOST_NOT_ALLOWED", "URL_NOT_ALLOWED"}


async def test_a_redirect_to_a_host_that_leads_inside_is_refused(server: Server, fetcher: Fetcher) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "service.test" else ["10.0.0.1"]

    server.answers["/"] = answer(status="301 Moved", location=f"https://other.test:{server.port}/")
    with pytest.raises(PermissionDeniedError, match=r"other\.test leads to"):
        await body_of(replace(fetcher, resolver=inside), get(f"https://service.test:{server.port}/"))


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [("301 Moved", "GET", ""), ("303 Other", "GET", ""), ("308 Moved", "POST", "sent")],
)
async def test_what_a_post_becomes(
    server: Server, fetcher: Fetcher, status: str, method: str, body: str
) -> None:
    server.answers["/a"] = answer(status=status, location="/b")
    server.answers["/b"] = answer()
    await body_of(fetcher, Request(method="POST", url=f"https://service.test:{server.port}/a", body=b"sent"))
    assert server.asked[1].startswith(f"{method} /b ")
    assert server.asked[1].split("\r\n\r\n")[1] == body


async def test_redirects_without_end(server: Server, fetcher: Fetcher) -> None:
    server.answers["/"] = answer(status="302 Found", location="/")
    with pytest.raises(UnavailableError, match="redirects"):
        await body_of(fetcher, get(f"https://service.test:{server.port}/"))
    assert len(server.asked) == MOST_REDIRECTS + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.test"),
        ("Content-Length", "1"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("Proxy-Authorization", "x"),
        ("X-A", "b\r\nX-C: d"),
        ("X A", "b"),
        ("X-A", "ü"),
        ("", "b"),
    ],
)
async def test_headers_that_are_not_the_callers(
    server: Server, fetcher: Fetcher, name: str, value: str
) -> None:
    request = Request(method="GET", url=f"https://service.test:{server.port}/", headers={name: value})
    with pytest.raises(ValidationFailedError):
        await body_of(fetcher, request)
    assert server.asked == []


async def test_a_silent_host(server: Server, fetcher: Fetcher) -> None:
    with pytest.raises(DeadlineError, match="silent"):
        await body_of(replace(fetcher, timeout=0.1), get(f"https://service.test:{server.port}/silent"))


async def test_a_host_that_is_gone(server: Server, fetcher: Fetcher) -> None:
    policy = replace(fetcher.policy, hosts=("service.test:1",))
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await body_of(replace(fetcher, policy=policy), get("https://service.test:1/"))


async def test_proxies_of_the_environment_are_not_asked(
    server: Server, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    server.answers["/"] = answer(b"direct")
    assert (await body_of(fetcher, get(f"https://service.test:{server.port}/")))[1] == b"direct"


async def test_an_unknown_host() -> None:
    with pytest.raises(UnavailableError, match="cannot be resolved"):
        await body_of(Fetcher(policy=policy_of(hosts=("*",))), get("https://no-such-host.invalid/"))


async def test_the_machines_resolver() -> None:
    assert "127.0.0.1" in await system_resolver("127.0.0.1", 80)
