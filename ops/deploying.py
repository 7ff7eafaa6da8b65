"""What one stack is doing, told by the engine's events. No clock, no output."""

from dataclasses import dataclass, field

from pulumi.automation import EngineEvent, OpType, StepEventMetadata

#: What is shown while a step runs. Steps that change nothing are not worth a name.
DOING = {
    OpType.CREATE: "creating",
    OpType.CREATE_REPLACEMENT: "replacing",
    OpType.DELETE: "deleting",
    OpType.DELETE_REPLACED: "deleting",
    OpType.IMPORT: "importing",
    OpType.READ: "reading",
    OpType.REFRESH: "refreshing",
    OpType.REPLACE: "replacing",
    OpType.UPDATE: "updating",
}
#: What counts as a change, in the order of columns.
CHANGES = ("create", "update", "replace", "delete")
#: `info#err` is what the program wrote to standard error.
ERRORS = ("error", "info#err")


@dataclass(frozen=True)
class Message:
    severity: str
    resource: str
    """Its name; empty for what concerns the whole stack."""
    text: str


@dataclass
class Progress:
    """One operation on one stack. `see` takes each event in turn."""

    total: int | None = None
    """Resources that the operation will go through, if a preview has counted them."""
    seen: set[str] = field(default_factory=set[str])
    """URNs of what has begun."""
    done: set[str] = field(default_factory=set[str])
    running: dict[str, str] = field(default_factory=dict[str, str])
    """URN -> what is being done, in the order of beginning. Custom resources only: a component takes no time itself."""
    changes: dict[str, int] = field(default_factory=dict[str, int])
    """Operation -> count, as the engine sums up in the end."""
    messages: list[Message] = field(default_factory=list[Message])
    begun: bool = False
    """Whether the engine has taken over: from then on it answers a signal by recording what it has done."""
    ended: bool = False

    @property
    def warnings(self) -> int:
        return sum(message.severity == "warning" for message in self.messages)

    @property
    def errors(self) -> list[Message]:
        return [message for message in self.messages if message.severity in ERRORS]

    def count(self) -> str:
        """E.g. `3 of 12`."""
        return f"{len(self.done)} of {self.total}" if self.total is not None else str(len(self.done))

    def current(self) -> str:
        """What began last and still runs; empty if nothing does."""
        names = list(self.running.values())
        more = f" (+{len(names) - 1})" if len(names) > 1 else ""
        return f"{names[-1]}{more}" if names else ""

    def see(self, event: EngineEvent) -> None:
        self.begun = True
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._end(event.res_outputs_event.metadata.urn)
            self.done.add(event.res_outputs_event.metadata.urn)
        elif event.res_op_failed_event:
            self._end(event.res_op_failed_event.metadata.urn)
        elif event.diagnostic_event and not event.diagnostic_event.ephemeral:
            found = event.diagnostic_event
            self._say(found.severity, found.urn, f"{found.prefix or ''}{found.message}")
        elif event.policy_event:
            found = event.policy_event
            severity = "warning" if found.enforcement_level in ("warning", "advisory") else "error"
            self._say(severity, found.resource_urn, f"policy {found.policy_name}: {found.message}")
        elif event.summary_event:
            self.changes = {str(getattr(op, "value", op)): n for op, n in event.summary_event.resource_changes.items()}
        elif event.cancel_event:
            self.ended = True

    def _begin(self, step: StepEventMetadata) -> None:
        self.seen.add(step.urn)
        state = step.new or step.old
        if step.op in DOING and state and state.custom:
            self.running[step.urn] = f"{DOING[step.op]} {step.type.rpartition(':')[2]} {_name(step.urn)}"

    def _end(self, urn: str) -> None:
        self.running.pop(urn, None)

    def _say(self, severity: str, urn: str | None, text: str) -> None:
        # What a program prints for itself (info, debug) is no finding.
        if severity in (*ERRORS, "warning"):
            self.messages.append(Message(severity, _name(urn or ""), text.strip()))


def _name(urn: str) -> str:
    """The resource's own name, the last part of its URN; of the stack itself none."""
    return "" if "::pulumi:pulumi:Stack::" in urn else urn.rpartition("::")[2]
