// Command loadserve puts load on a running `dvml serve` and prints statuses, rates, quantiles and the server's memory:
//
//	go run ./scripts/loadserve -clients 64 -for 1m -rate 1000 photograph.jpg
//	go run ./scripts/loadserve -clients 16 -for 1h -requests 1000000 -light
//
// With a photograph every request is to embed it. With -light they are in turn a search by a photograph
// of the index, a thumbnail, a page of the list and a look at the health, and nothing is embedded.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	address := flag.String("url", "http://127.0.0.1:7654", "where the server is")
	clients := flag.Int("clients", 64, "how many ask at a time, each again as soon as it has its answer")
	length := flag.Duration("for", time.Minute, "how long")
	requests := flag.Int("requests", 0, "end after so many requests; 0: by time alone")
	rate := flag.Float64("rate", 0, "requests a second of all clients together; 0: as fast as they are answered")
	light := flag.Bool("light", false, "ask what needs no model instead of having a photograph embedded")
	flag.Parse()
	if *light != (flag.NArg() == 0) || flag.NArg() > 1 {
		flag.Usage()
		os.Exit(2)
	}
	l := load{address: *address, clients: *clients, requests: *requests, rate: *rate, length: *length,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *clients}, Timeout: time.Minute}}
	if err := l.run(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "loadserve:", err)
		os.Exit(1)
	}
}

// load is what is put on a server.
type load struct {
	address  string
	clients  int
	requests int     // 0: until length is over
	rate     float64 // 0: no bound
	length   time.Duration
	client   *http.Client
	ask      func(n int) (*http.Response, error) // the n-th request
}

// result is what came of one request.
type result struct {
	status int
	took   time.Duration
}

func (l *load) run(photograph string) error {
	if err := l.choose(photograph); err != nil {
		return err
	}
	var alone []time.Duration // how long one takes when nothing else is asked
	for n := range 16 {
		r, err := l.one(n)
		if err != nil {
			return err
		}
		if r.status != http.StatusOK {
			return fmt.Errorf("a single request is answered with %d", r.status)
		}
		alone = append(alone, r.took)
	}
	fmt.Printf("one at a time: p50 %v, p90 %v\n", quantile(alone, .5), quantile(alone, .9))
	before, err := l.memory()
	if err != nil {
		return err
	}
	var mu sync.Mutex
	took := map[int][]time.Duration{}
	failed := map[string]int{}
	asked := 0
	settled, tenth := before, 0 // memory once a tenth of the requests are done
	began := time.Now()
	var wg sync.WaitGroup
	for range l.clients {
		wg.Go(func() {
			for time.Since(began) < l.length {
				mu.Lock()
				n := asked
				asked++
				mu.Unlock()
				if l.requests > 0 && n >= l.requests {
					return
				}
				if l.requests > 0 && n == l.requests/10 {
					if now, err := l.memory(); err == nil {
						mu.Lock()
						settled, tenth = now, n
						mu.Unlock()
					}
				}
				if l.rate > 0 {
					time.Sleep(time.Until(began.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))))
				}
				r, err := l.one(n)
				mu.Lock()
				if err != nil {
					failed[err.Error()]++
				} else {
					took[r.status] = append(took[r.status], r.took)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	seconds := time.Since(began).Seconds()
	for status, all := range took {
		fmt.Printf("%d: %d, %.1f a second, p50 %v, p99 %v, most %v\n", status, len(all), float64(len(all))/seconds, quantile(all, .5), quantile(all, .99), quantile(all, 1))
	}
	for text, n := range failed {
		fmt.Printf("failed: %d, %s\n", n, text)
	}
	after, err := l.memory()
	if err != nil {
		return err
	}
	fmt.Printf("memory of the server: %.1f MiB before, %.1f MiB after", before/(1<<20), after/(1<<20))
	if tenth > 0 {
		fmt.Printf("; from request %d on %+.2f %%", tenth, 100*(after/settled-1))
	}
	fmt.Println()
	return nil
}

// choose says what is asked: a photograph is to be embedded, or, without one, what needs no model.
func (l *load) choose(photograph string) error {
	if photograph != "" {
		data, err := os.ReadFile(photograph)
		l.ask = func(int) (*http.Response, error) {
			return l.client.Post(l.address+"/v1/embed", "image/jpeg", bytes.NewReader(data))
		}
		return err
	}
	r, err := l.client.Get(l.address + "/v1/items/ids")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if len(raw) < 4 || len(raw)%4 != 0 || r.StatusCode != http.StatusOK {
		return fmt.Errorf("/v1/items/ids: %s with %d bytes", r.Status, len(raw))
	}
	l.ask = func(n int) (*http.Response, error) {
		id := binary.LittleEndian.Uint32(raw[n*2654435761%(len(raw)/4)*4:])
		switch n % 4 {
		case 0:
			return l.client.Post(l.address+"/v1/search", "application/json", strings.NewReader(fmt.Sprintf(`{"like":[%d],"k":10}`, id)))
		case 1:
			return l.client.Get(fmt.Sprintf("%s/v1/thumb/%d", l.address, id))
		case 2:
			return l.client.Get(fmt.Sprintf("%s/v1/items?limit=5&offset=%d", l.address, n*40503%(len(raw)/4)))
		}
		return l.client.Get(l.address + "/healthz/ready")
	}
	return nil
}

func (l *load) one(n int) (result, error) {
	began := time.Now()
	r, err := l.ask(n)
	if err != nil {
		return result{}, err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return result{r.StatusCode, time.Since(began)}, err
}

func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))].Round(100 * time.Microsecond)
}

// memory is what the server's process takes, in bytes.
func (l *load) memory() (float64, error) {
	r, err := l.client.Get(l.address + "/metrics")
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "process_resident_memory_bytes "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("/metrics does not tell the server's memory")
}
