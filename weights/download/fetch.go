package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dvml/dvml/internal/lockfile"
)

// ErrChecksum is wrapped by the error of a file whose hash is not the published one.
var ErrChecksum = errors.New("the hash is not the published one")

// Options changes how a file is fetched. The zero value is good.
type Options struct {
	Folder   string                  // of the cache; "" is [CacheFolder]
	Client   *http.Client            // nil is [http.DefaultClient]
	Attempts int                     // connections in a row that may bring nothing before giving up; 0 is 5
	Wait     time.Duration           // before the second attempt, doubled each time; 0 is a second
	Progress func(done, total int64) // bytes so far and in all, total -1 where the server does not say; nil is silence
	// Failed is told of an attempt that failed, before the wait for the next one; nil is silence.
	Failed func(err error, wait time.Duration)
	// Waiting is told that another process is fetching the file, and that this one waits for it; nil is silence.
	Waiting func()
}

// idle is how long a connection may bring nothing before it is given up.
const idle = time.Minute

// Fetch is [Source.Fetch] of the source of a name, or [Hub.Fetch] of a name that begins with hf:.
func Fetch(ctx context.Context, name string, o Options) (string, error) {
	if strings.HasPrefix(name, "hf:") {
		h, err := ParseHub(name)
		if err != nil {
			return "", err
		}
		return h.Fetch(ctx, o)
	}
	s, err := Lookup(name)
	if err != nil {
		return "", err
	}
	return s.Fetch(ctx, o)
}

// Fetch returns the path of the source's file in the cache, and downloads it where it is not there.
// A connection that breaks is taken up again from the byte it broke at, in this call or the next.
// The error of a machine without a network says which file to bring and where to put it.
func (s Source) Fetch(ctx context.Context, o Options) (string, error) {
	if o.Folder == "" {
		var err error
		if o.Folder, err = CacheFolder(); err != nil {
			return "", err
		}
	}
	path := filepath.Join(o.Folder, s.File())
	if there, err := s.cached(path); there || err != nil {
		return path, err
	}
	if err := os.MkdirAll(o.Folder, 0o777); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	lock, err := lockfile.Await(ctx, path+".lock", o.Waiting) // two processes would append to one file
	if err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	defer lock.Remove()                                    //nolint:errcheck // the file is whole or what has come of it is kept, whatever becomes of the lock
	if there, err := s.cached(path); there || err != nil { // another process has fetched it meanwhile
		return path, err
	}
	partial := path + ".partial"
	if err := s.fetch(ctx, partial, o); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("download: %s: %w; what has come is kept, and the next try resumes there", s.URL, err)
		}
		return "", fmt.Errorf("download: %s: %w\nwithout a network, bring that file (%s) and put it at %s", s.URL, err, s.digits(), path)
	}
	if err := s.verify(partial); err != nil {
		os.Remove(partial)
		return "", fmt.Errorf("download: %s: %w; what came was deleted", s.URL, err)
	}
	if err := os.Rename(partial, path); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	return path, nil
}

// cached reports whether the file is at path; a damaged one is an error.
func (s Source) cached(path string) (there bool, err error) {
	if _, err := os.Stat(path); err != nil {
		return false, nil
	}
	if err := s.verify(path); err != nil {
		return false, fmt.Errorf("download: %s: %w; delete it to fetch it anew", path, err)
	}
	return true, nil
}

// fetch brings the whole file to path, over as many connections as it takes.
func (s Source) fetch(ctx context.Context, path string, o Options) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	attempts, wait := o.Attempts, o.Wait
	if attempts <= 0 {
		attempts = 5
	}
	if wait <= 0 {
		wait = time.Second
	}
	longest := int64(0) // how far the file ever came
	for failed := 0; ; {
		have, err := s.connect(ctx, out, o)
		var final permanent
		switch {
		case err == nil:
			return out.Sync()
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &final):
			return err
		case have > longest:
			longest, failed = have, 0
		default:
			failed++
		}
		if failed >= attempts {
			return err
		}
		pause := wait << max(failed-1, 0)
		if o.Failed != nil {
			o.Failed(err, pause)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// permanent is an error that another attempt would meet again.
type permanent struct{ error }

// connect asks for what out lacks and appends it. It returns how many bytes out has then.
func (s Source) connect(ctx context.Context, out *os.File, o Options) (have int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(idle, cancel)
	defer watch.Stop()
	if have, err = out.Seek(0, io.SeekEnd); err != nil {
		return 0, permanent{err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return 0, permanent{err}
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	answer, err := o.Client.Do(request)
	if err != nil {
		var named *url.Error
		if errors.As(err, &named) { // the address stands in Fetch's error already
			err = named.Err
		}
		var name *net.DNSError
		if errors.As(err, &name) && name.IsNotFound { // no network, or none that knows the world
			err = permanent{err}
		}
		return 0, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK: // a server that knows no ranges begins anew
		if have > 0 {
			if err := out.Truncate(0); err != nil {
				return 0, permanent{err}
			}
			if have, err = out.Seek(0, io.SeekStart); err != nil {
				return 0, permanent{err}
			}
		}
	case http.StatusPartialContent:
		if from, _ := contentRange(answer); from != have {
			return 0, permanent{fmt.Errorf("the server sent bytes from %d on where %d was asked for", from, have)}
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if _, total := contentRange(answer); total == have {
			return have, nil // all of it is here
		}
		return 0, errors.Join(errors.New("the server's file is shorter than what has come of it"), out.Truncate(0))
	default:
		err := fmt.Errorf("the server answered %s", answer.Status)
		if answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests {
			err = permanent{err}
		}
		return 0, err
	}
	total := int64(-1)
	if answer.ContentLength >= 0 {
		total = have + answer.ContentLength
	}
	p := &progress{out: out, watch: watch, done: have, total: total, report: o.Progress}
	_, err = io.Copy(p, answer.Body)
	return p.done, err
}

// contentRange reads "bytes 5-9/10" as 5 and 10, and "bytes */10" as -1 and 10.
func contentRange(answer *http.Response) (from, total int64) {
	text := strings.TrimPrefix(answer.Header.Get("Content-Range"), "bytes ")
	span, size, _ := strings.Cut(text, "/")
	first, _, _ := strings.Cut(span, "-")
	number := func(s string) int64 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
		return -1
	}
	return number(first), number(size)
}

// progress writes to a file and reports how far it is.
type progress struct {
	out         *os.File
	watch       *time.Timer // ends the connection where nothing comes
	done, total int64
	report      func(done, total int64)
}

func (p *progress) Write(b []byte) (int, error) {
	p.watch.Reset(idle)
	n, err := p.out.Write(b)
	p.done += int64(n)
	if p.report != nil {
		p.report(p.done, p.total)
	}
	if err != nil {
		err = permanent{err}
	}
	return n, err
}
