"""Canonical JSON and Ed25519 over it."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import ReleaseWrongSignature
from services.reading.releases.signature import (
    Trust,
    add_trust,
    canonical,
    generate_key,
    key_id,
    public_bytes,
    read_key,
    sign,
)

# RFC 8785, appendix B, and what ECMAScript prints.
NUMBERS = {
    0.0: "0",
    5e-324: "5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    295147905179352830000.0: "295147905179352830000",
    1e21: "1e+21",
    9.999999999999997e22: "9.999999999999997e+22",
    1e-7: "1e-7",
    0.000001: "0.000001",
    333333333.3333332: "333333333.3333332",
    -0.002: "-0.002",
    4.5: "4.5",
    2e-3: "0.002",
    1.0: "1",
    20: "20",
}


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def trust(key: Ed25519PrivateKey) -> Trust:
    return Trust({key_id(public_bytes(key)): public_bytes(key)})


@pytest.mark.parametrize(("number", "text"), NUMBERS.items())
def test_numbers_are_written_as_javascript_writes_them(number: float, text: str) -> None:
    assert canonical(number) == text.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_the_same(number: float) -> None:
    assert float(canonical(number)) == number


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 2**53, object(), {1, 2}])
def test_what_is_no_json_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(bad)


def test_order_and_spacing_do_not_matter() -> None:
    one = json.loads('{"b": [1, 2.50, "é"], "a": {"y": null, "x": true}}')
    other = json.loads('{"a":{"x":true,"y":null},"b":[1.0,2.5,"\\u00e9"]}')
    assert canonical(one) == canonical(other)
    assert canonical(one) == '{"a":{"x":true,"y":null},"b":[1,2.5,"é"]}'.encode()


def test_a_signature_holds_and_breaks(key: Ed25519PrivateKey) -> None:
    signed = sign({"name": "x", "size": 1.5}, key)
    trust(key).verify(json.loads(json.dumps(signed)))
    for changed in ({**signed, "name": "y"}, {**signed, "more": 1}):
        with pytest.raises(ReleaseWrongSignature):
            trust(key).verify(changed)


@pytest.mark.parametrize(
    "signature",
    [None, {}, "x", {"algorithm": "none"}, {"algorithm": "ed25519", "key": "?", "value": "AA=="}],
)
def test_no_signature_or_an_unknown_one_is_refused(
    key: Ed25519PrivateKey, signature: object
) -> None:
    with pytest.raises(ReleaseWrongSignature):
        trust(key).verify({"name": "x", "signature": signature})


def test_another_key_is_not_trusted(key: Ed25519PrivateKey) -> None:
    other = Ed25519PrivateKey.generate()
    with pytest.raises(ReleaseWrongSignature):
        trust(key).verify(sign({"name": "x"}, other))
    forged = sign({"name": "x"}, other)
    forged["signature"]["key"] = key_id(public_bytes(key))
    with pytest.raises(ReleaseWrongSignature):
        trust(key).verify(forged)


def test_a_private_key_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"
    made = generate_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_bytes(read_key(path)) == public_bytes(made)
    with pytest.raises(FileExistsError):
        generate_key(path)


def test_trust_is_kept_in_a_file(tmp_path: Path, key: Ed25519PrivateKey) -> None:
    path = tmp_path / "trusted-keys.json"
    for _ in range(2):
        add_trust(path, public_bytes(key), "somebody")
    assert Trust.read(path).keys == trust(key).keys
    assert len(json.loads(path.read_text())["keys"]) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [{"public": "!!"}]}'])
def test_a_broken_list_of_keys_trusts_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trusted-keys.json"
    path.write_text(text)
    with pytest.raises(ReleaseWrongSignature):
        Trust.read(path)
