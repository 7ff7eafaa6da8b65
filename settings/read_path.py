"""How metrics are asked: Query, the Query Frontend and the caches."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from render import units

from .base import Cpu, LoadBalancer, Memory, Model, Resources, Written, at_least, lasting

ItemSize = Annotated[str, Written, at_least("1Mi", "that is memcached's own limit")]


class Query(Model):
    """The Query of the stack."""

    replicas: int = Field(default=2, ge=1, le=50, description="the number of pods")
    resources: Resources = Resources(cpu="500m", memory="2Gi")
    load_balancer: LoadBalancer | None = None


class Memcached(Model):
    """One memcached cluster. Its pods' memory follows from `memory`."""

    replicas: int = Field(default=3, ge=1, le=20, description="pods, each with its share of the items")
    memory: Memory = Field(default="2Gi", description="what each pod keeps of items (-m)")
    max_item_size: ItemSize = Field(
        default="5Mi", description="the largest item, for the server (-I) and its clients alike"
    )
    connections: int = Field(default=1024, ge=64, le=65_536, description="connections that each pod takes (-c)")
    cpu: Cpu = Field(default="100m", description="the CPU that the scheduler sets aside for each pod")

    @field_validator("max_item_size")
    @classmethod
    def items_must_fit(cls, size: str, info: ValidationInfo) -> str:
        memory = info.data.get("memory")
        if memory and units.quantity(size) * 2 > units.quantity(memory):
            raise ValueError(f"must be at most half of memory ({memory}), because memcached does not start otherwise")
        if units.quantity(size) % (1024 * 1024) or units.quantity(size) > units.quantity("1Gi"):
            raise ValueError("must be whole Mi up to 1Gi, because both sides have to mean exactly the same size")
        return size

    @field_validator("memory")
    @classmethod
    def memory_is_counted_in_mebibytes(cls, memory: str) -> str:
        if units.quantity(memory) % (1024 * 1024):
            raise ValueError("must be whole Mi, because memcached counts in them")
        return memory


class Redis(Model):
    """A Redis that is there already, in place of memcached, for this stack alone: with one for two regions each would
    get the other's answers. Its password is the secret `redisPassword`."""

    address: str = Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$", description="host:port")
    username: str = Field(default="", max_length=128, description="empty: Redis's default user")
    tls: bool = Field(default=True, description="whether that Redis speaks TLS")


class Caches(Model):
    """Where answers (query) and parts of blocks (store) are cached."""

    backend: Literal["memcached", "redis"] = Field(
        default="memcached", description="made by the stack, or there already"
    )
    query: Memcached = Memcached()
    store: Memcached = Memcached()
    redis: Redis | None = None

    @field_validator("redis")
    @classmethod
    def redis_needs_an_address(cls, redis: Redis | None, info: ValidationInfo) -> Redis | None:
        if info.data.get("backend") == "redis" and redis is None:
            raise ValueError("must be set, because caches.backend is redis and this program makes none")
        if info.data.get("backend") == "memcached" and redis is not None:
            raise ValueError("must not be set, because caches.backend is memcached and it would be ignored")
        return redis


class QueryFrontend(Model):
    """The Query Frontend, through which dashboards ask."""

    replicas: int = Field(default=2, ge=1, le=50, description="the number of pods")
    min_split_interval: Annotated[str, lasting("1h", "every part costs a query of its own")] = Field(
        default="24h", description="ranges up to this long are asked and cached in parts of this length"
    )
    max_split_interval: Annotated[str, lasting("0s", "")] = Field(
        default="336h",
        description="ranges of twice this and more, in parts of this length: that of the Compactor's largest blocks. "
        "Ranges between: in parts as long as themselves",
    )
    vertical_shards: int = Field(
        default=0, ge=0, le=64, description="parts of each query by its grouping labels; 0: one"
    )
    cache_freshness: Annotated[
        str,
        lasting("1m", "the last samples may still be on their way, and an answer without them would stay"),
    ] = Field(default="10m", description="answers about the last so many minutes are not cached")
    log_queries_longer_than: Annotated[str, lasting("0s", "")] = Field(default="10s", description="0s: none")
    resources: Resources = Resources(cpu="500m", memory="1Gi")
    load_balancer: LoadBalancer | None = None

    @field_validator("max_split_interval")
    @classmethod
    def intervals_must_not_cross(cls, longest: str, info: ValidationInfo) -> str:
        shortest = info.data.get("min_split_interval")
        if shortest and units.duration(longest) < units.duration(shortest):
            raise ValueError(f"must be at least minSplitInterval ({shortest}), because it is the longer of the two")
        return longest
