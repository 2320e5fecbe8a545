"""What sudo allows when several of its rules fit: the last one counts."""

import pytest

from custom_components.homelab.sources.zfs.permissions import Way, parse_permissions
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]

SCRUB = "(root) NOPASSWD: /usr/sbin/zpool scrub tank"
TRIM = "(root) NOPASSWD: /usr/sbin/zpool trim tank"


@pytest.mark.parametrize(
    ("rules", "way"),
    [
        ([SCRUB], Way.SUDO),
        # the group of administrators, with a password: it stands behind
        ([SCRUB, "(ALL : ALL) ALL"], None),
        (["(ALL : ALL) ALL", SCRUB], Way.SUDO),
        ([SCRUB, "(root) /usr/sbin/zpool"], None),
        ([SCRUB, "(root) /usr/sbin/zfs"], Way.SUDO),
        ([SCRUB, "(operator) ALL"], Way.SUDO),
        ([SCRUB, "(root) NOPASSWD: ALL, PASSWD: /usr/sbin/zpool scrub *"], None),
        # not even with a password
        ([SCRUB, "(root) !/usr/sbin/zpool scrub tank"], None),
        ([TRIM, "(root) !/usr/sbin/zpool trim tank"], None),
        ([r"(root) NOPASSWD: /usr/sbin/zpool scrub my\:pool"], None),
    ],
)
def test_a_rule_with_a_password_undoes_one_without(
    rules: list[str], way: Way | None
) -> None:
    said = "User me may run the following commands on nas:\n"
    said += "".join(f"    {rule}\n" for rule in rules)
    may = parse_permissions(b"uid=7(me) gid=7(me)", said.encode())
    assert may.way("scrub_start", "tank") is way


def test_a_colon_in_the_name_of_a_pool() -> None:
    said = b"    (root) NOPASSWD: /usr/sbin/zpool scrub my\\:pool\n"
    may = parse_permissions(b"uid=7(me) gid=7(me)", said)
    assert may.way("scrub_start", "my:pool") is Way.SUDO
    assert may.way("scrub_start", "my") is None
