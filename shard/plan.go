package shard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/dvml/dvml/internal/atomicfile"
)

// format is the version of plans and markers.
const format = 1

// Plan says what a job is.
type Plan struct {
	Format  int               `json:"dvml_shards"`       // of plan and markers; 0 in a call means this program's
	Job     string            `json:"job"`               // what is done: prepare, embed
	Shards  int               `json:"shards"`            // how many
	Inputs  int               `json:"inputs"`            // how many
	Block   int               `json:"block,omitempty"`   // inputs that stay together, counted from the first: those of a batch; 0: each stands alone
	List    string            `json:"list"`              // digest of the list of inputs, see Digest
	Model   string            `json:"model,omitempty"`   // fingerprint of the model
	Options map[string]string `json:"options,omitempty"` // whatever else the result depends on
	Out     map[string]string `json:"out,omitempty"`     // what merging needs to know
}

// Digest is the digest of a list of n inputs, whose lines are what they are told apart by.
func Digest(n int, line func(i int) string) string {
	h := sha256.New()
	for i := range n {
		text := line(i)
		fmt.Fprintf(h, "%d:%s\n", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Range is the inputs of shard i: from to to-1.
func (p Plan) Range(i int) (from, to int) {
	at := func(i int) int { return min(i*p.Blocks()/p.Shards*max(p.Block, 1), p.Inputs) }
	return at(i), at(i + 1)
}

// Blocks is how many blocks the inputs are: shards are made of whole ones.
func (p Plan) Blocks() int {
	block := max(p.Block, 1)
	return p.Inputs/block + min(p.Inputs%block, 1)
}

func (p Plan) check() error {
	switch {
	case p.Format != format:
		return fmt.Errorf("its format is %d, this program reads %d", p.Format, format)
	case p.Job == "":
		return errors.New("it names no job")
	case p.Inputs < 1 || p.Block < 0 || p.Shards < 1 || p.Shards > p.Blocks():
		return fmt.Errorf("%d shards of %d inputs in blocks of %d: each shard takes at least one block", p.Shards, p.Inputs, max(p.Block, 1))
	}
	return nil
}

// differs names the first thing in which the job that was begun, was, is not p.
func (p Plan) differs(was Plan) error {
	for _, d := range []struct{ name, was, now string }{
		{"job", was.Job, p.Job},
		{"number of shards", fmt.Sprint(was.Shards), fmt.Sprint(p.Shards)},
		{"number of inputs", fmt.Sprint(was.Inputs), fmt.Sprint(p.Inputs)},
		{"size of a block", fmt.Sprint(was.Block), fmt.Sprint(p.Block)},
		{"list of inputs", was.List, p.List},
		{"model", was.Model, p.Model},
	} {
		if d.was != d.now {
			return fmt.Errorf("the %s is %s, and was %s when the job was begun", d.name, short(d.now), short(d.was))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(join(was.Options, p.Options))) {
		if a, b := was.Options[name], p.Options[name]; a != b {
			return fmt.Errorf("%s is %q, and was %q when the job was begun", name, b, a)
		}
	}
	if !maps.Equal(was.Out, p.Out) {
		return fmt.Errorf("what is known of the output is %v, and was %v when the job was begun", p.Out, was.Out)
	}
	return nil
}

func join(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return all
}

// short cuts a digest.
func short(text string) string {
	const most = 12
	if len(text) > 2*most {
		return text[:most] + "..."
	}
	return text
}

// Marker says that a shard is done.
type Marker struct {
	Plan   string `json:"plan"`  // digest of the plan
	Shard  int    `json:"shard"` // from 0
	From   int    `json:"from"`  // its first input
	To     int    `json:"to"`    // behind its last
	Rows   int    `json:"rows"`  // inputs in the part
	Left   []Left `json:"left,omitempty"`
	Size   int64  `json:"size"` // of the part; 0 where there is none, since no input of it could be read
	Digest string `json:"sha256,omitempty"`
}

// Left is an input that could not be read.
type Left struct {
	Input string `json:"input"`
	Why   string `json:"why"`
}

// Job is a job's folder.
type Job struct {
	Folder string
	Plan   Plan
	digest string // of the plan
}

func planFile(folder string) string { return filepath.Join(folder, "plan.json") }

// Begin opens the job in folder, or begins it there where the folder has no plan. It fails where the plan is another's.
func Begin(folder string, p Plan) (*Job, error) {
	p.Format = format
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return nil, err
	}
	// Of shards that begin at once one makes the plan, and the others find it.
	if err := writeNew(planFile(folder), append(text, '\n')); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	j, err := Open(folder)
	if err != nil {
		return nil, err
	}
	if err := p.differs(j.Plan); err != nil {
		return nil, fmt.Errorf("%s is the plan of another job: %w; name another output, or remove the folder to begin again", planFile(folder), err)
	}
	return j, nil
}

// Open opens the job in folder.
func Open(folder string) (*Job, error) {
	text, err := os.ReadFile(planFile(folder))
	if err != nil {
		return nil, err
	}
	p, err := parsePlan(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", planFile(folder), err)
	}
	canonical, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(canonical)
	return &Job{Folder: folder, Plan: p, digest: hex.EncodeToString(sum[:])}, nil
}

func parsePlan(text []byte) (p Plan, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("it is not a plan of shards: %w", err)
	}
	return p, p.check()
}

// writeNew writes a file that must not exist, whole or not at all.
func writeNew(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".plan.*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if _, there := os.Stat(path); err != nil && !errors.Is(err, fs.ErrExist) && errors.Is(there, fs.ErrNotExist) {
		// A file system without links: the plan of whoever is last stands, and Begin compares it.
		return os.Rename(f.Name(), path)
	}
	return err
}

// Part is the path of the part of shard i.
func (j *Job) Part(i int, ending string) string {
	return filepath.Join(j.Folder, fmt.Sprintf("part-%05d%s", i, ending))
}

// Done returns the marker of shard i; nil where it is not done. A marker of another plan, or without its part, is an error.
func (j *Job) Done(i int, ending string) (*Marker, error) {
	path := j.Part(i, ".json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := parseMarker(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove it, and run the shard again", path, err)
	}
	from, to := j.Plan.Range(i)
	switch {
	case m.Plan != j.digest:
		return nil, fmt.Errorf("%s belongs to another plan (%s, not %s): remove it, and run the shard again", path, short(m.Plan), short(j.digest))
	case m.Shard != i || m.From != from || m.To != to:
		return nil, fmt.Errorf("%s is of shard %d with inputs %d to %d; shard %d has %d to %d: remove it, and run the shard again", path, m.Shard, m.From, m.To-1, i, from, to-1)
	case m.Rows+len(m.Left) != to-from:
		return nil, fmt.Errorf("%s has %d rows and %d inputs left out, of %d: remove it, and run the shard again", path, m.Rows, len(m.Left), to-from)
	case m.Rows == 0:
		return m, nil
	}
	part := j.Part(i, ending)
	info, err := os.Stat(part)
	if err != nil {
		return nil, fmt.Errorf("shard %d is marked as done, but its part is missing: %w; remove %s, and run the shard again", i, err, path)
	}
	if info.Size() != m.Size {
		return nil, fmt.Errorf("%s has %d bytes, and had %d when the shard was done: remove %s, and run the shard again", part, info.Size(), m.Size, path)
	}
	return m, nil
}

