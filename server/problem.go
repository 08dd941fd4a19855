package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/server/batch"
)

// problem is an error that a client is told of, as RFC 9457 has it.
type problem struct {
	status int
	detail string
	reason string        // in the metric of what was refused; empty: it is not counted there
	retry  time.Duration // after which it may go better; 0: nothing is known
}

// Error is what went wrong.
func (p *problem) Error() string { return p.detail }

func bad(status int, format string, args ...any) *problem {
	return &problem{status: status, detail: fmt.Sprintf(format, args...)}
}

func refused(status int, reason, format string, args ...any) *problem {
	return &problem{status: status, reason: reason, detail: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *problem { return bad(http.StatusBadRequest, format, args...) }

// problemOf turns any error into what a client is told. What it may not know, such as paths of this
// machine, is in the log alone.
func problemOf(err error) *problem {
	var p *problem
	var full *batch.FullError
	var many *batch.TooManyError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &full):
		return &problem{http.StatusTooManyRequests, full.Error(), "queue", full.RetryAfter}
	case errors.As(err, &many):
		return refused(http.StatusRequestEntityTooLarge, "images", "%s in a request", many.Error())
	case errors.As(err, &large):
		return refused(http.StatusRequestEntityTooLarge, "bytes", "the request has more than %d bytes", large.Limit)
	case errors.Is(err, batch.ErrClosed):
		return &problem{http.StatusServiceUnavailable, "the server is stopping", "stopping", time.Second}
	case errors.Is(err, index.ErrUnknown):
		return bad(http.StatusNotFound, "no photograph of that number is in the index")
	case errors.Is(err, errNoIndex):
		return &problem{http.StatusServiceUnavailable, errNoIndex.Error(), "starting", time.Second}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refused(statusGone, "gone", "the client is gone")
	}
	return bad(http.StatusInternalServerError, "something went wrong inside; the server's log has it under this request's number")
}

// statusGone is what the log says of requests whose client did not wait for the answer (nginx's
// number; nobody is left to receive it).
const statusGone = 499

// write sends the problem; extra are further members.
func (p *problem) write(w http.ResponseWriter, extra map[string]any) {
	title := http.StatusText(p.status)
	if title == "" {
		title = "Client Closed Request"
	}
	body := map[string]any{"type": "about:blank", "title": title, "status": p.status, "detail": p.detail}
	for k, v := range extra {
		body[k] = v
	}
	text, err := json.Marshal(body)
	if err != nil {
		text = []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(p.retry.Seconds())))))
	}
	w.WriteHeader(p.status)
	w.Write(append(text, '\n')) //nolint:errcheck // the client may be gone
}
