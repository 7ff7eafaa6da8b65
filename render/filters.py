"""Filter profiles: which series edges send, by names of metrics. What each drops was measured: docs/filtering.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Regular expressions (RE2) that match whole names of metrics."""

    extends: str | None = None
    """The profile of `PROFILES` that applies first."""
    keep: Sequence[str] = ()
    """When given, nothing else is sent."""
    drop: Sequence[str] = ()
    """What is not sent."""


#: What no rule and no dashboard of kube-prometheus asks for, by who exposes it. A histogram's _sum and _count stay, so
#: its average does too.
_DEFAULT = (
    # Every Go program. Whole names: `go_gc_duration_seconds_.*` would leave the quantiles.
    r"go_gc_duration_seconds(_sum|_count)?",
    r"go_(gc|sched)_.+_bucket",
    r"promhttp_metric_handler_.+",
    # Every component of Kubernetes.
    r"kubernetes_feature_enabled",
    r"workqueue_work_duration_seconds_bucket",
    r"rest_client_(rate_limiter_duration_seconds|request_size_bytes|response_size_bytes)_bucket",
    # The API server. Its buckets with `sli` stay, on which kube-prometheus's error budgets are built.
    r"(apiserver|etcd)_request_duration_seconds_bucket",
    r"apiserver_(request_body_size_bytes|request_filter_duration_seconds|response_sizes)_bucket",
    r"apiserver_(admission|cel|flowcontrol|storage|watch)_.+_bucket",
    # The scheduler.
    r"scheduler_(plugin_execution|event_handling|framework_extension_point)_duration_seconds_bucket",
    # The kubelet.
    r"kubelet_container_log_filesystem_used_bytes",
    r"kubelet_(http_requests|pod_start_sli|pod_start_total|pod_status_sync|run_podsandbox)_duration_seconds_bucket",
    r"kubelet_(topology_manager_admission_duration_ms|volume_metric_collection_duration_seconds)_bucket",
    r"prober_probe_duration_seconds_bucket",
    # cAdvisor: each is there once a container, cgroup or pod.
    r"container_blkio_device_usage_total",
    r"container_cpu_load_(d_)?average_10s",
    r"container_fs_(io_current|io_time_.+|reads_merged_total|sector_.+|writes_merged_total)",
    r"container_memory_(failcnt|failures_total|kernel_usage|mapped_file|max_usage_bytes|total_(in)?active_file_bytes)",
    r"container_network_((tcp|udp)6?_usage|advance_tcp_stats)_total",
    r"container_spec_(cpu_period|cpu_shares|memory_reservation_limit_bytes|memory_swap_limit_bytes)",
    r"container_(file_descriptors|last_seen|tasks_state|threads_max|ulimits_soft)",
    # kube-state-metrics: objects that nobody alerts on, and what does not change in an object's life.
    r"kube_(configmap|endpoint|endpointslice|lease|limitrange|networkpolicy|secret)(_.+)?",
    r"kube_(mutating|validating)webhookconfiguration_.+",
    r"kube_(cronjob|daemonset|deployment|horizontalpodautoscaler|ingress|pod|replicaset|service|statefulset)_created",
    r"kube_(cronjob|ingress)_metadata_resource_version",
    r"kube_pod_(ips|restart_policy|scheduler|service_account|tolerations)",
    r"kube_pod_status_(qos_class|(container_ready|initialized|ready|scheduled)_time)",
    r"kube_replicaset_(metadata_generation|status_fully_labeled_replicas|status_observed_generation)",
    # node_exporter: each is there once a network interface or collector.
    r"node_network_(address_assign_type|device_id|dormant|flags|iface_.+|name_assign_type|net_dev_group|protocol_type)",
    r"node_network_(receive|transmit)_(carrier|colls|compressed|fifo|frame|multicast|nohandler)_total",
    r"node_network_transmit_queue_length",
    r"node_scrape_collector_duration_seconds",
    # Prometheus.
    r"net_conntrack_.+",
    r"prometheus_(http|sd_kubernetes_events)_.+",
)

#: Beyond `_DEFAULT`: what is asked for only to look into Kubernetes's own programs. All that kube-prometheus's rules
#: and dashboards ask about workloads, volumes and nodes stays. Not a list of what to keep: that would also take away
#: the metrics of applications, which nobody here can know.
_LEAN = (
    r"go_(cgo|cpu|gc|godebug|memstats|sched|sync)_.+",
    # Components of Kubernetes. The API server's requests by code, and when certificates expire, stay.
    r"(etcd_request|etcd_requests|node_authorizer|watch_cache|workqueue)_.+",
    r"scheduler_(event_handling|framework_extension_point|plugin|pod_scheduling|preemption|scheduling|volume)_.+",
    r"rest_client_.+_(bucket|sum|count)",
    r"apiserver_(admission|audit|authentication|authorization|cache|cel|flowcontrol|kube|longrunning|resource)_.+",
    r"apiserver_(response|selfrequest|storage|watch)_.+",
    r"apiserver_request_(body|duration|filter|sli|timestamp)_.+",
    # The kubelet. What its alerts are about stays: pods that start late, and its list of containers.
    r"kubelet_(cgroup_manager|http|image|memory_manager|orphan|pod_start|pod_status|runtime|topology_manager)_.+",
    r"kubelet_pleg_relist_interval_.+",
    r"(dra_operations|prober_probe|storage_operation|volume_operation)_.+",
    # cAdvisor.
    r"container_(pressure|spec|ulimits)_.+",
    r"container_(processes|sockets|start_time_seconds|threads)",
    r"container_cpu_(cfs_throttled_seconds|system_seconds|user_seconds)_total",
    # kube-state-metrics.
    r"kube_pod_container_state_started",
    r"kube_pod_status_scheduled",
    r"kube_replicaset_(spec|status)_.+",
    # node_exporter.
    r"node_(entropy|procs|scrape|selinux|sockstat|softnet)_.+",
    r"node_network_carrier(_.+)?",
)

PROFILES: Mapping[str, Profile] = {
    "default": Profile(drop=_DEFAULT),
    "lean": Profile(extends="default", drop=_LEAN),
    "everything": Profile(),
}


def relabeling(name: str, own: Mapping[str, Profile]) -> list[dict[str, object]]:
    """The write relabel rules of a profile, in Prometheus's own words. `own`: profiles beside `PROFILES`."""
    profile = {**PROFILES, **own}[name]
    rules = relabeling(profile.extends, {}) if profile.extends else []
    for action in ("keep", "drop"):
        if expressions := getattr(profile, action):
            # A flag such as (?i) holds to the end of its group: it must not reach the alternatives after it.
            grouped = [f"(?:{each})" if "(?" in each else each for each in expressions]
            rules.append({"source_labels": ["__name__"], "regex": "|".join(grouped), "action": action})
    return rules
