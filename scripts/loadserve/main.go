// Command loadserve puts load on a running `dvml serve` and prints statuses, rates, quantiles and the server's memory:
//
//	go run ./scripts/loadserve -clients 64 -for 1m photograph.jpg
package main

import (
	"bufio"
	"bytes"
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
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*address, flag.Arg(0), *clients, *requests, *length); err != nil {
		fmt.Fprintln(os.Stderr, "loadserve:", err)
		os.Exit(1)
	}
}

// result is what came of one request.
type result struct {
	status int
	took   time.Duration
}

func run(address, photograph string, clients, requests int, length time.Duration) error {
	data, err := os.ReadFile(photograph)
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	var alone []time.Duration // how long one takes when nothing else is asked
	for range 10 {
		r, err := ask(client, address, data)
		if err != nil {
			return err
		}
		if r.status != http.StatusOK {
			return fmt.Errorf("a single photograph is answered with %d", r.status)
		}
		alone = append(alone, r.took)
	}
	fmt.Printf("one at a time: %v\n", quantile(alone, .5))
	before, err := memory(client, address)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	took := map[int][]time.Duration{}
	failed := map[string]int{}
	left := requests
	began := time.Now()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for time.Since(began) < length {
				mu.Lock()
				left--
				over := requests > 0 && left < 0
				mu.Unlock()
				if over {
					return
				}
				r, err := ask(client, address, data)
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
	after, err := memory(client, address)
	if err != nil {
		return err
	}
	fmt.Printf("memory of the server: %.0f MiB before, %.0f MiB after\n", before/(1<<20), after/(1<<20))
	return nil
}

func ask(client *http.Client, address string, photograph []byte) (result, error) {
	began := time.Now()
	r, err := client.Post(address+"/v1/embed", "image/jpeg", bytes.NewReader(photograph))
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
func memory(client *http.Client, address string) (float64, error) {
	r, err := client.Get(address + "/metrics")
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
