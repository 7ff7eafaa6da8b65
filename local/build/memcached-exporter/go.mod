module observability.local/build/memcached-exporter

go 1.26

tool observability.local/build/memcached-exporter
