"""aws:kms types: the customer managed key."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local.plugins.aws import blocks
from local.plugins.aws.clients import Clients, or_none
from local.plugins.aws.properties import CHOSEN, TAGS, Properties, Property, policy


class Key:
    token = "aws:kms/key:Key"
    name = None
    properties: ClassVar[Properties] = {
        "customerMasterKeySpec": Property("SYMMETRIC_DEFAULT", replaces=True),
        "deletionWindowInDays": Property(30),
        "description": Property(""),
        "enableKeyRotation": Property(False),
        "isEnabled": Property(True),
        "keyUsage": Property("ENCRYPT_DECRYPT", replaces=True),
        "multiRegion": Property(False, replaces=True),
        "policy": Property(CHOSEN, meaning=policy),
        "region": Property(CHOSEN, replaces=True),
        **TAGS,
    }
    computed = ("arn", "keyId")

    def create(self, clients: Clients, wanted: dict[str, Any]) -> str:
        kms = clients.kms(wanted["region"])
        own_policy = {"Policy": wanted["policy"]} if wanted.get("policy") else {}
        id = kms.create_key(
            Description=wanted["description"],
            KeySpec=wanted["customerMasterKeySpec"],
            KeyUsage=wanted["keyUsage"],
            MultiRegion=wanted["multiRegion"],
            Tags=blocks.tag_list(wanted["tagsAll"], "TagKey", "TagValue"),
            **own_policy,
        )["KeyMetadata"]["KeyId"]
        self._switch(kms, id, wanted)
        return id

    def read(self, clients: Clients, id: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
        kms = clients.kms(state["region"])
        answer = or_none(kms.describe_key, KeyId=id)
        # A key is never deleted at once: for its user it is gone from the moment that its deletion is scheduled.
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = answer["KeyMetadata"]
        symmetric = key["KeySpec"] == "SYMMETRIC_DEFAULT"
        return {
            "arn": key["Arn"],
            "keyId": id,
            "customerMasterKeySpec": key["KeySpec"],
            "description": key.get("Description", ""),
            "enableKeyRotation": symmetric and kms.get_key_rotation_status(KeyId=id)["KeyRotationEnabled"],
            "isEnabled": key["Enabled"],
            "keyUsage": key["KeyUsage"],
            "multiRegion": key.get("MultiRegion", False),
            "policy": kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"],
            "region": state["region"],
            "tagsAll": blocks.tags(kms.list_resource_tags(KeyId=id)["Tags"], "TagKey", "TagValue"),
        }

    def update(self, clients: Clients, id: str, old: Mapping[str, Any], wanted: dict[str, Any]) -> None:
        kms = clients.kms(wanted["region"])
        kms.update_key_description(KeyId=id, Description=wanted["description"])
        if wanted.get("policy"):
            kms.put_key_policy(KeyId=id, PolicyName="default", Policy=wanted["policy"])
        self._switch(kms, id, wanted)
        removed = [key for key in old.get("tagsAll") or {} if key not in wanted["tagsAll"]]
        if removed:
            kms.untag_resource(KeyId=id, TagKeys=removed)
        if wanted["tagsAll"]:
            kms.tag_resource(KeyId=id, Tags=blocks.tag_list(wanted["tagsAll"], "TagKey", "TagValue"))

    def delete(self, clients: Clients, id: str, state: Mapping[str, Any]) -> None:
        if self.read(clients, id, state) is not None:
            days = state.get("deletionWindowInDays") or 30
            clients.kms(state["region"]).schedule_key_deletion(KeyId=id, PendingWindowInDays=days)

    def _switch(self, kms: Any, id: str, wanted: Mapping[str, Any]) -> None:
        # Rotation can be changed on an enabled key only, so a key is enabled first and disabled last.
        if wanted["isEnabled"]:
            kms.enable_key(KeyId=id)
        if wanted["customerMasterKeySpec"] == "SYMMETRIC_DEFAULT":
            rotating = kms.get_key_rotation_status(KeyId=id)["KeyRotationEnabled"]
            if wanted["enableKeyRotation"] and not rotating:
                kms.enable_key_rotation(KeyId=id)
            elif rotating and not wanted["enableKeyRotation"]:
                kms.disable_key_rotation(KeyId=id)
        if not wanted["isEnabled"]:
            kms.disable_key(KeyId=id)


TYPES = (Key(),)
