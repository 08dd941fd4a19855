//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/store"
)

// killed runs dvml in a process of its own and kills it at its first word.
func killed(t *testing.T, args ...string) {
	t.Helper()
	c := process(args...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	out.Read(make([]byte, 1)) //nolint:errcheck // its end is a moment as good as any
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Wait() //nolint:errcheck // it was killed
}

// Shards, of which one is killed, one is done twice and one takes its number from the scheduler, give what one process gives.
func TestShards(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := drawn.Draw(in("pictures"), drawn.Options{Classes: 8, PerClass: 4, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	broken, err := filepath.Glob(in("pictures/*/*"))
	if err != nil || len(broken) == 0 {
		t.Fatal(broken, err)
	}
	if err := os.WriteFile(broken[0], []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	good := func(says string, args ...string) {
		t.Helper()
		if status, out, messages := printed(t, args...); status != 0 || !strings.Contains(out+messages, says) {
			t.Fatalf("dvml %v: status %d, %s%s, want %q", args, status, out, messages, says)
		}
	}
	bad := func(says string, args ...string) {
		t.Helper()
		if status, _, messages := printed(t, args...); status == 0 || !strings.Contains(messages, says) {
			t.Errorf("dvml %v: status %d, %q does not say %q", args, status, messages, says)
		}
	}
	same := func(a, b string) {
		t.Helper()
		x, err := os.ReadFile(in(a))
		if err != nil {
			t.Fatal(err)
		}
		if y, err := os.ReadFile(in(b)); err != nil || !bytes.Equal(x, y) {
			t.Errorf("%s and %s differ (%v)", a, b, err)
		}
	}
	cut := func(out string, command ...string) { // command without the output and the number
		t.Helper()
		shard := func(number string) []string { return append(command, in(out), "--shard", number) }
		good("shard 0 of 3 is done", shard("0/3")...)
		t.Setenv("SLURM_ARRAY_TASK_ID", "2")
		good("shard 2 of 3 is done: ", shard("3")...)
		killed(t, shard("1/3")...)
		good("is done already", shard("0/3")...)
		bad("the number of shards is 4, and was 3", shard("1/4")...)
		bad("counted from 0 to 2", shard("3/3")...)
		good("shard 1 of 3 is done", shard("1/3")...)
		good("", "merge", in(out), "--force")
		bad("already exists", "merge", in(out))
	}
	bad("was not begun in shards", "merge", in("x.h5"))
	good("", "prepare", in("pictures"), in("x.h5"), "--size", "40")
	good("", "train", "--data", in("x.h5"), "-o", in("run"), "--preset", "laptop", "--set", "backbone.width=0.125", "--set", "image.crop=40",
		"--set", "batch={sampler: pxk, classes: 3, per_class: 2}", "--set", "evaluate.k=[1]",
		"--set", "phases=[{steps: 1, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]")
	for _, jpeg := range []string{"--no-jpeg", "--jpeg"} {
		whole, out := "whole"+jpeg+".h5", "cut"+jpeg+".h5"
		command := []string{"prepare", in("pictures"), in(whole), "--size", "40"}
		if jpeg == "--jpeg" {
			command = append(command, jpeg)
		}
		good("", command...)
		cut(out, append([]string{"prepare", in("pictures"), "--size", "40"}, command[5:]...)...)
		a, err := store.Open(in(whole))
		if err != nil {
			t.Fatal(err)
		}
		b, err := store.Open(in(out))
		if err != nil {
			t.Fatal(err)
		}
		if a.Fingerprint() != b.Fingerprint() || a.N() != 31 {
			t.Errorf("%d images in shards are not the %d of one process", b.N(), a.N())
		}
		a.Close()
		b.Close()
		good("", "eval", in("run"), "--data", in(out))
		good("1 photograph could not be read", "merge", in(out), "--copy", "--force")
		same(whole, out)
	}
	good("", "embed", "--batch", "5", in("run"), in("pictures"), in("whole.npy"))
	cut("cut.npy", "embed", "--batch", "5", in("run"), in("pictures"))
	same("whole.npy", "cut.npy")
	same("whole.labels.csv", "cut.labels.csv")
	part := in("cut.npy.shards/part-00001.rows")
	data, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(part, data, 0o644); err != nil {
		t.Fatal(err)
	}
	bad("is not the part that its shard wrote", "merge", in("cut.npy"), "--force")
}
