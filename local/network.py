"""Addresses of the local platform. They exist only inside the node's namespaces and on the link to them."""

#: The node's end of the link, and the host's.
NODE = "10.254.254.2"
HOST = "10.254.254.1"
LINK_PREFIX = 30
PODS = "10.244.0.0/16"
NODE_PODS = "10.244.0.0/24"
#: First address of NODE_PODS: the bridge that pods hang on. Cluster DNS listens there.
BRIDGE = "10.244.0.1"
SERVICES = "10.96.0.0/16"
KUBERNETES_SERVICE = "10.96.0.1"
API_PORT = 6443
ETCD_PORT = 2379
S3_PORT = 5000
