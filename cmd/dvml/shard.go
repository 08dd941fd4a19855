package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/shard"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/vectors"
)

// Jobs that are done in shards, and the endings of their parts.
const (
	prepareJob = "prepare"
	embedJob   = "embed"
)

var partEnding = map[string]string{prepareJob: ".h5", embedJob: ".rows"}

// shardFolder is where the shards of what becomes out lie.
func shardFolder(out string) string { return out + ".shards" }

// shardFlag asks for one shard of the work.
type shardFlag struct {
	Shard string `placeholder:"I/N" help:"Do shard I of N, counted from 0, into the folder OUT.shards; N alone takes I from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX. dvml merge OUT puts them together."`
}

// begin opens shard number of the job p of what becomes out; done is its marker, where it is done already.
func (f shardFlag) begin(out string, p shard.Plan) (j *shard.Job, number int, done *shard.Marker, err error) {
	if number, p.Shards, err = shard.Number(f.Shard, os.Getenv); err != nil {
		return nil, 0, nil, err
	}
	if p.Shards > p.Blocks() {
		return nil, 0, nil, fmt.Errorf("%d shards for %s in batches of %d: each takes at least one batch", p.Shards, plural.Of(p.Inputs, "photograph"), max(p.Block, 1))
	}
	if j, err = shard.Begin(shardFolder(out), p); err != nil {
		return nil, 0, nil, err
	}
	if done, err = j.Done(number, partEnding[p.Job]); err == nil && done != nil {
		printf("shard %d of %d is done already: %s\n", number, p.Shards, inMarker(done))
	}
	return j, number, done, err
}

func inMarker(m *shard.Marker) string {
	text := plural.Of(m.Rows, "photograph")
	if n := len(m.Left); n > 0 {
		text += fmt.Sprintf(", %d left out", n)
	}
	return text
}

// finish marks a shard as done and says so.
func finishShard(j *shard.Job, number int, rows int, left []shard.Left) error {
	if err := j.Finish(number, partEnding[j.Plan.Job], rows, left); err != nil {
		return err
	}
	printf("shard %d of %d is done: %s\n", number, j.Plan.Shards, inMarker(&shard.Marker{Rows: rows, Left: left}))
	return nil
}

// shard prepares one shard of set.
func (c *prepareCmd) shard(ctx context.Context, set *imageset.Set, fit imageset.Fit) error {
	plan := shard.Plan{
		Job: prepareJob, Inputs: len(set.Images),
		List: shard.Digest(len(set.Images), func(i int) string {
			img := set.Images[i]
			return fmt.Sprintf("%s\x00%s\x00%s", img.Path, set.Classes[img.Label], img.Split)
		}),
		Options: map[string]string{"--size": strconv.Itoa(c.Size), "--fit": c.Fit, "--jpeg": strconv.FormatBool(c.JPEG), "--hold-out": c.HoldOut},
		Out:     map[string]string{"dealt": strconv.FormatBool(set.Dealt)},
	}
	j, number, done, err := c.begin(c.Out, plan)
	if err != nil || done != nil {
		return err
	}
	from, to := j.Plan.Range(number)
	some := *set
	some.Images, some.Dealt = set.Images[from:to], false // which classes are held out is known when all shards are done
	screen := newScreen(os.Stdout)
	defer screen.close()
	summary, err := imageset.Prepare(ctx, &some, j.Part(number, partEnding[prepareJob]), imageset.PrepareOptions{Size: c.Size, Fit: fit, Strict: c.Strict,
		JPEG: c.JPEG, Progress: screen.count("read")})
	screen.close()
	if err != nil && (c.Strict || len(summary.Skipped) < to-from) {
		return err
	}
	var left []shard.Left
	for _, s := range summary.Skipped {
		fmt.Fprintf(os.Stderr, "left out: %s: %v\n", s.Path, s.Err)
		left = append(left, shard.Left{Input: s.Path, Why: s.Err.Error()})
	}
	return finishShard(j, number, summary.Written, left)
}

// journalHeader is that of a job's parts.
func journalHeader(p shard.Plan) (vectors.Header, error) {
	dim, err := strconv.Atoi(p.Out["dim"])
	if err != nil || dim < 1 {
		return vectors.Header{}, fmt.Errorf("the plan names %q dimensions", p.Out["dim"])
	}
	return vectors.Header{Dim: dim, Model: p.Model, Options: p.List}, nil
}

