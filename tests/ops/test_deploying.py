"""From the engine's events to what is shown."""

from pulumi.automation import EngineEvent

from ops.deploying import Message, Progress

STACK = "urn:pulumi:eu::observability::pulumi:pulumi:Stack::observability-eu"
QUERY = "urn:pulumi:eu::observability::observability:index:Query$kubernetes:apps/v1:Deployment::eu-query"
STORE = "urn:pulumi:eu::observability::observability:index:Store$kubernetes:apps/v1:StatefulSet::eu-store"


def step(kind: str, urn: str, op: str = "create", *, custom: bool = True) -> EngineEvent:
    state = {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "custom": custom}
    metadata = {"op": op, "urn": urn, "type": state["type"], "new" if op != "delete" else "old": state}
    return EngineEvent.from_json({kind: {"metadata": metadata}})


def diagnostic(severity: str, message: str, **more: object) -> EngineEvent:
    return EngineEvent.from_json({"diagnosticEvent": {"severity": severity, "message": message, **more}})


def after(*events: EngineEvent, total: int | None = None) -> Progress:
    progress = Progress(total=total)
    for event in events:
        progress.see(event)
    return progress


def test_what_began_last_and_still_runs_is_shown_with_how_many_more():
    progress = after(step("resourcePreEvent", QUERY), step("resourcePreEvent", STORE, "update"))
    assert progress.current() == "updating StatefulSet eu-store (+1)"
    progress.see(step("resOutputsEvent", STORE, "update"))
    assert progress.current() == "creating Deployment eu-query"
    progress.see(step("resOpFailedEvent", QUERY))
    assert progress.current() == ""


def test_what_fails_is_not_done():
    progress = after(
        step("resourcePreEvent", QUERY),
        step("resOpFailedEvent", QUERY),
        step("resourcePreEvent", STORE),
        step("resOutputsEvent", STORE),
        total=7,
    )
    assert progress.count() == "1 of 7"
    assert progress.seen == {QUERY, STORE}


def test_a_replacement_counts_once():
    events = [step("resOutputsEvent", QUERY, op) for op in ("create-replacement", "replace", "delete-replaced")]
    assert after(*events).count() == "1"


def test_components_and_what_stays_the_same_are_not_worth_a_name():
    progress = after(step("resourcePreEvent", STACK, custom=False), step("resourcePreEvent", QUERY, "same"))
    assert progress.current() == ""


def test_a_delete_is_shown_by_what_was_there():
    assert after(step("resourcePreEvent", QUERY, "delete")).current() == "deleting Deployment eu-query"


def test_errors_and_warnings_are_kept_with_their_resource_and_chatter_is_not():
    progress = after(
        diagnostic("warning", "far too large\n", urn=STACK),
        diagnostic("error", "no such host", urn=QUERY, prefix="error: "),
        diagnostic("info#err", "Traceback"),
        diagnostic("info", "hello"),
        diagnostic("debug", "hello"),
        diagnostic("error", "still waiting", ephemeral=True),
    )
    assert progress.messages == [
        Message("warning", "", "far too large"),
        Message("error", "eu-query", "error: no such host"),
        Message("info#err", "", "Traceback"),
    ]
    assert progress.warnings == 1
    assert len(progress.errors) == 2


def test_a_mandatory_policy_is_an_error_and_an_advisory_one_a_warning():
    policy = {"message": "has none", "policyName": "pods-have-sizes", "resourceUrn": QUERY}
    events = [
        EngineEvent.from_json({"policyEvent": {**policy, "enforcementLevel": e}}) for e in ("mandatory", "advisory")
    ]
    messages = after(*events).messages
    assert [message.severity for message in messages] == ["error", "warning"]
    assert messages[0] == Message("error", "eu-query", "policy pods-have-sizes: has none")


def test_the_engines_own_sum_is_kept():
    summary = {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"create": 2, "same": 3}}
    assert after(EngineEvent.from_json({"summaryEvent": summary})).changes == {"create": 2, "same": 3}


def test_an_engine_listens_to_signals_between_its_first_and_its_last_event():
    progress = Progress()
    assert (progress.begun, progress.ended) == (False, False)
    progress.see(EngineEvent.from_json({"preludeEvent": {"config": {}}}))
    assert (progress.begun, progress.ended) == (True, False)
    progress.see(EngineEvent.from_json({"cancelEvent": {}}))
    assert progress.ended
