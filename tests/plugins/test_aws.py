"""The stand-in aws plugin: its rules, and its life in the real engine against an emulator."""

import asyncio
import json
from types import SimpleNamespace

import boto3
import pytest
from pulumi.provider.experimental import provider as p

from local.plugins.aws import blocks, clients
from local.plugins.aws.naming import Name
from local.plugins.aws.properties import (
    CHOSEN,
    REPORTED,
    Property,
    complete,
    difference,
    policy,
    refreshed,
    without_empty,
    written,
)
from local.plugins.aws.provider import TYPES, AwsProvider
from local.plugins.serving import RefusedError
from local.plugins.values import plain_map, wrap_map
from tests import emulator as emulators
from tests.plugins.engine import Stack

REGION = emulators.REGION

ALL_TYPES = """
import json, pulumi, pulumi_aws as aws
child = pulumi.ResourceOptions(provider=aws.Provider("emulator", region="eu-west-1", access_key="key-of-the-stack",
    secret_key="secret-of-the-stack", s3_use_path_style=True, skip_credentials_validation=True,
    skip_requesting_account_id=True, skip_metadata_api_check=True, default_tags={{"tags": {{"owner": "team"}}}},
    endpoints=[{{"s3": {address!r}, "iam": {address!r}, "kms": {address!r}}}]))

def allow(principal=None, **statement):
    return json.dumps({{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", **statement}}]}})

bucket = aws.s3.Bucket("Blocks", force_destroy=True, tags={{"purpose": "metrics"}}, opts=child)
aws.s3.BucketVersioning("versioning", bucket=bucket.id, versioning_configuration={{"status": "Enabled"}}, opts=child)
key = aws.kms.Key("key", description="blocks", enable_key_rotation=True, deletion_window_in_days=7, opts=child)
aws.s3.BucketServerSideEncryptionConfiguration("encryption", bucket=bucket.id, opts=child, rules=[
    {{"apply_server_side_encryption_by_default": {{"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}},
      "bucket_key_enabled": True}}])
aws.s3.BucketPublicAccessBlock("access", bucket=bucket.id, block_public_acls=True, block_public_policy=True,
    ignore_public_acls=True, restrict_public_buckets=True, opts=child)
aws.s3.BucketOwnershipControls("ownership", bucket=bucket.id, rule={{"object_ownership": "BucketOwnerEnforced"}},
    opts=child)
aws.s3.BucketLifecycleConfiguration("lifecycle", bucket=bucket.id, opts=child, rules=[
    {{"id": "parts", "status": "Enabled", "filter": {{}},
      "abort_incomplete_multipart_upload": {{"days_after_initiation": 7}}}},
    {{"id": "versions", "status": "Enabled", "filter": {{"prefix": ""}},
      "noncurrent_version_expiration": {{"noncurrent_days": 3, "newer_noncurrent_versions": 2}}}},
    {{"id": "tiering", "status": "Enabled",
      "filter": {{"and_": {{"prefix": "x/", "object_size_greater_than": 131072, "tags": {{"a": "b"}}}}}},
      "transitions": [{{"days": 0, "storage_class": "INTELLIGENT_TIERING"}}]}}])
aws.s3.BucketPolicy("tls", bucket=bucket.id, opts=child, policy=bucket.arn.apply(lambda arn: json.dumps(
    {{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Principal": "*", "Action": ["s3:PutBucketAcl"],
      "Resource": [arn, arn + "/*"], "Condition": {{"Bool": {{"aws:SecureTransport": "false"}}}}}}}}, indent=2)))
role = aws.iam.Role("reader", assume_role_policy=allow(Action="sts:AssumeRole",
    Principal={{"Service": "ec2.amazonaws.com"}}), opts=child)
aws.iam.RolePolicy("inline", role=role.id, policy=bucket.arn.apply(lambda arn: allow(Action="s3:ListBucket",
    Resource=arn)), opts=child)
managed = aws.iam.Policy("managed", path="/observability/", policy=allow(Action="s3:GetObject", Resource="*"),
    opts=child)
aws.iam.RolePolicyAttachment("attachment", role=role.name, policy_arn=managed.arn, opts=child)
pulumi.export("bucket", bucket.bucket)
pulumi.export("domain", bucket.bucket_regional_domain_name)
pulumi.export("role", role.arn)
pulumi.export("key", key.key_id)
"""

