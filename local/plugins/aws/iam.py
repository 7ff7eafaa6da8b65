"""aws:iam types: roles, their inline policies, managed policies and their attachments."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.plugins.aws import blocks
from local.plugins.aws.clients import Clients, or_none
from local.plugins.aws.naming import Name
from local.plugins.aws.properties import CHOSEN, TAGS, Properties, Property, policy

NAME = Property(replaces=True)
NAME_PREFIX = Property(CHOSEN, replaces=True)
PATH = Property("/", replaces=True)

#: IAM keeps this many versions of a managed policy and refuses a further one.
POLICY_VERSIONS = 5


def _given(**arguments: Any) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if value}


def _tag_changes(old: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[list[str], list[dict[str, str]]]:
    """Keys to remove, and tags to set."""
    before, after = old.get("tagsAll") or {}, wanted["tagsAll"]
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return [key for key in before if key not in after], blocks.tag_list(changed)


class Role:
    token = "aws:iam/role:Role"
    name = Name("name", "namePrefix", limit=64)
    properties: ClassVar[Properties] = {
        "assumeRolePolicy": Property(meaning=policy),
        "description": Property(""),
        "forceDetachPolicies": Property(False),
        "maxSessionDuration": Property(3600),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "path": PATH,
        "permissionsBoundary": Property(""),
        **TAGS,
    }
    computed = ("arn", "createDate", "uniqueId")

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        clients.iam().create_role(
            RoleName=wanted["name"],
            AssumeRolePolicyDocument=wanted["assumeRolePolicy"],
            Path=wanted["path"],
            MaxSessionDuration=wanted["maxSessionDuration"],
            Tags=blocks.tag_list(wanted["tagsAll"]),
            **_given(Description=wanted["description"], PermissionsBoundary=wanted["permissionsBoundary"]),
        )
        return wanted["name"]

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        answer = or_none(clients.iam().get_role, RoleName=id)
        if answer is None:
            return None
        role = answer["Role"]
        return {
            "name": role["RoleName"],
            "arn": role["Arn"],
            "path": role["Path"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "tagsAll": blocks.tags(role.get("Tags", [])),
        }

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        iam = clients.iam()
        iam.update_role(RoleName=id, Description=wanted["description"], MaxSessionDuration=wanted["maxSessionDuration"])
        iam.update_assume_role_policy(RoleName=id, PolicyDocument=wanted["assumeRolePolicy"])
        if wanted["permissionsBoundary"]:
            iam.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=wanted["permissionsBoundary"])
        elif old.get("permissionsBoundary"):
            or_none(iam.delete_role_permissions_boundary, RoleName=id)
        removed, changed = _tag_changes(old, wanted)
        if removed:
            iam.untag_role(RoleName=id, TagKeys=removed)
        if changed:
            iam.tag_role(RoleName=id, Tags=changed)

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        iam = clients.iam()
        if state.get("forceDetachPolicies"):
            attached = or_none(iam.list_attached_role_policies, RoleName=id) or {"AttachedPolicies": []}
            for item in attached["AttachedPolicies"]:
                or_none(iam.detach_role_policy, RoleName=id, PolicyArn=item["PolicyArn"])
            for inline in (or_none(iam.list_role_policies, RoleName=id) or {"PolicyNames": []})["PolicyNames"]:
                or_none(iam.delete_role_policy, RoleName=id, PolicyName=inline)
        or_none(iam.delete_role, RoleName=id)


class RolePolicy:
    """An inline policy. Its id is `role:name`."""

    token = "aws:iam/rolePolicy:RolePolicy"
    name = Name("name", "namePrefix", limit=128)
    properties: ClassVar[Properties] = {
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "policy": Property(meaning=policy),
        "role": Property(replaces=True),
    }
    computed = ()

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        self._put(clients, wanted)
        return f"{wanted['role']}:{wanted['name']}"

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        role, _, name = id.partition(":")
        answer = or_none(clients.iam().get_role_policy, RoleName=role, PolicyName=name)
        if answer is None:
            return None
        return {"role": role, "name": name, "policy": json.dumps(answer["PolicyDocument"])}

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        self._put(clients, wanted)

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        role, _, name = id.partition(":")
        or_none(clients.iam().delete_role_policy, RoleName=role, PolicyName=name)

    def _put(self, clients: Clients, wanted: dict[str, Any]) -> None:
        clients.iam().put_role_policy(
            RoleName=wanted["role"], PolicyName=wanted["name"], PolicyDocument=wanted["policy"]
        )


class Policy:
    """A managed policy. Its id is its ARN."""

    token = "aws:iam/policy:Policy"
    name = Name("name", "namePrefix", limit=128)
    properties: ClassVar[Properties] = {
        "description": Property("", replaces=True),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "path": PATH,
        "policy": Property(meaning=policy),
        **TAGS,
    }
    computed = ("arn", "policyId")

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        answer = clients.iam().create_policy(
            PolicyName=wanted["name"],
            Path=wanted["path"],
            PolicyDocument=wanted["policy"],
            Tags=blocks.tag_list(wanted["tagsAll"]),
            **_given(Description=wanted["description"]),
        )
        return answer["Policy"]["Arn"]

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        iam = clients.iam()
        answer = or_none(iam.get_policy, PolicyArn=id)
        if answer is None:
            return None
        found = answer["Policy"]
        version = iam.get_policy_version(PolicyArn=id, VersionId=found["DefaultVersionId"])["PolicyVersion"]
        return {
            "name": found["PolicyName"],
            "arn": id,
            "path": found["Path"],
            "policyId": found["PolicyId"],
            "description": found.get("Description", ""),
            "policy": json.dumps(version["Document"]),
            "tagsAll": blocks.tags(found.get("Tags", [])),
        }

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        iam = clients.iam()
        if old.get("policy") != wanted["policy"]:
            versions = iam.list_policy_versions(PolicyArn=id)["Versions"]
            if len(versions) >= POLICY_VERSIONS:
                oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
                iam.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
            iam.create_policy_version(PolicyArn=id, PolicyDocument=wanted["policy"], SetAsDefault=True)
        removed, changed = _tag_changes(old, wanted)
        if removed:
            iam.untag_policy(PolicyArn=id, TagKeys=removed)
        if changed:
            iam.tag_policy(PolicyArn=id, Tags=changed)

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        iam = clients.iam()
        for version in (or_none(iam.list_policy_versions, PolicyArn=id) or {"Versions": []})["Versions"]:
            if not version["IsDefaultVersion"]:
                or_none(iam.delete_policy_version, PolicyArn=id, VersionId=version["VersionId"])
        or_none(iam.delete_policy, PolicyArn=id)


class RolePolicyAttachment:
    """A managed policy on a role. Its id is `role/arn`."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    name = None
    properties: ClassVar[Properties] = {"policyArn": Property(replaces=True), "role": Property(replaces=True)}
    computed = ()

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        clients.iam().attach_role_policy(RoleName=wanted["role"], PolicyArn=wanted["policyArn"])
        return f"{wanted['role']}/{wanted['policyArn']}"

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        role, _, arn = id.partition("/")
        answer = or_none(clients.iam().list_attached_role_policies, RoleName=role)
        if answer is None or arn not in [item["PolicyArn"] for item in answer["AttachedPolicies"]]:
            return None
        return {"role": role, "policyArn": arn}

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        """Every property replaces."""

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        role, _, arn = id.partition("/")
        or_none(clients.iam().detach_role_policy, RoleName=role, PolicyArn=arn)


TYPES = (Role(), RolePolicy(), Policy(), RolePolicyAttachment())
