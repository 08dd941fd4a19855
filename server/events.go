package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// progress is how far the index is.
type progress struct {
	Done   int      `json:"done"`
	Total  int      `json:"total"`
	Failed int      `json:"failed"`
	Rate   float64  `json:"rate"`  // a second
	ETA    *float64 `json:"eta_s"` // null: not known yet
	Phase  string   `json:"phase"`
}

// hub tells those who listen what happens.
type hub struct {
	mu        sync.Mutex
	now       *progress
	modelless bool // no model will come
	closed    bool
	listeners map[chan []byte]bool
}

// indexing is how far the index is; nil: nothing is being indexed.
func (h *hub) indexing() *progress {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hub) without() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.modelless
}

func (h *hub) noModel() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.modelless = true
}

// progress tells how far the index is; nil: it is done.
func (h *hub) progress(p *progress) {
	h.mu.Lock()
	h.now = p
	h.mu.Unlock()
	h.tell("indexing", p)
}

// event is a server-sent event.
func event(name string, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		return nil
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, text)
}

// tell sends an event to all. One who does not keep up misses it; the next one says where things stand then.
func (h *hub) tell(name string, data any) {
	e := event(name, data)
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		select {
		case l <- e:
		default:
		}
	}
}

// mostListeners bounds the streams that are open at a time.
const mostListeners = 256

func (h *hub) listen() (chan []byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, &problem{http.StatusServiceUnavailable, "the server is stopping", "stopping", time.Second}
	case len(h.listeners) >= mostListeners:
		return nil, &problem{http.StatusTooManyRequests, "too many streams of events are open", "uploads", 10 * time.Second}
	}
	l := make(chan []byte, 16)
	if h.listeners == nil {
		h.listeners = map[chan []byte]bool{}
	}
	h.listeners[l] = true
	return l, nil
}

func (h *hub) leave(l chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners[l] {
		delete(h.listeners, l)
		close(l)
	}
}

// close ends all streams.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		delete(h.listeners, l)
		close(l)
	}
}

// getEvents streams what happens, from what is so now on.
func (s *Server) getEvents(c *call) error {
	l, err := s.events.listen()
	if err != nil {
		return err
	}
	defer s.events.leave(l)
	out := http.NewResponseController(c.w)
	out.SetReadDeadline(time.Time{}) //nolint:errcheck // where there are none there is nothing to lift
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("Cache-Control", "no-store")
	send := func(b []byte) error {
		out.SetWriteDeadline(time.Now().Add(s.o.Slow)) //nolint:errcheck // likewise
		if _, err := c.w.Write(b); err != nil {
			return errSent
		}
		if err := out.Flush(); err != nil {
			return errSent
		}
		return nil
	}
	if err := send(event("indexing", s.events.indexing())); err != nil {
		return err
	}
	alive := time.NewTicker(15 * time.Second)
	defer alive.Stop()
	for {
		var next []byte
		select {
		case e, open := <-l:
			if !open {
				return nil
			}
			next = e
		case <-alive.C:
			next = []byte(": alive\n\n")
		case <-c.r.Context().Done():
			return nil
		}
		if err := send(next); err != nil {
			return err
		}
	}
}