func parseMarker(text []byte) (*Marker, error) {
	m := &Marker{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("it is not a marker: %w", err)
	}
	if m.Rows < 0 || m.Size < 0 {
		return nil, errors.New("it is not a marker: a number is negative")
	}
	return m, nil
}

// Finish marks shard i as done: its part, of rows inputs, stands under its name; left are the inputs that are not in it.
func (j *Job) Finish(i int, ending string, rows int, left []Left) error {
	m := Marker{Plan: j.digest, Shard: i, Rows: rows, Left: left}
	m.From, m.To = j.Plan.Range(i)
	if rows > 0 {
		var err error
		if m.Digest, m.Size, err = fileDigest(j.Part(i, ending)); err != nil {
			return err
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(j.Part(i, ".json"), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

func fileDigest(path string) (digest string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// All returns the markers of all shards, in their order. It fails where one is missing or is not of this plan, and names all that are missing.
func (j *Job) All(ending string) ([]*Marker, error) {
	all := make([]*Marker, j.Plan.Shards)
	var missing []int
	for i := range all {
		m, err := j.Done(i, ending)
		if err != nil {
			return nil, err
		}
		if m == nil {
			missing = append(missing, i)
		}
		all[i] = m
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: %d of %d shards are not done: %s; run them, and merge then", j.Folder, len(missing), len(all), ranges(missing))
	}
	return all, nil
}

// ranges writes ascending numbers in the way that a job array takes them: 3,7-9.
func ranges(numbers []int) string {
	var text []byte
	for i := 0; i < len(numbers); {
		k := i
		for k+1 < len(numbers) && numbers[k+1] == numbers[k]+1 {
			k++
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%d", numbers[i])
		if k > i {
			text = fmt.Appendf(text, "-%d", numbers[k])
		}
		i = k + 1
	}
	return string(text)
}

// Verify reads the part of shard i and compares it with its marker.
func (j *Job) Verify(i int, ending string, m *Marker) error {
	if m.Rows == 0 {
		return nil
	}
	digest, _, err := fileDigest(j.Part(i, ending))
	if err != nil {
		return err
	}
	if digest != m.Digest {
		return fmt.Errorf("%s is not the part that its shard wrote (its SHA-256 is %s, not %s): remove %s, and run shard %d again", j.Part(i, ending), short(digest), short(m.Digest), j.Part(i, ".json"), i)
	}
	return nil
}
