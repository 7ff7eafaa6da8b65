// Command blocks writes TSDB blocks of made-up series: blocks -out DIR -pods N -interval SECONDS T0 T1 ... Tn.
//
// Every pair of neighbouring times (Unix seconds) becomes one block. Twenty series a pod; the same arguments give the
// same samples.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// What Prometheus appends between two commits is kept in memory.
const commitEvery = 200_000

type series struct {
	labels labels.Labels
	value  float64 // without what `below` counts
	total  float64
	// mean of what is added at each step: a counter; 0: a gauge that walks at random.
	mean float64
	// below is the next smaller bucket of a histogram, which this one counts too.
	below  *series
	random *rand.Rand
	ref    storage.SeriesRef
}

func (s *series) next() float64 {
	if s.mean > 0 {
		s.value += float64(int(s.random.ExpFloat64() * s.mean))
	} else if s.random.Float64() < 0.3 {
		s.value = max(0, s.value+float64(s.random.IntN(21)-10)*4096)
	}
	s.total = s.value
	if s.below != nil {
		s.total += s.below.total
	}
	return s.total
}

func podSeries(pod int) []*series {
	base := []string{
		"cluster", fmt.Sprintf("cluster-%d", pod%4),
		"namespace", fmt.Sprintf("team-%d", pod%10),
		"pod", fmt.Sprintf("app-%04d", pod),
	}
	var all []*series
	add := func(mean, value float64, name string, more ...string) {
		pairs := append(append([]string{labels.MetricName, name}, base...), more...)
		random := rand.New(rand.NewPCG(uint64(pod), uint64(len(all))))
		all = append(all, &series{labels: labels.FromStrings(pairs...), value: value, mean: mean, random: random})
	}
	for i, code := range []string{"200", "304", "404", "500"} {
		add(60/float64(1+8*i), 0, "http_requests_total", "code", code)
	}
	for i, le := range []string{"0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"} {
		add(8/float64(1+i), 0, "http_request_duration_seconds_bucket", "le", le)
		if i > 0 {
			all[len(all)-1].below = all[len(all)-2]
		}
	}
	for _, direction := range []string{"receive", "transmit"} {
		add(90_000, 0, "container_network_"+direction+"_bytes_total")
	}
	add(9, 0, "container_cpu_usage_seconds_total")
	add(0.02, 0, "container_restarts_total")
	add(0, 512*1024*1024, "container_memory_working_set_bytes")
	add(0, 4*1024*1024, "container_fs_usage_bytes")
	return all
}

func writeBlock(dir string, all []*series, from, to, interval int64) error {
	writer, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, (to-from)*1000)
	if err != nil {
		return err
	}
	defer writer.Close()
	ctx := context.Background()
	app, appended := writer.Appender(ctx), 0
	for _, s := range all {
		s.ref = 0
	}
	for t := from; t < to; t += interval {
		for _, s := range all {
			if s.ref, err = app.Append(s.ref, s.labels, t*1000, s.next()); err != nil {
				return err
			}
		}
		if appended += len(all); appended > commitEvery {
			if err := app.Commit(); err != nil {
				return err
			}
			app, appended = writer.Appender(ctx), 0
		}
	}
	if err := app.Commit(); err != nil {
		return err
	}
	_, err = writer.Flush(ctx)
	return err
}

func run() error {
	out := flag.String("out", "", "folder for the blocks")
	pods := flag.Int("pods", 100, "number of pods, of 20 series each")
	interval := flag.Int64("interval", 60, "seconds between samples")
	flag.Parse()
	var times []int64
	for _, text := range flag.Args() {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		times = append(times, seconds)
	}
	var all []*series
	for pod := range *pods {
		all = append(all, podSeries(pod)...)
	}
	for i := 1; i < len(times); i++ {
		if err := writeBlock(*out, all, times[i-1], times[i], *interval); err != nil {
			return err
		}
		fmt.Printf("block %d of %d\n", i, len(times)-1)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
