package server

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics tells. Every series is there, at zero, before anything is asked; labels
// are of the table of routes, never of what clients send.
type metrics struct {
	requests              *prometheus.CounterVec
	duration              *prometheus.HistogramVec
	rejected              *prometheus.CounterVec
	panics                prometheus.Counter
	queueWait, batchSize  prometheus.Histogram
	decode, embed, search prometheus.Histogram
	handler               http.Handler
	paths                 map[string]bool
}

// reasons are why requests are refused.
var reasons = []string{"queue", "uploads", "bytes", "pixels", "images", "type", "host", "origin", "token", "starting", "stopping", "slow", "writing", "gone"}

// seconds are the bounds of histograms of time: 1 ms to 10 s.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newMetrics(s *Server) *metrics {
	of := prometheus.NewRegistry()
	histogram := func(name, help string, bounds []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds})
		of.MustRegister(h)
		return h
	}
	m := &metrics{
		requests:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dvml_requests_total", Help: "Requests, by route and status."}, []string{"route", "code"}),
		duration:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "dvml_request_duration_seconds", Help: "From a request's header to the end of its answer.", Buckets: seconds}, []string{"route"}),
		rejected:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dvml_rejected_total", Help: "Requests that were refused, by reason."}, []string{"reason"}),
		panics:    prometheus.NewCounter(prometheus.CounterOpts{Name: "dvml_panics_total", Help: "Requests that a fault of the program ended."}),
		queueWait: histogram("dvml_queue_wait_seconds", "How long the images of a batch waited, on average.", seconds),
		batchSize: histogram("dvml_batch_size", "Images in a batch.", []float64{1, 2, 4, 8, 16, 32, 64, 128}),
		decode:    histogram("dvml_decode_seconds", "Decoding and scaling one photograph.", seconds),
		embed:     histogram("dvml_embed_seconds", "A batch's way through the network.", seconds),
		search:    histogram("dvml_search_seconds", "A search.", seconds),
		paths:     map[string]bool{},
	}
	gauge := func(name, help string, value func() float64) {
		of.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	of.MustRegister(m.requests, m.duration, m.rejected, m.panics, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, r := range reasons {
		m.rejected.WithLabelValues(r)
	}
	m.known("page")
	m.known("other")
	gauge("dvml_queue_length", "Images that are decoded, wait or are embedded.", func() float64 {
		if l := s.model.Load(); l != nil {
			return float64(l.queue.Held())
		}
		return 0
	})
	gauge("dvml_index_items", "Photographs that can be found.", func() float64 { return s.ofIndex(func(x *opened) int { return x.Len() }) })
	gauge("dvml_index_failed", "Photographs that could not be indexed.", func() float64 {
		return s.ofIndex(func(x *opened) int {
			n, err := x.failed(context.Background())
			if err != nil {
				return -1
			}
			return n
		})
	})
	m.handler = promhttp.HandlerFor(of, promhttp.HandlerOpts{})
	return m
}

// ofIndex is a number of the index, 0 while there is none.
func (s *Server) ofIndex(of func(*opened) int) float64 {
	x, err := s.library.acquire()
	if err != nil {
		return 0
	}
	defer x.release()
	return float64(of(x))
}

// known makes the series of a route.
func (m *metrics) known(path string) {
	m.paths[path] = true
	m.requests.WithLabelValues(path, "200")
	m.duration.WithLabelValues(path)
}

// answered counts a request by the pattern that it matched.
func (m *metrics) answered(pattern string, status int, took time.Duration) {
	_, path, found := strings.Cut(pattern, " ")
	if !found {
		path = pattern
	}
	switch {
	case path == "/":
		path = "page"
	case !m.paths[path]:
		path = "other"
	}
	m.requests.WithLabelValues(path, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(path).Observe(took.Seconds())
}

// batch is told of each batch.
func (m *metrics) batch(images int, waited, took time.Duration) {
	m.batchSize.Observe(float64(images))
	m.queueWait.Observe(waited.Seconds())
	m.embed.Observe(took.Seconds())
}

func (s *Server) getMetrics(c *call) error {
	s.metrics.handler.ServeHTTP(c.w, c.r)
	return nil
}
