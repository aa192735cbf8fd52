import pytest

from cli.errors import HubSays, HubUnreachable, NothingToSend, exit_code, show
from cli.hub import HubConnection, problem_of
from services.domain.errors import ReleaseWrongHash, StoreUnavailable


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HubSays(401, {"code": "not_authenticated"}), 3),
        (HubSays(403, {}), 3),
        (HubSays(404, {}), 4),
        (HubSays(422, {}), 5),
        (HubSays(503, {}), 6),
        (HubUnreachable(), 6),
        (StoreUnavailable(), 6),
        (NothingToSend(), 5),
        (ReleaseWrongHash(), 5),
        (HubSays(500, {}), 1),
    ],
)
def test_exit_codes_tell_kinds_apart(error, code):
    assert exit_code(error) == code


def test_what_happened_and_what_to_do(capsys):
    show(HubUnreachable("http://hub does not answer."))
    words = capsys.readouterr().err
    assert "does not answer" in words
    assert "fada up" in words


def test_an_answer_that_is_no_problem_document():
    error = problem_of(502, b"<html>")
    assert error.http == 502
    assert error.said == "http_error"


def test_no_hub_is_known():
    with pytest.raises(HubUnreachable):
        HubConnection("", "")
