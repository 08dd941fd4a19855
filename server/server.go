package server

import (
	"cmp"
	"context"
	"errors"
	"image"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/server/batch"
)

// Model embeds photographs; *dvml.Model is one.
type Model interface {
	Dim() int
	Size() int
	Fit() imageset.Fit
	Prepare(photograph []byte) ([]byte, error)
	PrepareImage(img image.Image) ([]byte, error)
	EmbedPrepared(ctx context.Context, pixels []byte) ([]float32, error)
	ForIndex() (index.Model, error)
	Info() (dvml.Info, error)
	Close() error
}

// Options say what is served and within which bounds. The zero value of a bound is its default.
type Options struct {
	Index      string                           // the folder of the index
	Folders    []string                         // photographs that the index is brought in line with first; none: it is served as it is
	Neighbours int                              // kept of each photograph where Folders are indexed; 0: none
	Checkpoint string                           // of the model; empty: the one that the index was made with
	Open       func(path string) (Model, error) // opens a model

	Compare []string // folders of other indices, of other models, that the same questions are put to
	Runs    string   // a folder of runs whose curves are shown, or a run's; empty: none

	Loopback bool     // the server listens on this machine alone: answers hold paths as the index does
	Hosts    []string // names under which it may be called, beside addresses and localhost
	Token    string   // what writes have to bring; empty: nobody may write
	ReadOnly bool     // nobody may write

	Batch     batch.Options // MaxBatch 32, MaxWait 0, Capacity 64
	Patience  float64       // how many times as long as alone an accepted photograph may take: by what is measured at the start the queue is bounded for that; 0: by Capacity alone
	MaxBytes  int64         // of one photograph; 32 MiB
	MaxPixels int           // of one photograph, before it is decoded; 100 million
	Uploads   int64         // bytes of all requests that are being read; 512 MiB
	Slow      time.Duration // the longest that reading a request, or writing an answer, may take; 60 s
	Drain     time.Duration // how long requests are still accepted, each on its last connection, once the server is to stop; 0: not at all

	Version string       // of the program
	Log     *slog.Logger // nil: nothing is logged
}

func (o *Options) defaults() {
	o.Batch.MaxBatch = cmp.Or(o.Batch.MaxBatch, 32)
	o.Batch.Capacity = cmp.Or(o.Batch.Capacity, 64)
	o.MaxBytes = cmp.Or(o.MaxBytes, 32<<20)
	o.MaxPixels = cmp.Or(o.MaxPixels, 100e6)
	o.Uploads = cmp.Or(o.Uploads, 512<<20)
	o.Slow = cmp.Or(o.Slow, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// Server answers over one index.
type Server struct {
	o        Options
	library  library
	others   []other
	writing  sync.Mutex // held while the index is written to
	mapping  mapping
	model    atomic.Pointer[loaded] // nil: not open yet, or there is none
	events   hub
	metrics  *metrics
	handler  http.Handler
	decoders chan struct{} // as many photographs are decoded at a time as it has room for
	reading  atomic.Int64  // bytes of requests in memory
	draining atomic.Bool
	stopping context.Context // ends when the last answers have to
	stop     context.CancelFunc
	work     sync.WaitGroup // what goes on beside requests
}

// New makes a server. It answers once Serve, or a test, gives it requests; Start opens its model.
func New(o Options) *Server {
	o.defaults()
	s := &Server{o: o, library: library{folder: o.Index}, decoders: make(chan struct{}, runtime.GOMAXPROCS(0))}
	s.others = othersOf(o.Compare)
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.metrics = newMetrics(s)
	s.handler = s.routes()
	return s
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Start opens the model and brings the index in line with its folders, while requests are answered already.
func (s *Server) Start(ctx context.Context) {
	s.work.Go(func() { s.prepare(ctx) })
	s.work.Go(func() { s.follow(ctx) })
}

// HTTP returns what serves requests to s: with bounds on headers and on slow clients.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
}

// Serve answers requests until ctx ends; then it is no longer ready, tells clients to make no
// further use of their connections, and returns when every request that had reached it is answered,
// after 30 seconds at most. serve is what h does with its listener.
func (s *Server) Serve(ctx context.Context, h *http.Server, l net.Listener, serve func(net.Listener) error) error {
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.o.Log.Info("stopping", "drain", s.o.Drain)
	s.events.close()
	select {
	case <-time.After(s.o.Drain):
	case err := <-ended:
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := h.Shutdown(last)
	if err != nil {
		err = errors.Join(err, h.Close())
	}
	return err
}

// Close ends what goes on beside requests, of which none may be at work any more, and closes model and index.
func (s *Server) Close() {
	s.draining.Store(true)
	s.stop()
	s.events.close()
	s.work.Wait()
	if m := s.model.Swap(nil); m != nil {
		m.close()
	}
	s.library.close()
	for _, o := range s.others {
		o.library.close()
	}
}

var _ io.Closer = Model(nil)
