// Memcached-exporter shows what memcached counts to Prometheus: a stand-in for prometheus/memcached_exporter where no
// registry has its image. It has its two flags and the main ones of its metrics, under the same names.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

type metric struct{ name, kind, stat string }

var metrics = []metric{
	{"memcached_uptime_seconds", "counter", "uptime"},
	{"memcached_current_bytes", "gauge", "bytes"},
	{"memcached_limit_bytes", "gauge", "limit_maxbytes"},
	{"memcached_current_items", "gauge", "curr_items"},
	{"memcached_items_total", "counter", "total_items"},
	{"memcached_items_evicted_total", "counter", "evictions"},
	{"memcached_current_connections", "gauge", "curr_connections"},
	{"memcached_max_connections", "gauge", "max_connections"},
	{"memcached_connections_total", "counter", "total_connections"},
	{"memcached_connections_listener_disabled_total", "counter", "listen_disabled_num"},
	{"memcached_read_bytes_total", "counter", "bytes_read"},
	{"memcached_written_bytes_total", "counter", "bytes_written"},
	{`memcached_commands_total{command="get",status="hit"}`, "counter", "get_hits"},
	{`memcached_commands_total{command="get",status="miss"}`, "counter", "get_misses"},
	{`memcached_commands_total{command="set",status="hit"}`, "counter", "cmd_set"},
}

func main() {
	address := flag.String("memcached.address", "localhost:11211", "host:port of memcached")
	listen := flag.String("web.listen-address", ":9150", "where /metrics is served")
	flag.Parse()
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		stats, err := read(*address)
		if err != nil {
			log.Print(err)
		}
		write(w, stats)
	})
	log.Fatal(http.ListenAndServe(*listen, nil))
}

// read returns memcached's answer to "stats".
func read(address string) (map[string]string, error) {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprint(connection, "stats\r\n"); err != nil {
		return nil, err
	}
	stats := map[string]string{}
	for lines := bufio.NewScanner(connection); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 3 && words[0] == "STAT" {
			stats[words[1]] = words[2]
		} else {
			return stats, nil
		}
	}
	return nil, fmt.Errorf("%s closed the connection or was silent before the end of its answer", address)
}

// write shows the stats that are there; without any, memcached is down.
func write(w io.Writer, stats map[string]string) {
	up := 1
	if len(stats) == 0 {
		up = 0
	}
	fmt.Fprintf(w, "# TYPE memcached_up gauge\nmemcached_up %d\n", up)
	if version, ok := stats["version"]; ok {
		fmt.Fprintf(w, "# TYPE memcached_version gauge\nmemcached_version{version=%q} 1\n", version)
	}
	typed := ""
	for _, m := range metrics {
		value, ok := stats[m.stat]
		if !ok {
			continue
		}
		if name, _, _ := strings.Cut(m.name, "{"); name != typed {
			typed = name
			fmt.Fprintf(w, "# TYPE %s %s\n", name, m.kind)
		}
		fmt.Fprintf(w, "%s %s\n", m.name, value)
	}
}