ROLE_AND_BUCKET = """
import json, pulumi_aws as aws
aws.s3.Bucket("b", bucket={bucket!r}, force_destroy={force}, tags={{"purpose": {purpose!r}}})
trust = {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                "Principal": {{"Service": {service!r}}}}}]}}
role = aws.iam.Role("r", name="consumer", path={path!r}, assume_role_policy=json.dumps(trust, indent={indent}))
"""


@pytest.fixture(scope="module")
def emulator():
    with emulators.emulator() as address:
        served = {service: emulators.client(service, address) for service in ("s3", "iam", "kms")}
        yield SimpleNamespace(address=f"http://{address}", **served)


def stack_on(address, folder):
    """A stack whose default provider works on the emulator."""
    config = {"aws:region": REGION, "aws:accessKey": "test", "aws:s3UsePathStyle": "true"}
    config |= {f"aws:endpoints[0].{service}": address for service in ("s3", "iam", "kms")}
    return Stack(folder, config)


# The rules, without the engine.


@pytest.mark.parametrize(("one", "other"), [
    ('{"Action": ["s3:Get*"]}', '{"Action":"s3:Get*"}'),
    ('{"Statement": [{"Sid": "a", "Resource": ["x", "y"]}, {"Sid": "b"}]}',
     '{"Statement": [{"Sid": "b"}, {"Resource": ["y", "x"], "Sid": "a"}]}'),
])  # fmt: skip
def test_two_policies_that_say_the_same_are_equal(one, other):
    assert policy(one) == policy(other)


def test_two_policies_that_say_different_things_are_not_equal():
    assert policy('{"Action": ["s3:GetObject"]}') != policy('{"Action": ["s3:PutObject"]}')


def test_blocks_survive_the_way_to_the_api_and_back():
    rules = [{"id": "a", "filter": {"and": {"tags": {"k": "v"}, "prefix": "p"}}, "transitions": [{"days": 0}]}]
    there = blocks.to_api(rules)
    assert there == [
        {
            "ID": "a",
            "Filter": {"And": {"Tags": [{"Key": "k", "Value": "v"}], "Prefix": "p"}},
            "Transitions": [{"Days": 0}],
        }
    ]
    assert blocks.from_api(there) == rules


def test_an_empty_filter_is_the_same_as_none_but_zero_days_is_a_number():
    assert without_empty([{"id": "a", "filter": {"prefix": ""}, "days": 0}]) == [{"id": "a", "days": 0}]


def test_a_new_physical_name_replaces_and_the_old_object_may_stay_meanwhile():
    properties = {"name": Property(replaces=True), "path": Property("/", replaces=True), "size": Property(1)}
    state = {"name": "a", "path": "/", "size": 1}
    renamed = difference(properties, state, complete(properties, {"name": "b"}), "name")
    moved = difference(properties, state, complete(properties, {"name": "a", "path": "/x/"}), "name")
    resized = difference(properties, state, complete(properties, {"name": "a", "size": 2}), "name")
    assert (renamed.replaces, renamed.delete_before_replace) == (["name"], False)
    assert (moved.replaces, moved.delete_before_replace) == (["path"], True)
    assert (resized.diffs, resized.replaces) == (["size"], [])


def test_what_the_service_chose_is_no_change_when_the_program_leaves_it_out():
    properties = {"policy": Property(CHOSEN)}
    assert difference(properties, {"policy": "{}"}, complete(properties, {}), None).changes is False


def test_a_setting_that_the_emulator_does_not_store_is_not_drift_and_a_real_change_is():
    properties = {"rules": Property(meaning=without_empty)}
    state = written(properties, {"rules": [{"days": 3, "keep": 2}]}, {"rules": [{"days": 3}]})
    unchanged = refreshed(properties, state, {"rules": [{"days": 3}]})
    assert unchanged == state
    assert unchanged["rules"] == [{"days": 3, "keep": 2}]
    assert refreshed(properties, state, {"rules": [{"days": 9}]}) == {"rules": [{"days": 9}]}


def test_a_chosen_name_stays_until_its_prefix_changes():
    name = Name("bucket", "bucketPrefix", limit=20, lower=True)
    first = name.choose({}, {}, "Blocks", b"one")
    assert first.startswith("blocks-")
    assert name.choose({}, {"bucket": first}, "Blocks", b"two") == first
    assert name.choose({"bucketPrefix": "p-"}, {"bucket": first}, "Blocks", b"two").startswith("p-")
    assert name.choose({"bucket": "mine"}, {"bucket": first}, "Blocks", b"two") == "mine"
    assert len(name.choose({}, {}, "a-very-long-name-of-a-resource", b"")) == 20


@pytest.mark.parametrize(
    "endpoints",
    [
        {},
        {"kms": "http://127.0.0.1:1"},
        {"s3": "https://s3.eu-west-1.amazonaws.com"},
        {"s3": "https://amazonaws.com"},
        {"s3": "https://S3.EU-WEST-1.AMAZONAWS.COM:443/x"},
        {"s3": "not-an-address"},
    ],
)
def test_no_client_is_made_for_anything_but_an_emulator(endpoints, monkeypatch):
    monkeypatch.setattr(boto3, "Session", lambda **_: pytest.fail("a client of a real AWS account was made"))
    made = clients.Clients(clients.Settings(region=REGION, endpoints=endpoints))
    with pytest.raises(RefusedError, match=r"aws:endpoints .*(emulator only|real AWS account)"):
        made.s3(REGION)


def test_keys_and_profile_of_the_environment_are_not_used(monkeypatch):
    for key, value in {"ACCESS_KEY_ID": "real", "SECRET_ACCESS_KEY": "real", "PROFILE": "absent"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    settings = clients.read_settings({"region": REGION, "endpoints": '[{"s3": "http://127.0.0.1:1"}]'})
    credentials = clients.Clients(settings).s3(REGION)._request_signer._credentials
    assert (credentials.access_key, credentials.token) == ("stand-in", None)


def test_settings_do_not_show_their_keys():
    assert "hidden" not in repr(clients.Settings(access_key="hidden", secret_key="hidden"))


@pytest.mark.parametrize("endpoints", ['{"s3": "http://x"}', '[{"s3": "a"}, {"s3": "b"}]', '["http://x"]', "[{"])
def test_endpoints_of_another_shape_are_refused(endpoints):
    with pytest.raises(RefusedError, match="aws:endpoints"):
        clients.read_settings({"endpoints": endpoints})


# Each type on the emulator, without the engine.

TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": %s}]}'
RULES = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:%s", "Resource": "*"}]}'
ON_BUCKET = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "%s", "Resource": "*", "Principal": "*"}}'
)


def expiry(days):
    return [{"id": "old", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": days}}]


def encryption(algorithm):
    return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}}]


#: Token, then inputs as they are first and what changes in them.
CHANGES = [
    ("aws:s3/bucket:Bucket", {"bucket": "own"}, {"tags": {"a": "b"}}),
    ("aws:s3/bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": "Enabled"}},
     {"versioningConfiguration": {"status": "Suspended"}}),
    ("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
     {"rules": encryption("AES256")}, {"rules": encryption("aws:kms")}),
    ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"blockPublicAcls": True}, {"blockPublicAcls": False}),
    ("aws:s3/bucketOwnershipControls:BucketOwnershipControls", {"rule": {"objectOwnership": "ObjectWriter"}},
     {"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
    ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", {"rules": expiry(3)}, {"rules": expiry(9)}),
    ("aws:s3/bucketPolicy:BucketPolicy", {"policy": ON_BUCKET % "s3:PutBucketAcl"},
     {"policy": ON_BUCKET % "s3:PutObjectAcl"}),
    ("aws:iam/role:Role", {"name": "own", "assumeRolePolicy": TRUST % '{"Service": "a"}', "tags": {"a": "b"}},
     {"description": "new", "maxSessionDuration": 7200, "assumeRolePolicy": TRUST % '{"Service": "b"}',
      "permissionsBoundary": "arn:aws:iam::123456789012:policy/shared", "tags": {"c": "d"}}),
    ("aws:iam/rolePolicy:RolePolicy", {"name": "own", "role": "shared", "policy": RULES % "Get*"},
     {"policy": RULES % "Put*"}),
    ("aws:iam/policy:Policy", {"name": "own", "policy": RULES % "Get*", "tags": {"a": "b"}},
     {"policy": RULES % "Put*", "tags": {"c": "d"}}),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment",
     {"role": "shared", "policyArn": "arn:aws:iam::123456789012:policy/shared"}, {}),
    ("aws:kms/key:Key", {"description": "a", "tags": {"a": "b"}},
     {"description": "b", "enableKeyRotation": True, "isEnabled": False, "tags": {"c": "d"}}),
]  # fmt: skip


@pytest.fixture(scope="module")
def shared(emulator):
    """What the types above need to exist: a bucket, a role and a managed policy, each called `shared`."""
    emulator.s3.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": REGION})
    emulator.iam.create_role(RoleName="shared", AssumeRolePolicyDocument=TRUST % '{"Service": "a"}')
    policy_arn = emulator.iam.create_policy(PolicyName="shared", PolicyDocument=RULES % "*")["Policy"]["Arn"]
    yield
    emulator.s3.delete_bucket(Bucket="shared")
    emulator.iam.delete_role(RoleName="shared")
    emulator.iam.delete_policy(PolicyArn=policy_arn)


def provider_on(address):
    provider = AwsProvider()
    config = {"region": REGION, "s3UsePathStyle": "true", "defaultTags": '{"tags": {"owner": "team"}}'}
    config["endpoints"] = json.dumps([dict.fromkeys(("s3", "iam", "kms"), address)])
    asyncio.run(provider.configure(p.ConfigureRequest({}, wrap_map(config), True, False)))
    return provider


def test_every_type_has_a_row_of_changes():
    assert [row[0] for row in CHANGES] == list(TYPES)


@pytest.mark.parametrize(("token", "first", "changed"), CHANGES, ids=[row[0].split(":")[-1] for row in CHANGES])
def test_every_change_reaches_the_emulator_and_comes_back(token, first, changed, emulator, shared):
    provider, urn = provider_on(emulator.address), f"urn:pulumi:test::probe::{token}::x"
    if "/bucket" in token:
        first = {"bucket": "shared", **first}
    then = {**first, **changed}

    made = asyncio.run(provider.create(p.CreateRequest(urn, wrap_map(first), 0, False)))
    id = made.resource_id
    before, after = wrap_map(first), wrap_map(then)
    differs = asyncio.run(provider.diff(p.DiffRequest(urn, id, made.properties, after, [])))
    assert set(differs.diffs) - {"tagsAll"} == set(changed)
    assert not differs.replaces
    updated = asyncio.run(provider.update(p.UpdateRequest(urn, id, made.properties, after, 0, [], False)))

    # A refresh that starts from the state before the update finds exactly what the update wrote.
    drifted = asyncio.run(provider.read(p.ReadRequest(urn, id, made.properties, before)))
    assert REPORTED not in drifted.properties
    for state in (updated.properties, drifted.properties):
        difference = asyncio.run(provider.diff(p.DiffRequest(urn, id, state, after, [])))
        assert not difference.diffs, f"{token} does not come back as it was written"
    assert set(changed) <= set(drifted.inputs), "drift is not in the inputs that the engine shows"

    imported = asyncio.run(provider.read(p.ReadRequest(urn, id, {}, {})))
    again = asyncio.run(provider.diff(p.DiffRequest(urn, id, imported.properties, imported.inputs, [])))
    assert not again.diffs, "what an import proposes is not what is there"

    gone = p.DeleteRequest(urn, id, updated.properties, 0)
    asyncio.run(provider.delete(gone))
    asyncio.run(provider.delete(gone))
    if not token.endswith(":BucketVersioning"):
        assert asyncio.run(provider.read(p.ReadRequest(urn, id, updated.properties, after))).resource_id == ""


@pytest.mark.parametrize("token", TYPES)
def test_what_belongs_to_a_bucket_or_a_role_is_gone_with_it(token, emulator):
    arn = "arn:aws:iam::123456789012:policy/gone"
    own_ids = {"Policy": arn, "RolePolicy": "gone:inline", "RolePolicyAttachment": f"gone/{arn}"}
    id = own_ids.get(token.split(":")[-1], "gone")
    state = wrap_map({"bucket": "gone", "region": REGION})
    request = p.ReadRequest(f"urn:pulumi:test::probe::{token}::x", id, state, state)
    assert asyncio.run(provider_on(emulator.address).read(request)).resource_id == ""


def test_a_tag_of_all_resources_that_one_has_lost_is_drift_but_none_of_its_own(emulator):
    urn, provider = "urn:pulumi:test::probe::aws:s3/bucket:Bucket::x", provider_on(emulator.address)
    inputs = wrap_map({"bucket": "untagged", "tags": {"a": "b"}})
    made = asyncio.run(provider.create(p.CreateRequest(urn, inputs, 0, False)))
    emulator.s3.put_bucket_tagging(Bucket="untagged", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    seen = asyncio.run(provider.read(p.ReadRequest(urn, "untagged", made.properties, inputs)))
    assert plain_map(seen.inputs)["tags"] == {"a": "b"}
    differs = asyncio.run(provider.diff(p.DiffRequest(urn, "untagged", seen.properties, inputs, [])))
    assert differs.diffs == ["tagsAll"]
    emulator.s3.delete_bucket(Bucket="untagged")


def test_a_role_that_exists_already_and_an_emulator_that_is_down_are_clear_errors(emulator, shared):
    urn = "urn:pulumi:test::probe::aws:iam/role:Role::x"
    request = p.CreateRequest(
        urn, wrap_map({"name": "shared", "assumeRolePolicy": TRUST % '{"Service": "a"}'}), 0, False
    )
    with pytest.raises(RefusedError, match="CreateRole failed with EntityAlreadyExists: Role with name shared already"):
        asyncio.run(provider_on(emulator.address).create(request))
    with pytest.raises(RefusedError, match=r"the emulator cannot be used: .*127\.0\.0\.1:1"):
        asyncio.run(provider_on("http://127.0.0.1:1").create(request))


def test_a_policy_with_five_versions_still_takes_a_new_one(emulator):
    provider, urn = provider_on(emulator.address), "urn:pulumi:test::probe::aws:iam/policy:Policy::x"
    made = asyncio.run(provider.create(p.CreateRequest(urn, wrap_map({"name": "v", "policy": RULES % "0"}), 0, False)))
    state = made.properties
    for number in range(1, 7):
        news = wrap_map({"name": "v", "policy": RULES % number})
        request = p.UpdateRequest(urn, made.resource_id, state, news, 0, [], False)
        state = asyncio.run(provider.update(request)).properties
    assert plain_map(state)["policy"] == RULES % 6
    asyncio.run(provider.delete(p.DeleteRequest(urn, made.resource_id, state, 0)))
    assert "v" not in [found["PolicyName"] for found in emulator.iam.list_policies(Scope="Local")["Policies"]]


def test_documents_and_names_are_checked_before_anything_is_made():
    urn = "urn:pulumi:test::probe::aws:s3/%s::x"
    policies = p.CheckRequest(urn % "bucketPolicy:BucketPolicy", {}, wrap_map({"bucket": "b", "policy": "{,"}), b"")
    (failure,) = asyncio.run(AwsProvider().check(policies)).failures
    assert (failure.property, "not valid JSON" in failure.reason) == ("policy", True)
    names = p.CheckRequest(urn % "bucket:Bucket", {}, wrap_map({"bucket": "b", "bucketPrefix": "b"}), b"")
    (failure,) = asyncio.run(AwsProvider().check(names)).failures
    assert failure.reason == "bucketPrefix and bucket exclude each other"


# In the engine.


@pytest.mark.plugins
def test_every_type_is_created_left_alone_and_destroyed(emulator, tmp_path):
    stack = Stack(tmp_path / "project")
    stack.program(ALL_TYPES.format(address=emulator.address))
    count = len(TYPES)

    first = stack.up()
    assert first.changes == {"create": count + 2}, first.text
    made = stack.outputs()
    assert made["bucket"].startswith("blocks-"), "a bucket's name may not have capitals"
    assert made["domain"] == f"{made['bucket']}.s3.{REGION}.amazonaws.com"
    assert made["role"].startswith("arn:aws:iam::")
    state = stack.state()
    assert {resource["type"] for resource in state.values()} >= set(TYPES), "a type is not in the program"
    assert state["Blocks"]["outputs"]["tagsAll"] == {"owner": "team", "purpose": "metrics"}
    assert "-of-the-stack" not in json.dumps(state), "a key lies in the state in plain text"

    tags = emulator.s3.get_bucket_tagging(Bucket=made["bucket"])["TagSet"]
    assert blocks.tags(tags) == {"owner": "team", "purpose": "metrics"}
    (rule,) = emulator.s3.get_bucket_encryption(Bucket=made["bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith(made["key"])
    assert all(emulator.s3.get_public_access_block(Bucket=made["bucket"])["PublicAccessBlockConfiguration"].values())
    assert emulator.s3.get_bucket_versioning(Bucket=made["bucket"])["Status"] == "Enabled"
    assert len(emulator.s3.get_bucket_lifecycle_configuration(Bucket=made["bucket"])["Rules"]) == 3
    assert emulator.kms.get_key_rotation_status(KeyId=made["key"])["KeyRotationEnabled"]

    seen = stack.refresh()
    assert seen.changes == {"same": count + 2}, seen.text
    again = stack.up()
    assert again.changes == {"same": count + 2}, again.text

    for body in (b"one", b"two"):
        emulator.s3.put_object(Bucket=made["bucket"], Key="object", Body=body)
    emulator.s3.delete_object(Bucket=made["bucket"], Key="object")
    gone = stack.destroy()
    assert gone.changes == {"delete": count + 2}, gone.text
    assert made["bucket"] not in [bucket["Name"] for bucket in emulator.s3.list_buckets()["Buckets"]]
    assert made["role"] not in [role["Arn"] for role in emulator.iam.list_roles()["Roles"]]
    assert emulator.iam.list_policies(Scope="Local", PathPrefix="/observability/")["Policies"] == []
    assert emulator.kms.describe_key(KeyId=made["key"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


@pytest.mark.plugins
def test_a_role_and_a_bucket_are_updated_replaced_refreshed_and_restored(emulator, tmp_path):
    stack = stack_on(emulator.address, tmp_path / "project")
    values = {"bucket": "first", "force": False, "purpose": "a", "path": "/", "service": "ec2", "indent": None}

    def up(**changed):
        stack.program(ROLE_AND_BUCKET.format(**{**values, **changed}))
        return stack.up()

    assert up().changes == {"create": 3}

    updated = up(purpose="b", service="eks", indent=2)
    assert updated.changes == {"same": 1, "update": 2}, updated.text
    assert blocks.tags(emulator.s3.get_bucket_tagging(Bucket="first")["TagSet"]) == {"purpose": "b"}
    trust = emulator.iam.get_role(RoleName="consumer")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"Service": "eks"}

    reformatted = up(purpose="b", service="eks", indent=4)
    assert reformatted.changes == {"same": 3}, "only the layout of the policy's text is new"

    emulator.s3.put_bucket_tagging(Bucket="first", Tagging={"TagSet": [{"Key": "purpose", "Value": "drifted"}]})
    emulator.iam.delete_role(RoleName="consumer")
    drifted = stack.refresh()
    assert drifted.changes == {"same": 1, "update": 1, "delete": 1}, drifted.text
    assert stack.state()["b"]["inputs"]["tags"] == {"purpose": "drifted"}
    restored = up(purpose="b", service="eks")
    assert restored.changes == {"same": 1, "update": 1, "create": 1}, restored.text
    assert blocks.tags(emulator.s3.get_bucket_tagging(Bucket="first")["TagSet"]) == {"purpose": "b"}

    emulator.s3.put_object(Bucket="first", Key="object", Body=b"x")
    refused = up(bucket="second", purpose="b", service="eks", path="/obs/")
    assert refused.code != 0
    assert "the bucket first still holds objects: empty it, or set forceDestroy first" in refused.text
    assert 'File "' not in refused.text, "a user's mistake must not show a stack trace"
    assert emulator.s3.head_bucket(Bucket="second"), "the new bucket comes before the old one goes"
    assert emulator.iam.get_role(RoleName="consumer")["Role"]["Path"] == "/obs/", "a role of one name goes first"

    emulator.s3.delete_object(Bucket="first", Key="object")
    assert up(bucket="second", purpose="b", service="eks", path="/obs/").code == 0
    emulator.s3.delete_bucket(Bucket="second")
    assert stack.destroy().code == 0, "what is gone already can be deleted"
    assert not {bucket["Name"] for bucket in emulator.s3.list_buckets()["Buckets"]} & {"first", "second"}


@pytest.mark.plugins
def test_what_exists_already_is_not_taken_over(emulator, tmp_path):
    place = {"LocationConstraint": REGION}
    emulator.s3.create_bucket(Bucket="taken", CreateBucketConfiguration=place)
    stack = stack_on(emulator.address, tmp_path / "project")
    stack.program("import pulumi_aws as aws; aws.s3.Bucket('b', bucket='taken')")
    result = stack.up()
    emulator.s3.delete_bucket(Bucket="taken")
    assert result.code != 0
    assert "the bucket taken exists already" in result.text
    assert "b" not in stack.state()


@pytest.mark.plugins
def test_without_endpoints_a_preview_works_and_everything_else_is_refused(tmp_path):
    stack = Stack(tmp_path / "project", {"aws:region": REGION})
    stack.program("""
        import pulumi, pulumi_aws as aws
        bucket = aws.s3.Bucket("b", bucket="some-bucket")
        aws.s3.BucketPolicy("policy", bucket=bucket.id, policy=bucket.arn)
        pulumi.export("arn", bucket.arn)
    """)
    preview = stack.preview()
    assert preview.changes == {"create": 3}, preview.text
    result = stack.up()
    assert result.code != 0
    assert "aws:endpoints names no address for s3" in result.text
    assert "b" not in stack.state()

    stack.program("import pulumi_aws as aws; aws.s3.BucketWebsiteConfiguration('w', bucket='b')")
    unknown = stack.up()
    assert unknown.code != 0
    assert "does not know the type aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration" in unknown.text
    assert "it knows aws:iam/policy:Policy, " in unknown.text

    stack.program("import pulumi_aws as aws; aws.s3.Bucket('b', object_lock_enabled=True)")
    unsupported = stack.up()
    assert unsupported.code != 0
    assert "does not support objectLockEnabled of aws:s3/bucket:Bucket" in unsupported.text