// shard embeds one shard of all.
func (c *embedCmd) shard(ctx context.Context, m *dvml.Model, all []photograph, out string) error {
	print, err := m.Fingerprint()
	if err != nil {
		return err
	}
	plan := shard.Plan{
		Job: embedJob, Inputs: len(all), Block: c.Batch, Model: print,
		List:    shard.Digest(len(all), func(i int) string { return all[i].path + "\x00" + all[i].class }),
		Options: map[string]string{"--float16": strconv.FormatBool(c.Half)},
		Out:     map[string]string{"dim": strconv.Itoa(m.Dim())},
	}
	j, number, done, err := c.begin(out, plan)
	if err != nil || done != nil {
		return err
	}
	header, err := journalHeader(j.Plan)
	if err != nil {
		return err
	}
	from, to := j.Plan.Range(number)
	part := j.Part(number, partEnding[embedJob])
	rows, bad, err := c.rows(ctx, m, all[from:to], part+".partial", header)
	if err != nil {
		return err
	}
	n := rows.Len()
	if n == 0 {
		err = rows.Remove()
	} else {
		err = errors.Join(rows.Close(), os.Rename(part+".partial", part), os.Remove(part+".partial.lock"))
	}
	if err != nil {
		return err
	}
	return finishShard(j, number, n, bad.left)
}

type mergeCmd struct {
	Out   string `arg:"" help:"The file that the shards were begun for, by --shard of prepare or embed."`
	Copy  bool   `help:"Of a data file: copy the images into it, so that the shards' folder can go; without it they stay there."`
	Force bool   `help:"Overwrite OUT."`
}

// Run puts shards together.
func (c *mergeCmd) Run(ctx context.Context) error {
	j, err := shard.Open(shardFolder(c.Out))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s was not begun in shards: there is no %s", c.Out, filepath.Join(shardFolder(c.Out), "plan.json"))
	}
	if err != nil {
		return err
	}
	ending, known := partEnding[j.Plan.Job]
	if !known {
		return fmt.Errorf("%s: the shards are of a job %q, which this program does not know", j.Folder, j.Plan.Job)
	}
	if _, err := os.Stat(c.Out); err == nil && !c.Force {
		return fmt.Errorf("%s already exists; use --force to overwrite", c.Out)
	}
	markers, err := j.All(ending)
	if err != nil {
		return err
	}
	screen := newScreen(os.Stderr)
	defer screen.close()
	var parts []string
	rows, left := 0, 0
	progress := screen.count("checked shards")
	for i, m := range markers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := j.Verify(i, ending, m); err != nil {
			return err
		}
		for _, l := range m.Left {
			screen.Say(fmt.Sprintf("left out: %s: %s", l.Input, l.Why))
		}
		if rows, left = rows+m.Rows, left+len(m.Left); m.Rows > 0 {
			parts = append(parts, j.Part(i, ending))
		}
		progress(i+1, len(markers))
	}
	if len(parts) == 0 {
		return errors.New("no photograph could be read in any shard")
	}
	if j.Plan.Job == embedJob {
		err = mergeRows(c.Out, j.Plan, parts, rows)
	} else {
		err = c.data(ctx, j, parts, screen)
	}
	screen.close()
	if err != nil {
		return err
	}
	printf("%s: %s of %s", c.Out, plural.Of(rows, "photograph"), plural.Of(len(markers), "shard"))
	if left > 0 {
		printf("; %s could not be read", plural.Of(left, "photograph"))
	}
	println()
	if j.Plan.Job == prepareJob && !c.Copy {
		printf("The photographs stay in %s, which has to stay beside it.\n", j.Folder)
	}
	return nil
}

// mergeRows writes the embeddings of all shards.
func mergeRows(out string, p shard.Plan, parts []string, rows int) error {
	header, err := journalHeader(p)
	if err != nil {
		return err
	}
	all := &vectors.Journals{Paths: parts, Header: header, Rows: rows}
	seen := make(map[string]bool, rows)
	if err := all.Each(func(_ int, r vectors.Row) error {
		if seen[r.Path] {
			return fmt.Errorf("%s stands in the shards twice", r.Path)
		}
		seen[r.Path] = true
		return nil
	}); err != nil {
		return err
	}
	kind := vectors.Float32
	if p.Options["--float16"] == "true" {
		kind = vectors.Float16
	}
	return vectors.Write(out, all, kind)
}

// data makes the data file of all shards.
func (c *mergeCmd) data(ctx context.Context, j *shard.Job, parts []string, screen *screen) error {
	holdOut, err := imageset.ParseHoldOut(j.Plan.Options["--hold-out"])
	if err != nil {
		return err
	}
	how := ""
	var deal func(classes []string, count []int) []store.Split
	if j.Plan.Out["dealt"] == "true" || holdOut.Chosen() {
		deal = func(classes []string, count []int) (split []store.Split) {
			split, how = holdOut.Deal(classes, count)
			return split
		}
	}
	joined := c.Out
	if c.Copy {
		joined = filepath.Join(j.Folder, "joined.h5")
	}
	if _, err := store.Join(joined, parts, deal); err != nil {
		return err
	}
	if how != "" {
		screen.Say(how)
	}
	if !c.Copy {
		return nil
	}
	r, err := store.Open(joined)
	if err != nil {
		return err
	}
	return errors.Join(store.Copy(ctx, r, c.Out, screen.count("copied")), r.Close(), os.Remove(joined))
}
