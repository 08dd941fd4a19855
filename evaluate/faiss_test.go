package evaluate

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	peer "github.com/dvml/dvml/internal/python"
)

// likeProducts makes n unit rows in classes of 1 to 10, their factors of falling strength, as embeddings of Stanford Online Products have them.
func likeProducts(n, dim, classes int) ([]float32, []int32) {
	rng := rand.New(rand.NewPCG(7, 8))
	strength := make([]float64, dim)
	for d := range strength {
		strength[d] = 1 / math.Sqrt(1+float64(d)/16)
	}
	centres := make([]float64, classes*dim)
	for i := range centres {
		centres[i] = rng.NormFloat64() * strength[i%dim]
	}
	x, labels := make([]float32, n*dim), make([]int32, n)
	for i := range n {
		label := i % classes
		if i >= classes { // uneven classes
			label = int(math.Sqrt(rng.Float64()) * float64(classes))
		}
		labels[i] = int32(label)
		for d := range dim {
			x[i*dim+d] = float32(centres[label*dim+d] + 2*rng.NormFloat64()*strength[d])
		}
		normaliseRow(x[i*dim:(i+1)*dim], x[i*dim:(i+1)*dim])
	}
	return x, labels
}

// TestAgainstFaiss compares time and outcome with faiss: DVML_PYTHON names a Python with faiss, DVML_FAISS the number of rows (60502, the test
// half of Stanford Online Products, for the full comparison: a few minutes).
func TestAgainstFaiss(t *testing.T) {
	rows := os.Getenv("DVML_FAISS")
	if rows == "" {
		t.Skip("set DVML_PYTHON to a Python with faiss and DVML_FAISS to a number of rows")
	}
	python := peer.With(t, "faiss", "numpy")
	n, err := strconv.Atoi(rows)
	if err != nil {
		t.Fatal(err)
	}
	const dim, k = 512, 32
	classes := n * 11316 / 60502
	x, labels := likeProducts(n, dim, classes)
	dir := t.TempDir()
	raw := make([]byte, 0, 4*len(x))
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.f32"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	raw = nil
	script := exec.Command(python, "testdata/time_faiss.py", dir, rows, strconv.Itoa(dim), strconv.Itoa(classes), strconv.Itoa(k))
	script.Stderr = os.Stderr
	out, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	var faiss map[string]any
	if err := json.Unmarshal(out, &faiss); err != nil {
		t.Fatal(err)
	}
	t.Logf("faiss: %s", out)

	runtime.GC()
	begin, cpu := time.Now(), cpuTime()
	stage := map[string]time.Duration{}
	r, err := Evaluate(x, dim, labels, Options{Seed: 1, Progress: func(s string, done, total int) { stage[s] = time.Since(begin) }})
	if err != nil {
		t.Fatal(err)
	}
	wall := time.Since(begin).Seconds()
	t.Logf("dvml: %.1f s (retrieval until %.1f s), %.1f s of processor time; %+v", wall, stage[StageRetrieval].Seconds(), cpuTime()-cpu, r)
	theirs := faiss["search"].(float64) + faiss["clusters"].(float64)
	theirCPU := faiss["search_cpu"].(float64) + faiss["clusters_cpu"].(float64)
	t.Logf("ratio dvml / faiss: %.3f of time, %.3f of processor time", wall/theirs, (cpuTime()-cpu)/theirCPU)

	assignment := make([]int32, n)
	for i, v := range integers(t, filepath.Join(dir, "assignment.i64")) {
		assignment[i] = int32(v)
	}
	nmi, err := NMI(labels, assignment)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := PairF1(labels, assignment)
	if err != nil {
		t.Fatal(err)
	}
	hits, queries := 0, 0
	neighbours := integers(t, filepath.Join(dir, "neighbours.i64"))
	size := map[int32]int{}
	for _, l := range labels {
		size[l]++
	}
	for i := range n {
		if size[labels[i]] == 1 {
			continue
		}
		queries++
		for _, j := range neighbours[i*(k+1) : (i+1)*(k+1)] {
			if int(j) != i {
				if labels[j] == labels[i] {
					hits++
				}
				break
			}
		}
	}
	t.Logf("faiss: NMI %.4f, F1 %.4f, Recall@1 %.4f", nmi, pair.F1, float64(hits)/float64(queries))
	if recall := float64(hits) / float64(queries); math.Abs(recall-r.Recall[0]) > 1e-4 {
		t.Errorf("Recall@1 %v, by faiss's neighbours %v", r.Recall[0], recall)
	}
}

func integers(t *testing.T, path string) []int64 {
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int64, len(raw)/8)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return out
}
