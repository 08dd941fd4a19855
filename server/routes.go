package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dvml/dvml/server/batch"
)

// call is a request on its way through a route.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	began  time.Time
	timing []string // of header Server-Timing
}

// spent notes what a part of the work took.
func (c *call) spent(part string, d time.Duration) {
	c.timing = append(c.timing, fmt.Sprintf("%s;dur=%.1f", part, float64(d.Microseconds())/1000))
}

// route is a way to ask for something.
type route struct {
	method, path string
	answer       func(*call) error
	writes       bool // it needs the token
}

func (s *Server) table() []route {
	return []route{
		{method: "GET", path: "/v1/info", answer: s.getInfo},
		{method: "GET", path: "/v1/classes", answer: s.getClasses},
		{method: "GET", path: "/v1/folders", answer: s.getFolders},
		{method: "GET", path: "/v1/items", answer: s.getItems},
		{method: "GET", path: "/v1/items/ids", answer: s.getIDs},
		{method: "POST", path: "/v1/items/batch", answer: s.postItems},
		{method: "GET", path: "/v1/items/{id}", answer: s.getItem},
		{method: "GET", path: "/v1/thumb/{id}", answer: s.getThumb},
		{method: "GET", path: "/v1/original/{id}", answer: s.getOriginal},
		{method: "POST", path: "/v1/search", answer: s.postSearch},
		{method: "POST", path: "/v1/embed", answer: s.postEmbed},
		{method: "POST", path: "/v1/embeddings", answer: s.postEmbeddings},
		{method: "POST", path: "/v1/compare", answer: s.postCompare},
		{method: "POST", path: "/v1/classify", answer: s.postClassify},
		{method: "POST", path: "/v1/decisions", answer: s.postDecision, writes: true},
		{method: "GET", path: "/v1/decisions.csv", answer: s.getDecisions},
		{method: "GET", path: "/v1/review/{queue}", answer: s.getReview},
		{method: "GET", path: "/v1/map", answer: s.getMap},
		{method: "POST", path: "/v1/map", answer: s.postMap, writes: true},
		{method: "GET", path: "/v1/map/info", answer: s.getMapInfo},
		{method: "GET", path: "/v1/models/{name}/neighbours", answer: s.getOther},
		{method: "GET", path: "/v1/runs", answer: s.getRuns},
		{method: "GET", path: "/v1/runs/{name}/metrics", answer: s.getRun},
		{method: "GET", path: "/v1/events", answer: s.getEvents},
		{method: "GET", path: "/healthz/live", answer: s.getLive},
		{method: "GET", path: "/healthz/ready", answer: s.getReady},
		{method: "GET", path: "/metrics", answer: s.getMetrics},
		{method: "GET", path: "/openapi.json", answer: s.getOpenAPI},
	}
}

// routes puts the table, and what surrounds every route, together.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	byPath := map[string][]route{}
	for _, r := range s.table() {
		s.metrics.known(r.path)
		byPath[r.path] = append(byPath[r.path], r)
	}
	for path, routes := range byPath {
		mux.Handle(path, s.handle(routes...))
	}
	for _, tree := range []string{"/v1/", "/healthz/"} {
		mux.Handle(tree, s.handle(route{answer: func(*call) error { return bad(http.StatusNotFound, "there is no such route; /openapi.json lists them") }}))
	}
	pages := newPages()
	mux.Handle("/", s.handle(route{answer: pages.get}))
	return s.surround(mux)
}

// handle answers by the route of a request's method, one without a method by any, and turns errors into problems.
func (s *Server) handle(routes ...route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := &call{w: w, r: req, began: time.Now()}
		if err := s.answer(c, routes); err != nil {
			s.tell(c, err)
		}
	})
}

func (s *Server) answer(c *call, routes []route) error {
	var methods []string
	for _, r := range routes {
		if r.method == "" || r.method == c.r.Method || r.method == http.MethodGet && c.r.Method == http.MethodHead {
			if r.writes {
				if err := s.may(c.r); err != nil {
					return err
				}
			}
			return r.answer(c)
		}
		methods = append(methods, r.method)
	}
	c.w.Header().Set("Allow", strings.Join(methods, ", "))
	return bad(http.StatusMethodNotAllowed, "this route is for %s", strings.Join(methods, " and "))
}

