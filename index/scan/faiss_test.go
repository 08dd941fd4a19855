//go:build unix

package scan

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/kernel"
)

// TestAgainstFaiss compares results and time with faiss's IndexFlatIP, the two in turn in one run: scripts/bench-against-faiss. DVML_FAISS_SEARCH lists
// cases, ROWSxDIM, or ROWSxDIMxgraph for the graph of neighbours; OMP_NUM_THREADS bounds the threads of both.
func TestAgainstFaiss(t *testing.T) {
	cases := os.Getenv("DVML_FAISS_SEARCH")
	if cases == "" {
		t.Skip("set DVML_PYTHON to a Python with faiss and DVML_FAISS_SEARCH to cases such as 1000000x128")
	}
	interpreter := python.With(t, "faiss", "numpy")
	for _, name := range strings.Fields(cases) {
		t.Run(name, func(t *testing.T) {
			sizes := strings.Split(name, "x")
			n, err1 := strconv.Atoi(sizes[0])
			dim, err2 := strconv.Atoi(sizes[1])
			if err1 != nil || err2 != nil || len(sizes) > 2 && sizes[2] != "graph" {
				t.Fatalf("case %q: expected ROWSxDIM", name)
			}
			const queries = 512
			rng := rand.New(rand.NewPCG(9, 10))
			rows, asked := unit(rng, n, dim), unit(rng, queries, dim)
			m, err := NewMatrix(rows, dim)
			if err != nil {
				t.Fatal(err)
			}
			if len(sizes) > 2 {
				compareGraphs(t, startFaiss(t, interpreter, rows, rows, dim), m)
				return
			}
			f := startFaiss(t, interpreter, rows, asked, dim)
			for _, batch := range []int{1, 32} {
				compareSearches(t, f, m, asked, batch)
			}
		})
	}
}

// faiss is a Python that searches with faiss.
type faiss struct {
	in  io.Writer
	out *bufio.Reader
}

type answer struct {
	Seconds, CPU float64
	IDs          [][]int32
	Scores       [][]float64
}

func startFaiss(t *testing.T, interpreter string, rows, queries []float32, dim int) *faiss {
	dir := t.TempDir()
	names := [2]string{filepath.Join(dir, "rows"), filepath.Join(dir, "queries")}
	for i, x := range [][]float32{rows, queries} {
		if err := os.WriteFile(names[i], unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(interpreter, "testdata/time_faiss.py", names[0], names[1], strconv.Itoa(dim), strconv.Itoa(len(rows)/dim))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() }) //nolint:errcheck // it has answered all
	f := &faiss{in, bufio.NewReaderSize(out, 1<<20)}
	line, err := f.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Log(strings.TrimSpace(line))
	return f
}

func (f *faiss) ask(t *testing.T, format string, args ...any) answer {
	fmt.Fprintf(f.in, format+"\n", args...)
	line, err := f.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// same fails where a row that faiss found is another than ours by more than the rounding of its float32 sums.
func same(t *testing.T, hits []Hit, ids []int32, scores []float64) {
	t.Helper()
	for i, h := range hits {
		if h.Row != ids[i] && math.Abs(float64(h.Score)-scores[i]) > 1e-6 || math.Abs(float64(h.Score)-scores[i]) > 1e-5 {
			t.Errorf("hit %d: row %d with %v, faiss: row %d with %v", i, h.Row, h.Score, ids[i], scores[i])
		}
	}
}

func compareSearches(t *testing.T, f *faiss, m *Matrix, queries []float32, batch int) {
	const k, rounds = 10, 24
	var ours, theirs, ourCPU, theirCPU []float64
	pool := poolAsFaiss()
	total := len(queries) / m.dim
	for round := range rounds {
		first := round * batch % (total - batch + 1)
		began, cpu := time.Now(), cpuTime()
		hits, err := Search(m, queries[first*m.dim:][:batch*m.dim], Options{K: k, Pool: pool})
		took, used := time.Since(began).Seconds(), cpuTime()-cpu
		if err != nil {
			t.Fatal(err)
		}
		a := f.ask(t, "search %d %d %d", first, batch, k)
		for q := range hits {
			same(t, hits[q], a.IDs[q], a.Scores[q])
		}
		if round > 3 { // the first ones bring memory near
			ours, theirs = append(ours, took), append(theirs, a.Seconds)
			ourCPU, theirCPU = append(ourCPU, used), append(theirCPU, a.CPU)
		}
	}
	for _, x := range [][]float64{ours, theirs, ourCPU, theirCPU} {
		slices.Sort(x)
	}
	at := func(x []float64, share float64) float64 { return x[min(int(share*float64(len(x))), len(x)-1)] * 1e3 }
	t.Logf("%d at once: faiss takes %.2f times as long (medians %.2f and %.2f ms; fastest %.2f and %.2f), %.2f times the processor time (medians); p99 of ours over its "+
		"p50 %.2f, of faiss's %.2f", batch, at(theirs, .5)/at(ours, .5), at(theirs, .5), at(ours, .5), at(theirs, 0), at(ours, 0), at(theirCPU, .5)/at(ourCPU, .5),
		at(ours, .99)/at(ours, .5), at(theirs, .99)/at(theirs, .5))
}

// poolAsFaiss has as many workers as faiss.
func poolAsFaiss() *kernel.Pool {
	if n, err := strconv.Atoi(os.Getenv("OMP_NUM_THREADS")); err == nil {
		return kernel.NewPool(n)
	}
	return kernel.Default()
}

// compareGraphs compares the graph of 30 neighbours with faiss's search for all rows.
func compareGraphs(t *testing.T, f *faiss, m *Matrix) {
	const k = 30
	began, cpu := time.Now(), cpuTime()
	hits, err := Graph(context.Background(), m, k, poolAsFaiss(), nil)
	if err != nil {
		t.Fatal(err)
	}
	took, used := time.Since(began).Seconds(), cpuTime()-cpu
	a := f.ask(t, "search 0 %d %d", m.Len(), k+1)
	for i := range m.Len() {
		at := slices.Index(a.IDs[i], int32(i)) // the row itself, which we leave out
		if at < 0 {
			t.Fatalf("faiss does not find row %d near itself", i)
		}
		same(t, hits[i*k:][:k], slices.Delete(a.IDs[i], at, at+1), slices.Delete(a.Scores[i], at, at+1))
	}
	t.Logf("graph: faiss takes %.2f times as long (%.1f and %.1f s), %.2f times the processor time", a.Seconds/took, a.Seconds, took, a.CPU/used)
}

// cpuTime is the processor time of this process in seconds: on a machine that others use too it tells more than the clock.
func cpuTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}
