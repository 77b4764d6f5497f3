"""Finds the hosts that a text links to. Pure.

Messengers differ in what they turn into a link, so this rather finds too much: any ``host.tld``,
any ``scheme:``, addresses that are made unclickable on purpose, and numbers that are hosts. An
email address isn't a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from urllib.parse import unquote

import idna
from phonenumbers import SUPPORTED_REGIONS

from bot.text import normalize

_WRITTEN_OUT = (  # how people write addresses so that nothing makes a link of them
    (re.compile(r"\s?[\[({](?:\.|dot)[\])}]\s?", re.IGNORECASE), "."),
    (re.compile(r"[\[(](:(?://)?)[\])]"), r"\1"),
    (re.compile(r"\bh(?:xx|tt|\*\*)p(?=s?:)", re.IGNORECASE), "http"),
    (re.compile(r"(?<=[a-z0-9])[。](?=[a-z0-9])", re.IGNORECASE), "."),
    (re.compile("[⁄∕⧸]"), "/"),
)
_AROUND = re.compile(r"[\W_]+$")
_HOST = r"[^\s/\\?#<>\"|]"
_ADDRESS = re.compile(
    rf"(?:\b[a-z][a-z0-9+.-]{{0,30}}:[/\\]{{1,4}}|(?<![\w:/])//)(?=(?P<host>{_HOST}+))"
)
_WHOLE_ADDRESS = re.compile(r"(?:\b[a-z][a-z0-9+.-]{0,30}:[/\\]|(?<![\w:/])//)[^\s<>\"|]*")
_CODE = re.compile(r"\b(?:(?:javascript|vbscript|blob):(?=\S)|data:(?=\w+/))")
_EMAIL = re.compile(
    r"(?<![^\s<>()\[\],;\"'=*_])(?:mailto:)?[^\s@:/\\<>()\[\],;\"']{1,64}@[\w.-]+(?![\w@/\\#]|[:?]\S|\.\w)"
)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_BARE = re.compile(
    rf"(?<![\w.-])(?P<host>(?:{_LABEL}\.)+(?P<tld>xn--[a-z0-9-]+|[^\W\d_]{{2,24}}))\.?"
    r"(?![\w-])(?P<rest>:\d{1,5}|[/?#\\][^\s<>\"|]*)?"
)
_DOMAIN = re.compile(r"[a-z0-9_.-]+")
_NUMBERS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)")
_FILES = frozenset(  # endings of file names that aren't top-level domains
    [
        *("pdf", "jpg", "jpeg", "png", "gif", "svg", "doc", "docx", "xls", "xlsx", "ppt", "pptx"),
        *("csv", "txt", "htm", "html", "xml", "json", "exe", "rtf", "odt", "heic", "wav", "eml"),
    ]
)
# Also where they look like the beginning of a sentence, as in "our.Shop".
_COMMON = frozenset(
    [
        *("com", "net", "org", "info", "biz", "app", "dev", "eu", "uk", "shop", "store", "online"),
        *("site", "website", "page", "link", "click", "live", "club", "top", "xyz", "zip", "bank"),
        *("cloud", "blog", "email", "help", "support", "space", "fun", "pro", "icu", "world"),
    ]
)
# The others in these scripts are more often sentences without a space between them.
_TLDS_IN_OTHER_SCRIPTS = frozenset(
    [
        *("рф", "рус", "москва", "онлайн", "сайт", "орг", "дети", "укр", "бел", "бг", "мкд", "срб"),
        *("қаз", "мон", "ελ", "ею", "ευ", "中国", "中國", "公司", "网络", "網絡", "网址", "网站"),
        *(
            "香港",
            "台湾",
            "台灣",
            "新加坡",
            "在线",
            "商城",
            "手机",
            "みんな",
            "コム",
            "한국",
            "닷컴",
        ),
        *("भारत", "संगठन", "ไทย", "קום", "ישראל", "امارات", "السعودية", "مصر", "ایران", "موقع"),
    ]
)


def find_links(text: str) -> tuple[str, ...]:
    """Return the hosts that a text links to, as browsers see them: look-alikes begin with xn--.

    Code in place of an address is returned as its scheme, such as ``javascript:``.
    """
    searched = normalize(text)
    for pattern, replacement in _WRITTEN_OUT:
        searched = pattern.sub(replacement, searched)
    return tuple(dict.fromkeys(host for host in _find_hosts(searched) if host))


def unlisted_hosts(text: str, domains: Iterable[str]) -> tuple[str, ...]:
    """Return the hosts that a text links to and that aren't in these domains or below them."""
    listed = [f".{domain.lower()}" for domain in domains]
    return tuple(
        host
        for host in find_links(text)
        if not (_DOMAIN.fullmatch(host) and f".{host}".endswith(tuple(listed)))
    )


def _find_hosts(text: str) -> Iterator[str]:
    lower = text.lower()
    yield from (code[0] for code in _CODE.finditer(lower))
    for address in _ADDRESS.finditer(lower):
        hosts = address["host"].rpartition("@")[2].split(",")  # a list of addresses without spaces
        yield from (_read_host(host) for host in hosts if not host.endswith(("http:", "https:")))
    rest = _EMAIL.sub(" ", re.sub(_WHOLE_ADDRESS.pattern, " ", text, flags=re.IGNORECASE))
    for bare in _BARE.finditer(rest):
        if _is_domain(bare):
            yield _encode(bare["host"].lower())
    for numbers in _NUMBERS.finditer(rest):
        yield _read_ip(numbers[0])


def _is_domain(bare: re.Match[str]) -> bool:
    """Tell a domain from a file's name, and from two sentences without a space between them."""
    tld, before = bare["tld"], bare["host"].rpartition(".")[0].rpartition(".")[2]
    has_path = bool(bare["rest"]) or bare["host"].lower().startswith("www.")
    if tld.lower() in _FILES:
        return has_path
    if not tld.isascii():
        return has_path or tld.lower() in _TLDS_IN_OTHER_SCRIPTS
    is_sentence = tld[0].isupper() and tld[1:].islower() and before[-1:].islower()
    return has_path or not is_sentence or tld.lower() in _COMMON or tld.upper() in SUPPORTED_REGIONS


def _read_host(host: str) -> str:
    """Return a host without its port and what surrounds it in a sentence."""
    host = unquote(host)
    if host.startswith("["):
        return _read_ip(host[1:].partition("]")[0])
    host = _AROUND.sub("", re.sub(r":\d*$", "", _AROUND.sub("", host)))
    return _read_ip(host) or _encode(host)


def _read_ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _encode(host: str) -> str:
    """Return a host as the domain name system has it."""
    try:
        return idna.encode(host, uts46=True).decode().lower().rstrip(".")
    except idna.IDNAError:
        labels = host.lower().split(".")
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )
