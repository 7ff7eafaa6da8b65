"""Where people look: Grafana, its volume, and who lets them in."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from .base import LoadBalancer, Model, Resources, Written, at_least

#: A query may follow, and nothing that grafana.ini or Grafana's own expansion of values would read as more than a URL.
HttpsUrl = Annotated[
    str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&/-]*)?$")
]
OwnUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$")]
#: On one line, without what grafana.ini expands (`$__file{...}`, `%(name)s`), and without what could end a value.
Text = Annotated[str, Field(pattern=r'^[^\x00-\x1f\x7f$%"\\]+$', max_length=1000)]
#: JMESPath has quotes of its own.
RolePath = Annotated[str, Field(pattern=r'^([^\x00-\x1f\x7f$%"\\]|"[^\x00-\x1f\x7f$%"\\]+")+$', max_length=1000)]
Scope = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]+$", max_length=100)]
Storage = Annotated[str, Written, at_least("1Gi", "no cloud makes smaller volumes")]


class Oidc(Model):
    """A provider of OpenID Connect. Its client secret is the secret `grafanaOidcClientSecret`."""

    name: Text = Field(default="OpenID Connect", description="on the button of the login page")
    auth_url: HttpsUrl = Field(description="https URL to which people are sent to log in")
    token_url: HttpsUrl = Field(description="https URL at which Grafana gets a token")
    api_url: HttpsUrl = Field(description="https URL at which Grafana asks who it is (the provider's userinfo)")
    client_id: Text = Field(description="by which the provider knows Grafana")
    scopes: list[Scope] = Field(default=["openid", "profile", "email"], description="what Grafana asks to be told")
    role_attribute_path: RolePath | None = Field(
        default=None,
        description="JMESPath to Admin, Editor or Viewer; who gets none is refused. Null: whoever logs in is an Editor",
    )

    @field_validator("scopes")
    @classmethod
    def it_is_openid_connect(cls, scopes: list[str]) -> list[str]:
        if "openid" not in scopes:
            raise ValueError("must have openid, because the provider says nothing of who it is otherwise")
        return scopes


class Grafana(Model):
    """Grafana with its data sources and dashboards. One pod: two would need a database of their own."""

    enabled: bool = Field(default=True, description="false: none is made")
    storage: Storage | None = Field(
        default=None,
        description="a volume for what people make themselves; null: it is lost with the pod, and the rest comes anew",
    )
    resources: Resources = Resources(cpu="200m", memory="1Gi")
    load_balancer: LoadBalancer | None = None
    root_url: OwnUrl | None = Field(
        default=None,
        description="http(s)://host in people's browsers, without a path; that of the load balancer, or of a "
        "port-forward, unless given",
    )
    oidc: Oidc | None = None

    @field_validator("oidc")
    @classmethod
    def the_provider_sends_people_back(cls, oidc: Oidc | None, info: ValidationInfo) -> Oidc | None:
        if oidc and not (info.data.get("root_url") or "").startswith("https://"):
            raise ValueError(
                "must come with a grafana.rootUrl that begins with https://, because the provider sends people back "
                "there with a code that is as good as their password"
            )
        return oidc