// tell sends an error, and logs what the client is not told.
func (s *Server) tell(c *call, err error) {
	if errors.Is(err, errSent) {
		return
	}
	p := problemOf(err)
	if c.r.Context().Err() != nil && p.reason != "slow" { // a deadline that passes ends the context as well
		p = refused(statusGone, "gone", "the client is gone")
	}
	if p.reason != "" {
		s.metrics.rejected.WithLabelValues(p.reason).Inc()
	}
	if p.status == http.StatusInternalServerError {
		attrs := []any{"request", c.w.Header().Get("X-Request-Id"), "path", c.r.URL.Path, "error", err}
		var fell *batch.PanicError
		if errors.As(err, &fell) {
			s.metrics.panics.Inc()
			attrs = append(attrs, "stack", string(fell.Stack))
		}
		s.o.Log.Error("failed", attrs...)
	}
	if p.status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", "Bearer")
	}
	p.write(c.w, c.extra(p))
}

// errSent is returned by routes whose answer went wrong when it had begun already.
var errSent = errors.New("the answer could not be sent whole")

// extra adds what clients of OpenAI's interface look for in an error.
func (c *call) extra(p *problem) map[string]any {
	if c.r.URL.Path != "/v1/embeddings" {
		return nil
	}
	kind := "invalid_request_error"
	if p.status >= 500 {
		kind = "server_error"
	}
	return map[string]any{"error": map[string]any{"message": p.detail, "type": kind, "param": nil, "code": nil}}
}

// json sends v.
func (c *call) json(status int, v any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Cache-Control", "no-store")
	return c.send(status, text.Bytes())
}

// raw sends bytes.
func (c *call) raw(contentType string, b []byte) error {
	c.w.Header().Set("Content-Type", contentType)
	return c.send(http.StatusOK, b)
}

func (c *call) send(status int, b []byte) error {
	c.spent("total", time.Since(c.began))
	c.w.Header().Set("Server-Timing", strings.Join(c.timing, ", "))
	c.w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	if _, err := c.w.Write(b); err != nil {
		return errSent
	}
	return nil
}

// recorder remembers what was sent.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// surround puts around all routes what holds for every request: its number, its time limits, who
// may ask, what is measured and logged.
func (s *Server) surround(next http.Handler) http.Handler {
	var numbers atomic.Int64
	start := time.Now().Unix()
	sameSite := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		out := &recorder{ResponseWriter: w}
		id := fmt.Sprintf("%x-%x", start, numbers.Add(1))
		out.Header().Set("X-Request-Id", id)
		protect(out.Header())
		if s.draining.Load() {
			out.Header().Set("Connection", "close")
		}
		limit := http.NewResponseController(w)
		limit.SetReadDeadline(began.Add(s.o.Slow))      //nolint:errcheck // not every writer of a test has deadlines
		limit.SetWriteDeadline(began.Add(2 * s.o.Slow)) //nolint:errcheck // likewise
		c := &call{w: out, r: r, began: began}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				s.tell(c, &batch.PanicError{Value: v, Stack: debug.Stack()})
			}
			s.metrics.answered(r.Pattern, out.status, time.Since(began))
			level := slog.LevelDebug
			if out.status == http.StatusInternalServerError {
				level = slog.LevelWarn
			}
			s.o.Log.Log(r.Context(), level, "request", "id", id, "method", r.Method, "path", r.URL.Path, "status", out.status, "bytes", out.bytes,
				"ms", float64(time.Since(began).Microseconds())/1000)
		}()
		if err := s.called(r); err != nil {
			s.tell(c, err)
			return
		}
		if err := sameSite.Check(r); err != nil {
			s.tell(c, refused(http.StatusForbidden, "origin", "this request comes from a page of another site"))
			return
		}
		next.ServeHTTP(out, r)
	})
}
