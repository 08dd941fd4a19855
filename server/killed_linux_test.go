package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dvml/dvml/index"
)

// childIndex, in the environment, makes the test binary a server of that index; childFull lets it
// write no file beyond a length.
const (
	childIndex = "DVML_TEST_SERVE"
	childFull  = "DVML_TEST_FULL"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(childIndex); folder != "" {
		child(folder)
		return
	}
	os.Exit(m.Run())
}

// child serves until it is killed.
func child(folder string) {
	m := &colours{}
	s := New(Options{Index: folder, Checkpoint: "model", Loopback: true, Token: testToken, Open: func(string) (Model, error) { return m, nil }})
	s.Start(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if os.Getenv(childFull) != "" { // what is open stays so; a write beyond 1 KiB of a file fails, as on a disk that is full
		if x, err := s.library.acquire(); err != nil {
			panic(err)
		} else if _, err := x.snapshot(context.Background()); err != nil {
			panic(err)
		}
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1024, Max: 1024}); err != nil {
			panic(err)
		}
	}
	fmt.Println("http://" + l.Addr().String())
	s.HTTP().Serve(l) //nolint:errcheck // it is killed
}

// started starts a child and returns where it is, and how to kill it.
func started(t *testing.T, folder string, env ...string) (address string, kill func()) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	c := exec.Command(self)
	c.Env = append(append(os.Environ(), childIndex+"="+folder), env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	kill = func() { c.Process.Kill(); c.Wait() } //nolint:errcheck // it ends by the kill
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	return strings.TrimSpace(line), kill
}

func decideAt(address, hash, value string) (int, error) {
	body, err := json.Marshal(decisionQuery{Kind: "label", A: hash, Value: value})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequest("POST", address+"/v1/decisions", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+testToken)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	got.Body.Close()
	return got.StatusCode, nil
}

func hashesOf(t *testing.T, folder string) (all []string) {
	t.Helper()
	x, err := index.Open(folder)
	must(t, err)
	defer x.Close()
	for item, err := range x.Items(context.Background()) {
		must(t, err)
		all = append(all, item.Hash.String())
	}
	return all
}

// A server that is killed while it writes leaves an index that is whole and has every decision that was acknowledged.
func TestKilledWhileWriting(t *testing.T) {
	folder, _ := indexed(t, &colours{}, 10)
	hashes := hashesOf(t, folder)
	kept := map[string]string{}
	for round := range 3 {
		address, kill := started(t, folder)
		time.AfterFunc(time.Duration(60+40*round)*time.Millisecond, kill)
		for i := 0; ; i++ {
			hash, value := hashes[i%len(hashes)], fmt.Sprintf("class%d-%d", round, i)
			status, err := decideAt(address, hash, value)
			if err != nil {
				delete(kept, hash) // it was not acknowledged: either is right
				break
			}
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			kept[hash] = value
		}
		if bad, err := index.Check(folder); err != nil || len(bad) > 0 {
			t.Fatalf("round %d: %v %v", round, bad, err)
		}
	}
	x, err := index.Open(folder)
	must(t, err)
	defer x.Close()
	all, err := x.Decisions(context.Background(), "label")
	must(t, err)
	found := map[string]string{}
	for _, d := range all {
		found[d.A.String()] = d.Value
	}
	for hash, value := range kept {
		if found[hash] != value {
			t.Errorf("%.8s: %q, acknowledged was %q", hash, found[hash], value)
		}
	}
	if len(kept) == 0 {
		t.Error("nothing was acknowledged before the kill")
	}
}

// A full disk costs the decision, which is said, and nothing else.
func TestDiskFull(t *testing.T) {
	folder, _ := indexed(t, &colours{}, 10)
	hashes := hashesOf(t, folder)
	address, kill := started(t, folder, childFull+"=1")
	if status, err := decideAt(address, hashes[0], "x"); err != nil || status != http.StatusInternalServerError {
		t.Errorf("status %d, %v", status, err)
	}
	got, err := http.Get(address + "/v1/items")
	must(t, err)
	got.Body.Close()
	if got.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %d", got.StatusCode)
	}
	kill()
	if bad, err := index.Check(folder); err != nil || len(bad) > 0 {
		t.Errorf("%v %v", bad, err)
	}
	address, _ = started(t, folder)
	if status, err := decideAt(address, hashes[0], "x"); err != nil || status != http.StatusOK {
		t.Errorf("with room again: %d, %v", status, err)
	}
}
