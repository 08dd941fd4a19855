package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/version"
	"github.com/dvml/dvml/kernel"
	"github.com/dvml/dvml/server"
	"github.com/dvml/dvml/server/batch"
)

type serveCmd struct {
	Path       string        `arg:"" help:"An index, or a folder of photographs, which is indexed first."`
	Model      string        `help:"A checkpoint or the folder of a run. Default: the model that the index was made with."`
	Index      string        `short:"o" placeholder:"DIR" help:"Where the index of a folder of photographs lies. Default: beside it, FOLDER.dvml."`
	Listen     string        `default:"127.0.0.1:7654" help:"Address and port. On another address than this machine's own everybody who can reach it can search."`
	Host       []string      `help:"A name under which others call this server, beside its addresses."`
	TLSCert    string        `name:"tls-cert" placeholder:"FILE" help:"Serve HTTPS with this certificate (PEM)."`
	TLSKey     string        `name:"tls-key" placeholder:"FILE" help:"Its key."`
	Compare    []string      `placeholder:"DIR" help:"Another index of the same photographs, as of another model, to compare on the page."`
	Runs       string        `placeholder:"DIR" help:"A folder of runs, or a run's, whose curves the page shows."`
	ReadOnly   bool          `help:"Nobody may write."`
	MaxBatch   int           `default:"32" help:"The most photographs that go through the network at once; a full batch does not wait."`
	MaxWait    time.Duration `default:"0s" help:"The longest that a photograph waits for others while the network is idle."`
	Queue      int           `default:"0" help:"The most photographs that are decoded, wait or are embedded at a time; what is beyond is refused with 429. 0: by what is measured at the start, so many that the last one takes three times as long as it would alone."`
	MaxBytes   int64         `default:"33554432" help:"The most bytes of an uploaded photograph."`
	MaxPixels  int           `default:"100000000" help:"The most pixels of an uploaded photograph."`
	Drain      time.Duration `default:"1s" help:"How long requests are still accepted once the server is to stop."`
	Neighbours int           `default:"30" help:"How many neighbours of each photograph are kept where a folder is indexed; 0: none."`
	Log        string        `default:"text" enum:"text,json" help:"What the log looks like: text or json."`
	LogLevel   slog.Level    `default:"info" help:"debug logs every request."`
	Backend    string        `help:"The engine. Default: as the model was trained." values:"engines"`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	certificate, err := c.certificate()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	o.Loopback = loopback(listener.Addr())
	s := server.New(o)
	defer s.Close()
	h := s.HTTP()
	serve := h.Serve
	scheme := "http"
	if certificate != nil {
		scheme, h.TLSConfig = "https", &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		serve = func(l net.Listener) error { return h.ServeTLS(l, "", "") }
	}
	spareProcessors()
	s.Start(ctx)
	printf("serving %s at %s\n", c.Path, c.address(scheme, listener.Addr(), o.Token))
	if err := s.Serve(ctx, h, listener, serve); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// spareProcessors lets requests run beside the network: its workers, as many as there are processors,
// stay in assembly for milliseconds, where Go takes no processor from them, and a request that is only
// refused would wait as long. With two more the operating system shares the cores out.
func spareProcessors() {
	kernel.Default() // has its workers now
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
}

// options are the server's.
func (c *serveCmd) options() (server.Options, error) {
	o := server.Options{Index: c.Path, Checkpoint: c.Model, Hosts: c.Host, ReadOnly: c.ReadOnly, MaxBytes: c.MaxBytes, MaxPixels: c.MaxPixels, Drain: c.Drain,
		Batch: batch.Options{MaxBatch: c.MaxBatch, MaxWait: c.MaxWait, Capacity: c.Queue}, Patience: 3, Neighbours: c.Neighbours, Version: strings.TrimPrefix(version.Get().Version, "v"), Log: c.logger(),
		Open: func(path string) (server.Model, error) { return dvml.Open(path, dvml.Backend(c.Backend)) }}
	switch {
	case c.MaxBatch < 1 || c.MaxBytes < 1 || c.MaxPixels < 1:
		return o, errors.New("--max-batch, --max-bytes and --max-pixels: expected at least 1")
	case c.MaxWait < 0 || c.Drain < 0 || c.Neighbours < 0 || c.Queue < 0:
		return o, errors.New("--max-wait, --drain, --neighbours and --queue: expected 0 or more")
	}
	if c.Queue > 0 {
		o.Patience = 0
	}
	if !c.ReadOnly {
		if o.Token = os.Getenv("DVML_TOKEN"); o.Token == "" {
			o.Token = rand.Text()
		}
	}
	for _, other := range c.Compare {
		if !index.Exists(other) {
			return o, fmt.Errorf("--compare %s is not an index", other)
		}
	}
	if c.Runs != "" {
		if info, err := os.Stat(c.Runs); err != nil || !info.IsDir() {
			return o, fmt.Errorf("--runs %s is not a directory", c.Runs)
		}
	}
	o.Compare, o.Runs = c.Compare, c.Runs
	info, err := os.Stat(c.Path)
	if err != nil {
		return o, err
	}
	if index.Exists(c.Path) {
		x, err := index.Open(c.Path)
		if err != nil {
			return o, err
		}
		if err := x.Close(); err != nil {
			return o, err
		}
		if c.Index != "" {
			return o, fmt.Errorf("%s is an index itself; -o is for a folder of photographs", c.Path)
		}
		return o, nil
	}
	if !info.IsDir() {
		return o, fmt.Errorf("%s is not a directory: expected an index or a folder of photographs", c.Path)
	}
	if o.Index = c.Index; o.Index == "" {
		folder, err := filepath.Abs(c.Path)
		if err != nil {
			return o, err
		}
		o.Index = folder + ".dvml"
	}
	o.Folders = []string{c.Path}
	if !index.Exists(o.Index) && c.Model == "" {
		return o, fmt.Errorf("%s is a folder of photographs that has no index yet: name the model that is to embed them with --model", c.Path)
	}
	return o, nil
}

func (c *serveCmd) logger() *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

// certificate reads the certificate; nil: none is given.
func (c *serveCmd) certificate() (*tls.Certificate, error) {
	if c.TLSCert == "" && c.TLSKey == "" {
		return nil, nil
	}
	if c.TLSCert == "" || c.TLSKey == "" {
		return nil, errors.New("--tls-cert and --tls-key go together")
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.TLSCert, c.TLSKey, err)
	}
	return &pair, nil
}

// loopback reports an address that nobody but this machine reaches.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// address is what to type into a browser.
func (c *serveCmd) address(scheme string, a net.Addr, token string) string {
	host := a.String()
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	url := scheme + "://" + host + "/"
	if token != "" {
		url += "#token=" + token
	}
	return url
}
