"""Pins of images and charts, one constant each: what a cluster runs is changed here and nowhere else.

Renovate reads this file (renovate.json). Where a registry does not tell when an image was published, the comment above
the constant names the place that does, so that a release can be given time to prove itself.
"""

# Below v0.42.3 a receiver does not upload its head when it shuts down.
# renovate: datasource=github-releases depName=thanos-io/thanos
THANOS = "quay.io/thanos/thanos:v0.42.5"
# The line with long-term support.
# renovate: datasource=github-releases depName=prometheus/prometheus
PROMETHEUS = "quay.io/prometheus/prometheus:v3.13.5"
MEMCACHED = "docker.io/library/memcached:1.6.45-alpine"
# renovate: datasource=github-releases depName=prometheus/memcached_exporter
MEMCACHED_EXPORTER = "quay.io/prometheus/memcached-exporter:v0.15.3"
# The tag ends in what it was built as: this one has no shell.
ENVOY = "docker.io/envoyproxy/envoy:distroless-v1.39.3"
GRAFANA = "docker.io/grafana/grafana:13.2.0"
# The line that needs no ingesters; 2.x reads another configuration.
TEMPO = "docker.io/grafana/tempo:3.0.3"
# A chart that Argo CD installs on edges. Its major version changes with the CRDs in it.
# renovate: datasource=helm depName=kube-prometheus-stack registryUrl=https://prometheus-community.github.io/helm-charts
KUBE_PROMETHEUS_STACK = "88.5.3"
# As Argo CD wants an OCI repository of charts: without a scheme.
KUBE_PROMETHEUS_STACK_REPOSITORY = "ghcr.io/prometheus-community/charts"
