//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/run"
)

// process is a command that runs dvml in a process of its own.
func process(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "DVML_TEST_MAIN=1")
	return c
}

// A training that is told to end saves its state and says by its status which signal it was.
func TestSignals(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := drawn.Draw(in("pictures"), drawn.Options{Classes: 8, PerClass: 4, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if status, _, messages := printed(t, "prepare", in("pictures"), in("x.h5"), "--size", "40"); status != 0 {
		t.Fatal(messages)
	}
	for s, want := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		if signal.Ignored(s) { // as under nohup: the program leaves it so
			t.Logf("%v is ignored here and was not tried", s)
			continue
		}
		folder := in("run-" + s.String())
		c := process("train", "--data", in("x.h5"), "-o", folder, "--preset", "laptop", "--set", "backbone.width=0.125", "--set", "image.crop=32",
			"--set", "batch={sampler: pxk, classes: 3, per_class: 2}", "--set", "evaluate.first=false", "--set", "evaluate.k=[1]", "--set",
			"phases=[{steps: 100000, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]")
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 0, 4096)
		for buffer := make([]byte, 1024); !strings.Contains(string(text), "step 1/"); {
			n, err := out.Read(buffer)
			text = append(text, buffer[:n]...)
			if err != nil {
				t.Fatalf("it ended before its first step: %s", text)
			}
		}
		if err := c.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != want {
			t.Errorf("%v: %v, expected status %d", s, err, want)
		}
		if states, err := run.Folder(folder).Checkpoints(); err != nil || len(states) == 0 || !strings.Contains(string(rest), "the state is saved") {
			t.Errorf("%v: states %v (%v); it says %s", s, states, err, rest)
		}
	}
}

// A reader that is gone ends the program as it ends others: by SIGPIPE, without a word.
func TestClosedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := process("presets", "report-1")
	c.Stdout = w
	var messages strings.Builder
	c.Stderr = &messages
	r.Close()
	err = c.Run()
	w.Close()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGPIPE || messages.String() != "" {
		t.Errorf("%v, %q", err, messages.String())
	}
}

func TestAddressLimit(t *testing.T) {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		if err := checkLimit(command, 1<<64-1); err != nil {
			t.Error(err)
		}
		trains := command.Name == "train"
		if err := checkLimit(command, 2_048_000_000); trains && (err == nil || !strings.Contains(err.Error(), "limited to 2.05 GB")) || command.Name == "info" && err != nil {
			t.Errorf("%s under 2 GB: %v", command.Name, err)
		}
	}
}
